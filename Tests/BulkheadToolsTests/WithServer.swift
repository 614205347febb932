import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport

/// A private server, databases 0 to 15 by the names of the standard catalogue and `db4` …, and the end of both.
func withToolServer(
    arguments: [String] = [], catalogue: DatabaseCatalogue = .everyNumber,
    _ body: (RedisTestServer, RedisDatabases) async throws -> Void
) async throws {
    let server = try RedisTestServer.start(RedisTestServer.Options(arguments: arguments))
    defer { server.stop() }
    var configuration = try RedisConfiguration(url: server.url)
    configuration.version = ServerUnderTest.version
    configuration.commandTimeout = .seconds(300)
    let databases = RedisDatabases(configuration, catalogue: catalogue)
    try await ending(by: { await databases.close() }) { try await body(server, databases) }
}

extension ScriptedServer {
    /// One that knows SYNC alone, and answers it so.
    static func sending(_ stream: [UInt8]) -> ScriptedServer {
        ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                switch command[0] {
                case "REPLCONF": peer.write("+OK\r\n")
                case "SYNC":
                    peer.write(bytes: stream)
                    return
                default: peer.write("-NOPERM no\r\n")
                }
            }
        }
    }
}

extension DatabaseCatalogue {
    /// The standard names, and `db4` to `db15`.
    static let everyNumber: DatabaseCatalogue = {
        let more = (4..<16).map { DatabaseEntry(DatabaseName("db\($0)"), number: $0, mayBeFlushed: true) }
        return (try? DatabaseCatalogue(DatabaseCatalogue.standard.entries + more)) ?? .standard
    }()
}
