import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The program that measures, on a server it starts itself: that it does what it is asked, not how fast.
@Suite struct ThroughputTests {
    private struct Report: Decodable {
        let op: String
        let mode: String
        let clients: Int
        let pipeline: Int
        let requests: Int
        let rps: Double
        let p50_us: Double
    }

    private static func run(_ words: String) throws -> (output: String, status: Int32) {
        let binary = Repository.binaries.appendingPathComponent("BulkheadThroughputBenchmark").path
        return try Child.run(binary, words.split(separator: " ").map(String.init))
    }

    @Test(arguments: [
        "--op get --mode async --clients 20 --pipeline 1 --requests 200",
        "--op get --mode blocking --clients 4 --pipeline 5 --requests 200 --as floats",
        "--op get --mode receive --clients 1 --pipeline 1 --requests 200",
        "--op set --mode blocking --clients 1 --pipeline 1 --requests 200 --database knowledge",
        "--op incr --mode async --clients 1 --pipeline 10 --requests 200",
        "--op mget --mode async --clients 2 --pipeline 1 --requests 200 --keys 7 --value-size 64 --as floats",
        "--op mget --mode receive --clients 1 --pipeline 1 --requests 200 --keys 7 --value-size 64",
        "--op get --mode async --clients 2 --pipeline 1 --requests 200 --idle-names 20",
        "--op hgetall --mode async --clients 2 --pipeline 1 --requests 200 --keys 7",
        "--op hgetall --mode receive --clients 1 --pipeline 1 --requests 200 --keys 7",
        "--op xread --mode blocking --clients 2 --pipeline 1 --requests 200 --keys 7",
        "--op xread --mode receive --clients 1 --pipeline 1 --requests 200 --keys 7",
        "--op scan --mode async --clients 1 --pipeline 10 --requests 200 --keys 7",
        "--op scan --mode receive --clients 1 --pipeline 1 --requests 200 --keys 7",
        "--op get --mode loop --clients 50 --pipeline 1 --requests 200 --busy-cache 64",
    ])
    func `it sends as many commands as it was told, in the way it was told`(words: String) throws {
        let (output, status) = try Self.run("--json \(words)")
        try #require(status == 0)
        let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
        #expect(words.hasPrefix("--op \(report.op) --mode \(report.mode) --clients \(report.clients) "))
        #expect(words.contains(" --pipeline \(report.pipeline) --requests \(report.requests)"))
        #expect(report.rps > 0 && report.p50_us > 0)
    }

    @Test(arguments: [
        "--op del", "--mode fast", "--as numbers", "--op set --as floats", "--as floats --value-size 5",
        "--tls --port 1", "--tls --mode receive --clients 1",
        "--tls --mode loop", "--mode receive --clients 2", "--mode receive --op incr --clients 1",
        "--mode loop --op incr", "--mode loop --pipeline 2", "--mode loop --count-allocations", "--database nowhere",
        "--requests 0",
    ])
    func `what makes no sense is refused`(words: String) throws {
        let (output, status) = try Self.run(words)
        #expect(status == 1 || status == 2)
        #expect(output == "")
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS), arguments: ["async", "blocking"])
    func `it measures TLS on a server of its own`(mode: String) throws {
        let (output, status) = try Self.run("--json --tls --mode \(mode) --clients 1 --requests 200")
        try #require(status == 0)
        #expect(try JSONDecoder().decode(Report.self, from: Data(output.utf8)).rps > 0)
    }

    @Test func `a port without a host is that of a server of this machine`() throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        defer { server.stop() }
        let port = try #require(server.port)
        let words = "--json --op set --mode blocking --clients 1 --requests 50 --port"
        #expect(try Self.run("\(words) \(port)").status == 0)
        server.stop()
        // Nothing listens there any more, and no server of its own takes that one's place.
        #expect(try Self.run("\(words) \(port)").status != 0)
    }
}
