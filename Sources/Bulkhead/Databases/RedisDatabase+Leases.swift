public import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

extension RedisDatabase {
    /// Lends a connection of its own to the server that has the key, as `withConnection(_:)` does.
    ///
    /// ```swift
    /// let isSold = try await database.withConnection(forKey: "{book}:stock") { connection in
    ///     try await connection.send("WATCH", "{book}:stock")
    ///     …
    /// }
    /// ```
    /// In a cluster it leads to the primary of the key's slot, which was asked for the key before `body` runs: one
    /// round trip more. Keys with the same tag live there too; others are refused with `MOVED`. While the slot is on
    /// its way to another server, or its server is down, the call waits until there is one, within the database's time
    /// limit; after that it throws `timed-out`, or why the last server could not be reached. A slot that leaves while
    /// `body` runs has its commands refused with `MOVED` or `ASK`, and nothing of them has run. Elsewhere all keys
    /// have one server, and this is `withConnection`.
    @_disfavoredOverload
    public func withConnection<Result>(
        forKey key: some RedisArgument, _ body: (RedisConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await lease(of: SlotQuestion(key))
        defer { connection.endLease() }
        return try await body(connection)
    }

    /// The same for a body that throws nothing but ``RedisError``.
    public func withConnection<Result>(
        forKey key: some RedisArgument, _ body: (RedisConnection) async throws(RedisError) -> Result
    ) async throws(RedisError) -> Result {
        let connection = try await lease(of: SlotQuestion(key))
        defer { connection.endLease() }
        return try await body(connection)
    }
}

extension BlockingRedisDatabase {
    /// Lends a connection of its own to the server that has the key, as the asynchronous form does.
    @_disfavoredOverload
    public func withConnection<Result>(
        forKey key: some RedisArgument, _ body: (BlockingRedisConnection) throws -> Result
    ) throws -> Result {
        let connection = try lease(of: SlotQuestion(key))
        defer { connection.endLease() }
        return try body(connection)
    }

    /// The same for a body that throws nothing but ``RedisError``.
    public func withConnection<Result>(
        forKey key: some RedisArgument, _ body: (BlockingRedisConnection) throws(RedisError) -> Result
    ) throws(RedisError) -> Result {
        let connection = try lease(of: SlotQuestion(key))
        defer { connection.endLease() }
        return try body(connection)
    }
}
