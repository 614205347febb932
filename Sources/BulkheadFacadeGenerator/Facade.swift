/// Who has methods: what runs the commands of a database, a connection of one's own, the handle of a server, and a
/// cache, each in two forms.
enum Facade: CaseIterable {
    case asynchronous
    case blocking
    case connection
    case blockingConnection
    case server
    case blockingServer
    case cache
    case blockingCache

    /// Whether it has the commands that are about the whole server, and not those of a database.
    var isOfServer: Bool { self == .server || self == .blockingServer }

    /// Whether it has only the commands that need a connection of one's own; all others it has as an executor.
    var isOfConnection: Bool { self == .connection || self == .blockingConnection }

    /// Whether it has only what a cache can keep, and nothing of modules, which its `run` takes.
    var isOfCache: Bool { self == .cache || self == .blockingCache }

    /// The type that is extended.
    var executor: String {
        switch self {
        case .asynchronous: "RedisExecutor"
        case .blocking: "BlockingRedisExecutor"
        case .connection: "RedisConnection"
        case .blockingConnection: "BlockingRedisConnection"
        case .server: "RedisServer"
        case .blockingServer: "BlockingRedisServer"
        case .cache: "RedisCache"
        case .blockingCache: "BlockingRedisCache"
        }
    }

    var effects: String {
        switch self {
        case .asynchronous, .connection, .server, .cache: "async throws(RedisError)"
        case .blocking, .blockingConnection, .blockingServer, .blockingCache: "throws(RedisError)"
        }
    }

    var run: String {
        switch self {
        case .asynchronous, .connection, .server, .cache: "try await run("
        case .blocking, .blockingConnection, .blockingServer, .blockingCache: "try run("
        }
    }
}
