public import BulkheadCommands
public import BulkheadRESP

/// What runs commands without blocking a thread: a named database, or a connection of one's own in it.
///
/// All commands are methods on it (`get`, `hset`, `zrange` …), and each is a value too, for pipelines:
/// see ``RedisCommand``. Every command throws ``RedisError``.
public protocol RedisExecutor: Sendable {
    /// The database that commands run in.
    var name: DatabaseName { get }

    /// The pace of scans that name none.
    var scanPace: RedisPace { get }

    /// Runs one command and waits for its reply.
    ///
    /// Throws the server's error, a failure of the connection (`error.stage` says how far the command had come),
    /// or `unexpected-reply` if the reply does not convert.
    @discardableResult
    func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply

    /// Runs a batch in one round trip and returns the raw replies, errors of single commands among them.
    ///
    /// Throws if a reply is missing, or if nothing was sent. Where commands may have run, ``RedisError/isAmbiguous`` is
    /// true.
    func pipeline(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue]

    /// Runs commands atomically, and returns their replies as the transaction reads them.
    ///
    /// Throws `EXECABORT` if the server refused one of them and so ran none, and `transaction-conflict` if a key that
    /// this connection watches was changed.
    @discardableResult
    func transaction<Replies>(_ transaction: RedisTransaction<Replies>) async throws(RedisError) -> Replies
}

extension RedisExecutor {
    public var scanPace: RedisPace { .full }

    /// Runs many commands of one type in one round trip and returns each one's own result, in order.
    ///
    /// Throws if a reply is missing, or if nothing was sent. Where commands may have run, ``RedisError/isAmbiguous`` is
    /// true.
    @inlinable
    public func pipeline<Reply>(
        _ commands: [RedisCommand<Reply>]
    ) async throws(RedisError) -> [Result<Reply, RedisError>] {
        if commands.isEmpty { return [] }
        return commands.results(of: try await pipeline(RedisBatch(commands)), in: name)
    }

    /// Runs a command by its words, for what has no method yet.
    ///
    /// ```swift
    /// let encoding = try await database.send("OBJECT", "ENCODING", "doc:1", as: String.self)
    /// ```
    /// Refused with `command-refused`, before anything is sent: what would break the connection's binding to its
    /// database or reach past it (SELECT, SWAPDB, FLUSHALL …); and, outside `withConnection`, what needs several
    /// commands on one connection (MULTI, WATCH, SUBSCRIBE …). Commands that block take a connection of their own.
    @inlinable
    @discardableResult
    public func send<Value: RedisDecodable>(
        _ name: String, _ arguments: any RedisArgument..., as type: Value.Type = RESPValue.self
    ) async throws(RedisError) -> Value {
        try await run(.raw(name, arguments, as: type))
    }

    /// The same with an array of arguments: `send("DEL", keys)`, `send("MGET", ["first"] + keys)`.
    ///
    /// An array that is one argument, `[UInt8]` or `[Float]`, is one here too.
    @inlinable
    @discardableResult
    public func send<Value: RedisDecodable>(
        _ name: String, _ arguments: [any RedisArgument], as type: Value.Type = RESPValue.self
    ) async throws(RedisError) -> Value {
        try await run(.raw(name, arguments, as: type))
    }
}
