/// Who has methods: what runs the commands of a database, the handle of a server, and a cache, each in two forms.
enum Facade: CaseIterable {
    case asynchronous
    case blocking
    case server
    case blockingServer
    case cache
    case blockingCache

    /// Whether it has the commands that are about the whole server, and not those of a database.
    var isOfServer: Bool { self == .server || self == .blockingServer }

    /// Whether it has only what a cache can keep, and nothing of modules, which its `run` takes.
    var isOfCache: Bool { self == .cache || self == .blockingCache }

    /// The type that is extended.
    var executor: String {
        switch self {
        case .asynchronous: "RedisExecutor"
        case .blocking: "BlockingRedisExecutor"
        case .server: "RedisServer"
        case .blockingServer: "BlockingRedisServer"
        case .cache: "RedisCache"
        case .blockingCache: "BlockingRedisCache"
        }
    }

    var effects: String {
        switch self {
        case .asynchronous, .server, .cache: "async throws(RedisError)"
        case .blocking, .blockingServer, .blockingCache: "throws(RedisError)"
        }
    }

    var run: String {
        switch self {
        case .asynchronous, .server, .cache: "try await run("
        case .blocking, .blockingServer, .blockingCache: "try run("
        }
    }
}
