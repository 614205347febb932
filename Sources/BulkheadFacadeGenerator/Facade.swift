/// One of the two facades.
enum Facade: CaseIterable {
    case asynchronous
    case blocking

    /// The protocol that is extended.
    var executor: String {
        switch self {
        case .asynchronous: "RedisExecutor"
        case .blocking: "BlockingRedisExecutor"
        }
    }

    var effects: String {
        switch self {
        case .asynchronous: "async throws(RedisError)"
        case .blocking: "throws(RedisError)"
        }
    }

    var run: String {
        switch self {
        case .asynchronous: "try await run("
        case .blocking: "try run("
        }
    }

    /// Commands that only read: their reply is the reason to send them, so ignoring it earns a warning.
    static let readingCommands: Set<String> = [
        "get", "mget", "strlen", "getrange",
        "exists", "ttl", "type", "randomkey",
        "hget", "hmget", "hgetall", "hexists", "hlen", "hstrlen", "hkeys", "hvals",
        "lrange", "llen", "lindex",
        "smembers", "sismember", "smismember", "scard", "srandmember", "sinter", "sunion", "sdiff",
        "zscore", "zcard", "zcount", "zrank", "zrange", "zrangeWithScores", "zrangebyscore",
        "xrange", "xrevrange", "xlen",
        "scanPage", "hscanPage", "sscanPage", "zscanPage",
        "echo", "info", "dbsize",
    ]

    /// Names of `readingCommands` that no function has any more.
    static func staleReadingCommands(in families: [CommandFamily]) -> [String] {
        let names = families.flatMap { $0.functions.map(\.name) }
        return readingCommands.subtracting(names).sorted()
    }
}
