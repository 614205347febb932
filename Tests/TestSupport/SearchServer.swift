public import BulkheadTestServer
import Foundation

/// A Redis with a search module, both as Tests/fetch-servers leaves them.
public enum SearchServer {
    /// What starts it; nil where it was not fetched.
    public static let options: RedisTestServer.Options? = {
        let module = FetchedServers.folder + "/redisearch-2.10.5/redisearch.so"
        guard let server, FileManager.default.isExecutableFile(atPath: module) else { return nil }
        return RedisTestServer.Options(
            binary: server, arguments: ["--loadmodule", module], startTimeout: .seconds(120))
    }()

    /// The same Redis without the module; it has vector sets of its own.
    public static let vectorSetOptions: RedisTestServer.Options? = server.map { RedisTestServer.Options(binary: $0) }

    private static let server = FetchedServers.newest("redis", atLeast: 8)

    /// Why a test of it is skipped.
    public static let absence = "Tests/fetch-servers has fetched no Redis 8 with a search module"
}
