public import BulkheadTestServer
import Foundation

/// A Redis with a search module, both as Tests/fetch-servers leaves them.
public enum SearchServer {
    /// What starts it; nil where it was not fetched.
    public static let options: RedisTestServer.Options? = {
        let module = cache + "/bulkhead/servers/redisearch-2.10.5/redisearch.so"
        guard [server, module].allSatisfy({ FileManager.default.isExecutableFile(atPath: $0) }) else { return nil }
        return RedisTestServer.Options(
            binary: server, arguments: ["--loadmodule", module], startTimeout: .seconds(120))
    }()

    /// The same Redis without the module; it has vector sets of its own.
    public static let vectorSetOptions: RedisTestServer.Options? =
        FileManager.default.isExecutableFile(atPath: server) ? RedisTestServer.Options(binary: server) : nil

    private static let cache: String = {
        let environment = ProcessInfo.processInfo.environment
        return environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
    }()
    private static let server = cache + "/bulkhead/servers/redis-8.2.3/redis-server"

    /// Why a test of it is skipped.
    public static let absence = "Tests/fetch-servers has fetched no Redis 8.2.3 with a search module"
}
