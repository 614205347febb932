public import BulkheadCommands

/// The server on which a database lives, for commands that are about all of it: settings, users, connections, logs.
///
/// Get it from ``RedisDatabases/server(of:)``. Its commands take the connections of the database that was named, and
/// none of them changes that database or which one a connection uses; but they reach whatever else lives there.
public struct RedisServer: Sendable {
    /// The database whose connections the commands take.
    public let database: RedisDatabase

    init(_ database: RedisDatabase) { self.database = database }

    /// The same server with another limit for the time of each command, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> RedisServer { RedisServer(database.within(timeout)) }

    /// Runs one command and waits for its reply; throws as ``RedisExecutor/run(_:)`` does.
    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisServerCommand<Reply>) async throws(RedisError) -> Reply {
        try await database.run(command.command)
    }
}

/// The blocking twin of ``RedisServer``: the same commands, the same errors, without `await`.
public struct BlockingRedisServer: Sendable {
    /// The database whose connections the commands take.
    public let database: BlockingRedisDatabase

    init(_ database: BlockingRedisDatabase) { self.database = database }

    /// The same server with another limit for the time of each command, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> BlockingRedisServer { BlockingRedisServer(database.within(timeout)) }

    /// Runs one command and waits for its reply; throws as ``RedisExecutor/run(_:)`` does.
    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisServerCommand<Reply>) throws(RedisError) -> Reply {
        try database.run(command.command)
    }
}

extension RedisDatabases {
    /// The server on which the database of that name lives; throws as the subscript does.
    ///
    /// ```swift
    /// let slow = try await databases.server(of: .main).slowlogGet(count: 10)
    /// ```
    public func server(of name: DatabaseName) throws(RedisError) -> RedisServer { RedisServer(try self[name]) }

    /// The same for callers that may block their thread.
    public func blockingServer(of name: DatabaseName) throws(RedisError) -> BlockingRedisServer {
        BlockingRedisServer(try blocking(name))
    }
}
