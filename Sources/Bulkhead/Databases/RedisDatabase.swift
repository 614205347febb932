public import RESP
public import RedisCommands
import RedisNetworking

/// One named database, for asynchronous callers. Get it from ``RedisDatabases``; keep it, copy it, share it.
///
/// Any number of tasks share its connections: their commands are pipelined in the order each task makes them.
/// Short commands go over one connection, large ones (SCAN, HGETALL, LRANGE …) over a second, and what blocks over
/// one of its own, so that none of them waits for the others.
public struct RedisDatabase: RedisExecutor {
    let entry: DatabaseEntry
    let connections: DatabaseConnections
    let flushRules: FlushRules

    public var name: DatabaseName { entry.name }
    public var number: Int { entry.number }

    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try await reply(to: command.bytes, command.route, command.name))
        } catch {
            throw error.at(name, command.name)
        }
    }

    public func send(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            try batch.check(isShared: true)
            try refuseIfCancelled()
            let isLarge = batch.count > RedisBatch.largestOnSharedLane || batch.routes.contains(.bulk)
            return try await translating { () throws(ConnectionFailure) in
                try await connections.sendAll(batch.bytes, count: batch.count, on: isLarge ? .bulk : .shared)
            }
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// Lends a connection of its own for as long as `body` runs, for WATCH … MULTI … EXEC and subscriptions.
    ///
    /// ```swift
    /// let isSold = try await database.withConnection { connection in
    ///     try await connection.send("WATCH", "stock")
    ///     let left = try await connection.get("stock", as: Int.self) ?? 0
    ///     let (_, _, result) = try await connection.pipeline(
    ///         .raw("MULTI", []), .raw("SET", ["stock", left - 1]), .raw("EXEC", []))
    ///     return result != .null  // null: somebody was faster
    /// }
    /// ```
    /// Callers get connections in the order they came. A connection that is left inside a transaction, watching or
    /// subscribed is closed instead of being lent again. Throws what `body` throws; and before `body` runs
    /// `too-many-waiters`, `wait-timed-out`, `cancelled` or `closed`.
    public func withConnection<Result>(
        _ body: (RedisConnection) async throws -> Result
    ) async throws -> Result {
        let lease: AsyncConnection
        do {
            lease = try await connections.pool.lease()
        } catch {
            throw RedisError(error).at(name)
        }
        let connection = RedisConnection(lease, database: name)
        do {
            let result = try await body(connection)
            connections.pool.release(lease, reusable: connection.endLease())
            return result
        } catch {
            connections.pool.release(lease, reusable: connection.endLease())
            throw error
        }
    }

    /// Removes every key of this database, and of no other.
    ///
    /// Throws `flush-refused`, and sends nothing, if the catalogue protects the database or another name of its
    /// number.
    /// - Complexity: O(N) in the database's keys, in the background unless `mode` says otherwise.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) async throws(RedisError) {
        try flushRules.check()
        try await run(.flushdb(isAsynchronous: mode == .asynchronous))
    }

    @usableFromInline
    func reply(
        to bytes: [UInt8], _ route: CommandRoute, _ command: String
    ) async throws(RedisError) -> RESPValue {
        try refuseIfCancelled()
        switch route {
        case .refused(let reason): throw RedisError(.commandRefused, reason)
        case .conversation: throw .needsConnection(command)
        case .shared, .bulk:
            return try await translating { () throws(ConnectionFailure) in
                try await connections.send(bytes, on: route == .bulk ? .bulk : .shared)
            }
        case .blocking:
            return try await translating { () throws(ConnectionFailure) in
                let lease = try await connections.pool.lease()
                let result = await lease.sendBlocking(bytes)
                connections.pool.release(lease, reusable: true)
                return try result.get()
            }
        }
    }
}

/// A task cancelled before its command left sends nothing.
func refuseIfCancelled() throws(RedisError) {
    guard !Task.isCancelled else { throw RedisError(.cancelled, "the task was cancelled before the command was sent") }
}

/// The networking floor's failures as this floor's errors.
func translating<Result>(
    _ body: () async throws(ConnectionFailure) -> Result
) async throws(RedisError) -> Result {
    do {
        return try await body()
    } catch {
        throw RedisError(error)
    }
}
