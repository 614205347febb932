public import RESP
public import RedisCommands
import RedisNetworking

/// One named database, for callers that may block their thread: scripts, command-line tools, worker threads.
///
/// Get it from ``RedisDatabases/blocking(_:)``. A command takes a connection to itself while it runs, so threads do
/// not wait for each other until all connections are taken; then they are served in the order they came.
public struct BlockingRedisDatabase: BlockingRedisExecutor, Sendable {
    let entry: DatabaseEntry
    let pool: BlockingPool
    let flushRules: FlushRules
    private(set) var timeout: Timeout

    public var name: DatabaseName { entry.name }
    public var number: Int { entry.number }

    /// The same database with another limit for the time of each command, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> BlockingRedisDatabase {
        var database = self
        database.timeout = Timeout(timeout)
        return database
    }

    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try reply(to: command.encoded))
        } catch {
            throw error.at(name, command.name)
        }
    }

    @usableFromInline
    func reply(to command: EncodedCommand) throws(RedisError) -> RESPValue {
        switch command.route {
        case .refused(let reason): throw RedisError(.commandRefused, reason.description)
        case .conversation: throw .needsConnection(command.name)
        case .shared, .bulk, .blocking: break
        }
        let isBlocking = command.route == .blocking
        let deadline = Deadline(after: isBlocking ? timeout.adding(command.blockingTime) : timeout)
        return try leasing(until: deadline, isBlocking: isBlocking) { connection throws(ConnectionFailure) in
            try connection.send(command.bytes, until: deadline)
        }
    }

    public func send(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            try batch.check(isShared: true)
            let deadline = Deadline(after: timeout)
            return try leasing(until: deadline) { connection throws(ConnectionFailure) in
                try connection.sendAll(batch.bytes, count: batch.count, until: deadline)
            }
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// Lends a connection of its own for as long as `body` runs, as ``RedisDatabase/withConnection(_:)`` does.
    public func withConnection<Result>(_ body: (BlockingRedisConnection) throws -> Result) throws -> Result {
        let lease: BlockingConnection
        do {
            lease = try pool.lease(until: Deadline(after: timeout))
        } catch {
            throw RedisError(error).at(name)
        }
        let connection = BlockingRedisConnection(lease, database: name, timeout: timeout)
        defer { pool.release(lease, reusable: connection.endLease()) }
        return try body(connection)
    }

    /// Removes every key of this database, and of no other; throws `flush-refused` as the asynchronous form does.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) throws(RedisError) {
        try flushRules.check()
        try run(.flushdb(isAsynchronous: mode == .asynchronous))
    }

    private func leasing<Reply>(
        until deadline: Deadline, isBlocking: Bool = false,
        _ request: (BlockingConnection) throws(ConnectionFailure) -> Reply
    ) throws(RedisError) -> Reply {
        try translatingBlocking { () throws(ConnectionFailure) in
            let connection = try pool.lease(until: deadline)
            // After the timeout of a command that blocks, the server may still wait, and answer the next one first.
            var isReusable = !isBlocking
            defer { pool.release(connection, reusable: isReusable) }
            let reply = try request(connection)
            isReusable = true
            return reply
        }
    }
}

/// The networking floor's failures as this floor's errors, for blocking callers.
func translatingBlocking<Result>(_ body: () throws(ConnectionFailure) -> Result) throws(RedisError) -> Result {
    do {
        return try body()
    } catch {
        throw RedisError(error)
    }
}
