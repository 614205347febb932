public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// One named database, for callers that may block their thread: scripts, command-line tools, worker threads.
///
/// Get it from ``RedisDatabases/blocking(_:)``. A command takes a connection to itself while it runs, so threads do
/// not wait for each other until all connections are taken; then they are served in the order they came.
public struct BlockingRedisDatabase: BlockingRedisExecutor, Sendable {
    let entry: DatabaseEntry
    /// Where its server listens, as it stands in error messages.
    public let address: String
    let pool: BlockingPool
    let flushRules: FlushRules
    let replay: RedisReplay
    let monitor: CommandMonitor
    public let scanPace: RedisPace
    private(set) var timeout: Timeout

    public var name: DatabaseName { entry.name }
    /// The number that its connections select.
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
        case .refused(let reason):
            throw monitor.refused(command, RedisError(.commandRefused, reason.description))
        case .conversation: throw monitor.refused(command, .needsConnection(command.name))
        case .answered(let known): return known.reply
        case .shared, .bulk, .blocking: break
        }
        let time = command.route == .blocking ? timeout.adding(command.blockingTime) : nil
        let deadline = Deadline(after: timeout)
        let outcome: Result<[RESPValue], ConnectionFailure>
        do {
            let reply = try leasing(until: deadline, time) { connection, deadline throws(ConnectionFailure) in
                guard time != nil else { return try connection.send(command.bytes, until: deadline) }
                return try connection.sendBlocking(
                    command.bytes, count: 1, until: deadline, unblock: pool.unblock)[0]
            }
            if reply.refusal == nil {
                monitor.answered(command, reply, since: deadline.start, hasWaited: time != nil)
                return reply
            }
            outcome = .success([reply])
        } catch {
            outcome = .failure(error)
        }
        let result = repeated(outcome, command.bytes, count: 1, until: deadline, time).map { $0[0] }
        return try monitor.ended(command, result, since: deadline.start, hasWaited: time != nil)
    }

    public func send(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            do throws(RedisError) {
                try batch.check(isShared: true)
            } catch {
                throw monitor.refused(pipelineOf: batch, error)
            }
            if batch.sent == 0 { return batch.replies(with: []) }
            let deadline = Deadline(after: timeout)
            let outcome = Result { () throws(ConnectionFailure) in
                try leasing(until: deadline) { connection, deadline throws(ConnectionFailure) in
                    try connection.sendAll(batch.bytes, count: batch.sent, until: deadline)
                }
            }
            let standing = outcome.mayNotStand
                ? repeated(outcome, batch.bytes, count: batch.sent, until: deadline) : outcome
            return batch.replies(with: try monitor.ended(pipelineOf: batch, standing, since: deadline.start))
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// Lends a connection of its own for as long as `body` runs, as ``RedisDatabase/withConnection(_:)`` does.
    public func withConnection<Result>(_ body: (BlockingRedisConnection) throws -> Result) throws -> Result {
        let lease: BlockingConnection
        let deadline = Deadline(after: timeout)
        do {
            lease = try pool.lease(until: deadline)
        } catch {
            throw monitor.refusedLease(error, since: deadline.start).at(name)
        }
        let connection = BlockingRedisConnection(
            lease, of: pool, database: name, timeout: timeout, monitor: monitor, scanPace: scanPace)
        defer {
            let end = connection.endLease()
            pool.release(lease, reusable: end.isReusable)
            if end.showsWrongConnection { _ = pool.renew(since: .now) }
        }
        return try body(connection)
    }

    /// Removes every key of this database, and of no other; throws `flush-refused` as the asynchronous form does.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) throws(RedisError) {
        let command = RedisCommand<Void>.flushdb(isAsynchronous: mode == .asynchronous)
        do throws(RedisError) {
            try flushRules.check()
            let indexes: SearchIndexes
            do throws(RedisError) {
                indexes = try searchIndexes()
            } catch {
                throw flushRules.unanswered(error)
            }
            try flushRules.check(indexes)
        } catch {
            throw monitor.refused(command.encoded, error)
        }
        try run(command)
    }

    /// Lends a connection for one request, which is over at the deadline it is handed.
    ///
    /// `time` is that of a command that blocks, and begins when the command can leave; `deadline` is for the wait until
    /// then. Were the wait a part of it, the client could give up before the server does, and lose an element.
    private func leasing<Reply>(
        until deadline: Deadline, _ time: Timeout? = nil,
        _ request: (BlockingConnection, Deadline) throws(ConnectionFailure) -> Reply
    ) throws(ConnectionFailure) -> Reply {
        var isSecond = false
        while true {
            let connection = try pool.lease(until: deadline)
            let result = Result { () throws(ConnectionFailure) in
                try request(connection, time.map { Deadline(after: $0) } ?? deadline)
            }
            // After the timeout of a command that blocks, the server may still wait, and answer the next one first.
            pool.release(connection, reusable: time == nil || result.isAnswered)
            // It ended between the pool's look and the request: once more on another one, as asynchronous calls are.
            guard case .failure(let failure) = result, failure.progress == .refused, !isSecond else {
                return try result.get()
            }
            isSecond = true
        }
    }

    /// Sends again what ``RedisReplay`` and a server that has not run it allow; the outcome that stands. Connections
    /// that lead to the wrong server are replaced.
    private func repeated(
        _ first: Result<[RESPValue], ConnectionFailure>, _ bytes: [UInt8], count: Int, until deadline: Deadline,
        _ time: Timeout? = nil
    ) -> Result<[RESPValue], ConnectionFailure> {
        var repetition = Repetition(replay, of: bytes, until: deadline)
        var (outcome, start) = (first, deadline.start)
        while true {
            let isRenewed = outcome.showsWrongConnection && pool.renew(since: start)
            guard let pause = repetition.pause(after: &outcome, isRenewed: isRenewed) else { return outcome }
            sleepThread(for: pause)
            if deadline.isOver { return outcome }
            start = .now
            outcome = Result { () throws(ConnectionFailure) in
                try leasing(until: deadline, time) { connection, deadline throws(ConnectionFailure) in
                    guard time != nil else { return try connection.sendAll(bytes, count: count, until: deadline) }
                    return try connection.sendBlocking(bytes, count: count, until: deadline, unblock: pool.unblock)
                }
            }
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
