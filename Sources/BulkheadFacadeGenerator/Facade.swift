/// Who has methods: what runs the commands of a database, and the handle of a server, each in two forms.
enum Facade: CaseIterable {
    case asynchronous
    case blocking
    case server
    case blockingServer

    /// Whether it has the commands that are about the whole server, and not those of a database.
    var isOfServer: Bool { self == .server || self == .blockingServer }

    /// The type that is extended.
    var executor: String {
        switch self {
        case .asynchronous: "RedisExecutor"
        case .blocking: "BlockingRedisExecutor"
        case .server: "RedisServer"
        case .blockingServer: "BlockingRedisServer"
        }
    }

    var effects: String {
        switch self {
        case .asynchronous, .server: "async throws(RedisError)"
        case .blocking, .blockingServer: "throws(RedisError)"
        }
    }

    var run: String {
        switch self {
        case .asynchronous, .server: "try await run("
        case .blocking, .blockingServer: "try run("
        }
    }
}
