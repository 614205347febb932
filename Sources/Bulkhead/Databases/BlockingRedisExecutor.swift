public import BulkheadCommands
public import BulkheadRESP

/// What runs commands on the caller's thread: a named database, or a connection of one's own in it.
///
/// The blocking twin of ``RedisExecutor``: the same commands, the same errors, without `await`.
public protocol BlockingRedisExecutor {
    /// The database that commands run in.
    var name: DatabaseName { get }

    /// The pace of scans that name none.
    var scanPace: RedisPace { get }

    /// Runs one command and waits for its reply; throws as ``RedisExecutor/run(_:)`` does.
    @discardableResult
    func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply

    /// Runs a batch in one round trip and returns the raw replies, errors of single commands among them.
    func pipeline(_ batch: RedisBatch) throws(RedisError) -> [RESPValue]

    /// Runs commands atomically; throws as ``RedisExecutor/transaction(_:)`` does.
    @discardableResult
    func transaction<Replies>(_ transaction: RedisTransaction<Replies>) throws(RedisError) -> Replies
}

extension BlockingRedisExecutor {
    public var scanPace: RedisPace { .full }

    /// Runs many commands in one round trip and returns each one's own result, in order.
    @inlinable
    public func pipeline<Reply>(
        _ commands: [RedisCommand<Reply>]
    ) throws(RedisError) -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        return commands.results(of: try pipeline(RedisBatch(commands)), in: name)
    }

    /// Runs a command by its words; refuses what the asynchronous form refuses.
    @inlinable
    @discardableResult
    public func send<Value: RedisDecodable>(
        _ name: String, _ arguments: any RedisArgument..., as type: Value.Type = RESPValue.self
    ) throws(RedisError) -> Value {
        try run(.raw(name, arguments, as: type))
    }

    /// The same with an array of arguments: `send("DEL", keys)`, `send("MGET", ["first"] + keys)`.
    ///
    /// An array that is one argument, `[UInt8]` or `[Float]`, is one here too.
    @inlinable
    @discardableResult
    public func send<Value: RedisDecodable>(
        _ name: String, _ arguments: [any RedisArgument], as type: Value.Type = RESPValue.self
    ) throws(RedisError) -> Value {
        try run(.raw(name, arguments, as: type))
    }
}
