public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// One named database, for asynchronous callers. Get it from ``RedisDatabases``; keep it, copy it, share it.
///
/// Any number of tasks share its connections: their commands are pipelined in the order each task makes them.
/// Short commands go over one connection, large ones (SCAN, HGETALL, LRANGE …) over a second, and what blocks over
/// one of its own, so that none of them waits for the others.
public struct RedisDatabase: RedisExecutor {
    let entry: DatabaseEntry
    /// Where its server listens, as it stands in error messages.
    public let address: String
    let connections: DatabaseConnections
    let flushRules: FlushRules
    let replay: RedisReplay
    let monitor: CommandMonitor
    public let scanPace: RedisPace
    private(set) var timeout: Timeout

    public var name: DatabaseName { entry.name }
    /// The number that its connections select.
    public var number: Int { entry.number }

    /// The same database with another limit for the time of each command; nil is none.
    ///
    /// ```swift
    /// let session = try await databases[.main].within(.milliseconds(50)).get("session:42")
    /// ```
    /// The time covers all of a call: a wait for a connection, connecting, writing, the reply. Past it the call throws
    /// `timed-out`, whose ``RedisError/stage`` tells whether the command had left; a reply that comes later is dropped,
    /// and nobody else on the connection notices. A command that waits on the server, such as BLPOP, has the limit once
    /// for the wait until it can leave, and from then on again on top of its own time, but 250 ms at least: an idle
    /// server ends such a wait up to 101 ms late. The default is ``RedisConfiguration/commandTimeout``.
    ///
    /// A command that waits on the server and is late, or whose task is cancelled, is ended there by CLIENT UNBLOCK
    /// over another connection. If it had taken something it returns that all the same, to a cancelled task too; else
    /// a late one returns that nothing came, and a cancelled one throws `cancelled` with the stage `answered`. Where
    /// the server denies CLIENT UNBLOCK, or does not answer within half a second, the command's connection is closed:
    /// what it takes until the server has noticed is lost.
    public func within(_ timeout: Duration?) -> RedisDatabase {
        var database = self
        database.timeout = Timeout(timeout)
        return database
    }

    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try await reply(to: command.encoded))
        } catch {
            throw error.at(name, command.name)
        }
    }

    public func send(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            try batch.check(isShared: true)
            try refuseIfCancelled()
        } catch {
            throw monitor.refused(pipelineOf: batch, error).at(name, error.command ?? "a pipeline")
        }
        if batch.sent == 0 { return batch.replies(with: []) }
        let lane = batch.isLarge ? Lane.bulk : .shared
        let deadline = Deadline(after: timeout)
        let outcome = await Result { () async throws(ConnectionFailure) in
            try await connections.sendAll(batch.bytes, count: batch.sent, on: lane, until: deadline)
        }
        var standing = outcome
        if outcome.mayNotStand {
            standing = await repeated(outcome, batch.bytes, until: deadline) { () async throws(ConnectionFailure) in
                try await connections.sendAll(batch.bytes, count: batch.sent, on: lane, until: deadline)
            }
        }
        do {
            return batch.replies(with: try monitor.ended(pipelineOf: batch, standing, since: deadline.start))
        } catch {
            throw error.at(name, "a pipeline")
        }
    }

    /// Lends a connection of its own for as long as `body` runs, for WATCH … MULTI … EXEC and subscriptions.
    ///
    /// ```swift
    /// let isSold = try await database.withConnection { connection in
    ///     try await connection.send("WATCH", "stock")
    ///     let left = try await connection.get("stock", as: Int.self) ?? 0
    ///     guard left > 0 else { return false }
    ///     let (_, _, result) = try await connection.pipeline(
    ///         .raw("MULTI", []), .raw("SET", ["stock", left - 1]), .raw("EXEC", []))
    ///     return result != .null  // null: somebody was faster
    /// }
    /// ```
    /// Callers get connections in the order they came. A connection that is left inside a transaction, watching or
    /// subscribed is closed instead of being lent again. Throws what `body` throws; and before `body` runs
    /// `too-many-waiters`, `wait-timed-out`, `timed-out`, `cancelled` or `closed`, or why no connection could be made:
    /// `connect-failed`, `connect-timed-out` and what else a server that is away came to. The database's time limit
    /// holds for the wait and for each command, not for `body`.
    public func withConnection<Result>(
        _ body: (RedisConnection) async throws -> Result
    ) async throws -> Result {
        let lease: AsyncConnection
        let deadline = Deadline(after: timeout)
        do {
            lease = try await connections.pool.lease(until: deadline)
        } catch {
            throw monitor.refusedLease(error, since: deadline.start).at(name)
        }
        let connection = RedisConnection(
            lease, of: connections, database: name, timeout: timeout, monitor: monitor, scanPace: scanPace)
        do {
            let result = try await body(connection)
            takeBack(lease, connection)
            return result
        } catch {
            takeBack(lease, connection)
            throw error
        }
    }

    private func takeBack(_ lease: AsyncConnection, _ connection: RedisConnection) {
        let end = connection.endLease()
        connections.pool.release(lease, reusable: end.isReusable)
        if end.showsWrongConnection { _ = connections.renew(since: .now) }
    }

    /// Removes every key of this database, and of no other.
    ///
    /// Throws `flush-refused`, and flushes nothing, if the catalogue protects the database or another name of its
    /// number, and if the server has search indexes, all of which a flush of any database drops. It is asked for them
    /// first, which costs one more round trip; an index made between the two is lost.
    /// - Complexity: O(N) in the database's keys, in the background unless `mode` says otherwise.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) async throws(RedisError) {
        let command = RedisCommand<Void>.flushdb(isAsynchronous: mode == .asynchronous)
        do throws(RedisError) {
            try flushRules.check()
            let indexes: SearchIndexes
            do throws(RedisError) {
                indexes = try await searchIndexes()
            } catch {
                throw flushRules.unanswered(error)
            }
            try flushRules.check(indexes)
        } catch {
            throw monitor.refused(command.encoded, error)
        }
        try await run(command)
    }

    // One asynchronous function between `run` and the connections: each costs a frame.
    @usableFromInline
    func reply(to command: EncodedCommand) async throws(RedisError) -> RESPValue {
        do {
            try refuseIfCancelled()
        } catch {
            throw monitor.refused(command, error)
        }
        let lane: Lane
        switch command.route {
        case .shared: lane = .shared
        case .bulk: lane = .bulk
        case .blocking: return try await replyOfLease(to: command)
        case .answered(let known): return known.reply
        case .conversation: throw monitor.refused(command, .needsConnection(command.name))
        case .refused(let reason):
            throw monitor.refused(command, RedisError(.commandRefused, reason.description))
        }
        let deadline = Deadline(after: timeout)
        let outcome: Result<[RESPValue], ConnectionFailure>
        do {
            let reply = try await connections.send(command.bytes, on: lane, until: deadline)
            if reply.refusal == nil {
                monitor.answered(command, reply, since: deadline.start)
                return reply
            }
            outcome = .success([reply])
        } catch {
            outcome = .failure(error)
        }
        let result = await repeated(outcome, command.bytes, until: deadline) { () async throws(ConnectionFailure) in
            try await connections.sendAll(command.bytes, count: 1, on: lane, until: deadline)
        }
        return try monitor.ended(command, result.map { $0[0] }, since: deadline.start)
    }

    /// Sends again what ``RedisReplay`` and a server that has not run it allow; the outcome that stands. Connections
    /// that lead to the wrong server are replaced.
    private func repeated(
        _ first: Result<[RESPValue], ConnectionFailure>, _ bytes: [UInt8], until deadline: Deadline,
        _ again: () async throws(ConnectionFailure) -> [RESPValue]
    ) async -> Result<[RESPValue], ConnectionFailure> {
        var repetition = Repetition(replay, of: bytes, until: deadline)
        var (outcome, start) = (first, deadline.start)
        while true {
            let isRenewed = outcome.showsWrongConnection && connections.renew(since: start)
            guard let pause = repetition.pause(after: &outcome, isRenewed: isRenewed) else { return outcome }
            // A task that is cancelled meanwhile has its outcome.
            guard await sleepTask(for: pause) else { return outcome }
            if deadline.isOver { return outcome }
            start = .now
            outcome = await Result(again)
        }
    }

    /// What blocks has a connection to itself meanwhile.
    ///
    /// The call's time is for the wait until it can leave; from then on the command has that time again, on top of its
    /// own. Were the wait a part of it, the client could give up before the server does, and lose an element.
    private func replyOfLease(to command: EncodedCommand) async throws(RedisError) -> RESPValue {
        let patience = Deadline(after: timeout)
        let send = { () async throws(ConnectionFailure) in try await sendOnLease(command, until: patience) }
        var outcome = await Result(send)
        if outcome.mayNotStand { outcome = await repeated(outcome, command.bytes, until: patience, send) }
        return try monitor.ended(command, outcome.map { $0[0] }, since: patience.start, hasWaited: true)
    }

    private func sendOnLease(
        _ command: EncodedCommand, until patience: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        let lease = try await connections.pool.lease(until: patience)
        if let failure = await lease.failureBeforeReady(until: patience) {
            connections.pool.release(lease, reusable: true)
            throw failure
        }
        let deadline = Deadline(after: timeout.adding(command.blockingTime))
        let result = await lease.sendBlocking(command.bytes, count: 1, until: deadline, unblock: connections.unblock)
            .unlessCancelled { command.brings($0[0]) }
        // Where nobody knows what became of it the server may still wait, and answer the next command first.
        connections.pool.release(lease, reusable: result.isAnswered)
        return try result.get()
    }
}

extension Timeout {
    /// For a command that waits on the server by itself.
    func adding(_ time: BlockingTime) -> Timeout {
        switch time {
        case .none: self
        case .unlimited: Timeout(nil)
        case .upTo(let duration): atLeast(BlockingTime.leastMargin).adding(duration)
        }
    }

    /// For a batch, which waits as long as all of its commands may.
    func adding(_ batch: RedisBatch) -> Timeout {
        batch.special.reduce(self) { $0.adding($1.command.blockingTime) }
    }
}

extension Result where Failure == ConnectionFailure {
    /// True if the server has answered, and waits no longer.
    var isAnswered: Bool {
        switch self {
        case .success: true
        case .failure(let failure): failure.progress == .answered
        }
    }
}

extension Result<[RESPValue], ConnectionFailure> {
    /// Of a cancelled task's command that waited on the server: the replies if they bring something, which nobody else
    /// will have.
    func unlessCancelled(_ brings: ([RESPValue]) -> Bool) -> Self {
        guard case .success(let replies) = self, Task.isCancelled, !brings(replies) else { return self }
        return .failure(.cancelled(.answered))
    }
}

extension Result where Failure == ConnectionFailure {
    init(_ body: () async throws(ConnectionFailure) -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// A task cancelled before its command left sends nothing.
func refuseIfCancelled() throws(RedisError) {
    guard !Task.isCancelled else { throw RedisError(.cancelled, "the task was cancelled before the command was sent") }
}
