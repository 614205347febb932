import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The server under test beside each other server there is: `Tests/run --servers` comes to all pairs of them.
@Suite(.enabled(if: TestTier.hasTime)) struct DifferentialMatrixTests {
    /// The installed server, and those of `Tests/fetch-servers` that are here.
    static let others: [String] = {
        let environment: [String: String] = ProcessInfo.processInfo.environment
        let home: String = environment["HOME"] ?? ""
        let cache: String = environment["XDG_CACHE_HOME"] ?? "\(home)/.cache"
        var programs: [String] = ["redis-server"]
        for name in ["redis-6.2.5/redis", "redis-8.2.3/redis", "valkey-8.1.8/valkey", "valkey-9.1.2/valkey"] {
            let path: String = "\(cache)/bulkhead/servers/\(name)-server"
            if FileManager.default.isExecutableFile(atPath: path) { programs.append(path) }
        }
        return programs
    }()

    @Test(arguments: others)
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
