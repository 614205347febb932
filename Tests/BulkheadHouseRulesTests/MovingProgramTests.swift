import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// One program, built once, whose names live in one place after the other: only its catalogue differs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MovingProgramTests {
    private static let certificates = TestCertificates.shared
    private static let names = ["main", "knowledge", "prompts", "session"]

    /// Runs the program with the first names of four, each with its number, at a place as the catalogue writes it.
    private func run(_ count: Int, at place: String, _ what: String) throws {
        let entries = Self.names[..<count].enumerated().map { number, name in
            #"{"name": "\#(name)", "number": \#(number), \#(place)}"#
        }
        let file = NSTemporaryDirectory() + "catalogue-\(UUID().uuidString.prefix(8)).json"
        try "{\"databases\": [\n\(entries.joined(separator: ",\n"))\n]}".write(
            toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let binary = Repository.binaries.appendingPathComponent("BulkheadMovingProgram").path
        let (output, status) = try Child.run(
            binary, [],
            environment: [
                "REDIS_CATALOGUE": file,
                // Nobody listens there: a name that had no other place would fail. Its authority is that of all.
                "REDIS_URL": "rediss://127.0.0.1:1?tls_ca_file=\(Self.certificates.authority)",
            ])
        let expected = Self.names[..<count].map { "\($0): 100 orders, 200 keys, 700 left\n" }.joined()
        #expect(status == 0 && output == expected, "\(what): \(output)")
    }

    private func list(_ addresses: [String]) -> String {
        "[" + addresses.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }

    private func options(isTLS: Bool) -> RedisTestServer.Options {
        RedisTestServer.Options(listening: .tcp, tls: isTLS ? Self.certificates.server.tls : nil)
    }

    private static var ways: [Bool] { ServerUnderTest.speaksTLS ? [false, true] : [false] }

    @Test(arguments: ways) func `it runs on one server`(isTLS: Bool) throws {
        let server = try RedisTestServer.start(options(isTLS: isTLS))
        defer { server.stop() }
        try run(4, at: #""url": "\#(server.url)""#, "one server")
    }

    @Test func `it runs on one server that gets its TLS from a proxy`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let proxy = try RedisTestTLSProxy.start(to: server, Self.certificates.server.tls)
        defer { proxy.stop() }
        try run(4, at: #""url": "\#(proxy.url)""#, "a proxy")
    }

    @Test(arguments: ways) func `it runs behind sentinels`(isTLS: Bool) throws {
        let group = try RedisTestSentinelGroup.start(.init(server: options(isTLS: isTLS)))
        defer { group.stop() }
        let place = #""sentinels": \#(list(group.sentinelAddresses)), "primary": "\#(group.primaryAddress)""#
        try run(4, at: place, "the first primary")
        try group.failOver()
        try run(4, at: place, "the second primary")
    }

    @Test(arguments: ways) func `it runs in a cluster, with one name`(isTLS: Bool) throws {
        var options = RedisTestCluster.Options(server: options(isTLS: isTLS))
        options.replicas = 1
        let cluster = try RedisTestCluster.start(options)
        defer { cluster.stop() }
        try run(1, at: #""cluster": \#(list(cluster.addresses))"#, "a cluster")
    }

    @Test(
        .enabled(if: ServerUnderTest.valkey9 != nil, "there is no Valkey 9: run Tests/fetch-servers"),
        arguments: [false, true])
    func `it runs in a cluster of Valkey 9, with four names`(isTLS: Bool) throws {
        var options = RedisTestCluster.Options()
        options.server.binary = ServerUnderTest.valkey9
        options.databases = 16
        let cluster = try RedisTestCluster.start(options)
        defer { cluster.stop() }
        guard isTLS else { return try run(4, at: #""cluster": \#(list(cluster.addresses))"#, "a cluster of Valkey") }
        // Built without TLS: each server has a proxy in front, and gives the proxy's port for its own.
        let proxies = try cluster.primaries.map { server in
            try RedisTestTLSProxy.start(to: server, Self.certificates.server.tls)
        }
        defer { for proxy in proxies { proxy.stop() } }
        for (server, proxy) in zip(cluster.primaries, proxies) {
            #expect(try ServerConversation(with: server).text("CONFIG SET cluster-announce-port \(proxy.port)") == "OK")
        }
        // The others hear of it by the bus.
        let ports = Set(proxies.map(\.port))
        for server in cluster.primaries {
            let conversation = try ServerConversation(with: server)
            var known: Set<Int?> = []
            for _ in 0..<6_000 where known != ports {
                known = Set(try [0, 8_000, 16_000].map { try conversation.ownerOf($0) })
                usleep(10_000)
            }
            #expect(known == ports)
        }
        try run(4, at: #""cluster": \#(list(proxies.map(\.url)))"#, "a cluster of Valkey over TLS")
    }
}
