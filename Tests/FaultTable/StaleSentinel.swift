import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// A sentinel that knows nothing of any failover: it names the first primary, whichever server that is now.
///
/// Its user may not use the channel by which sentinels tell each other, and it needs more votes than there are.
final class StaleSentinel: Sendable {
    private static let user = "stale"
    private static let password = "of-the-stale-one"

    private let server: RedisTestServer
    private let file: String

    init(of group: RedisTestSentinelGroup) throws {
        for server in group.servers {
            let admins = RedisDatabases(RedisConfiguration(unixSocket: server.socketPath))
            _ = try admins.blocking(.main).send(
                "ACL", "SETUSER", Self.user, "on", ">" + Self.password, "resetchannels", "+ping", "+info", "+client")
        }
        let name = group.options.name
        file = group.servers[0].folder + "/stale-sentinel.conf"
        try PrivateHosts.write(
            """
            sentinel monitor \(name) 127.0.0.1 \(group.servers[0].port ?? 0) 100
            sentinel auth-user \(name) \(Self.user)
            sentinel auth-pass \(name) \(Self.password)

            """, to: file)
        server = try RedisTestServer.start(.init(listening: .tcp, arguments: [file, "--sentinel"]))
    }

    var address: String { "127.0.0.1:\(server.port ?? 0)" }

    /// The port that it calls the primary's.
    func named() throws -> Int {
        // *2, $9, 127.0.0.1, $5, PORT: by the answer's lines.
        var lines: [String] = []
        try LineSocket(port: server.port ?? 0, saying: "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster").forEachLine {
            line in
            lines.append(line)
            return lines.count < 5
        }
        return lines.last.flatMap { Int($0) } ?? 0
    }

    func end() {
        server.kill()
        server.stop()
        PrivateHosts.remove(file)
    }
}
