import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// The server under test beside each other server there is: `Tests/run --servers` comes to all pairs of them.
@Suite(.enabled(if: TestTier.hasTime)) struct DifferentialMatrixTests {
    @Test(arguments: FetchedServers.programs)
    func `in 20000 random commands, two servers differ in what is known and in nothing else`(other: String) throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let beside = try RedisTestServer.start(RedisTestServer.Options(binary: other))
        defer { beside.stop() }
        var options = DifferentialOptions()
        options.commands = 20_000
        options.known = try KnownDifference.own()
        let report = try DifferentialRun(
            ConformanceTarget(unixSocket: server.socketPath), ConformanceTarget(unixSocket: beside.socketPath), options
        ).run()
        #expect(report.commands >= 20_000)
        for kind in report.new {
            let script: String = kind.script.joined(separator: "\n")
            Issue.record("\(server.version) / \(beside.version): \(kind.kind)\n\(script)")
        }
    }
}
