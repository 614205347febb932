public import BulkheadCommands
import BulkheadNetworking
import Synchronization

extension RedisDatabase {
    @discardableResult
    public func transaction<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) async throws(RedisError) -> Replies {
        // What may not be sent is refused below, before anything is.
        let database = transaction.isSent ? try await permitted() : self
        guard let replies = try await database.execute(transaction) else {
            throw RedisError.conflict(after: 1).at(name)
        }
        return replies
    }

    /// Reads, decides and writes, so that nothing it has read changed by the time it writes.
    ///
    /// ```swift
    /// let isSold = try await database.transaction(watching: ["stock"]) { reads async throws(RedisError) in
    ///     let left = try await reads.get("stock", as: Int.self) ?? 0
    ///     return left > 0 ? RedisTransaction(.set("stock", left - 1)) : nil  // nil: nothing is written
    /// } ?? false
    /// ```
    /// The keys are watched (WATCH), `body` reads over the connection it gets, and what it returns runs atomically,
    /// unless another client has changed one of the keys meanwhile. Then all begins anew after a pause: random, and
    /// growing from 2 to 250 ms. So `body` may run several times; it should do nothing but read. After the last of
    /// `attempts` it throws `transaction-conflict`, and nothing was written. Many writers of one key do better with a
    /// script, which needs no second attempt. In a cluster all keys must live in one slot, those that `body` reads too.
    ///
    /// Returns nil where `body` did. However it ends, the watch ends too: by UNWATCH, or with its connection. Throws
    /// what `body` throws. An error of `body` or of the connection is not followed by another attempt; if the
    /// connection is lost behind EXEC, `error.isAmbiguous` is true.
    /// - Complexity: three round trips for each attempt, and those of `body`.
    public func transaction<Replies>(
        watching keys: [any RedisArgument], attempts: Int = 16,
        _ body: (RedisConnection) async throws(RedisError) -> RedisTransaction<Replies>?
    ) async throws(RedisError) -> Replies? {
        var machine = try WatchMachine(keys, attempts, in: name)
        _ = try await permitted()
        while true {
            switch try await attempt(watching: keys, body) {
            case .written(let replies): return replies
            case .nothingToWrite: return nil
            case .conflict:
                guard await sleepTask(for: try machine.pauseAfterConflict()) else {
                    throw RedisError(
                        .cancelled, "the task was cancelled between two attempts, and nothing was written",
                        database: name, command: "a transaction")
                }
            }
        }
    }

    /// On a connection to the server of the keys.
    private func attempt<Replies>(
        watching keys: [any RedisArgument],
        _ body: (RedisConnection) async throws(RedisError) -> RedisTransaction<Replies>?
    ) async throws(RedisError) -> WatchOutcome<Replies> {
        let connection = try await lease(of: SlotQuestion(keys[0]))
        defer { connection.endLease() }
        return try await connection.attempt(watching: keys, body)
    }

    /// The same for a body that throws errors of other types too.
    @_disfavoredOverload
    public func transaction<Replies>(
        watching keys: [any RedisArgument], attempts: Int = 16,
        _ body: (RedisConnection) async throws -> RedisTransaction<Replies>?
    ) async throws -> Replies? {
        var foreign: (any Error)?
        let replies: Replies? = try await transaction(watching: keys, attempts: attempts) {
            connection async throws(RedisError) in
            do {
                return try await body(connection)
            } catch {
                foreign = try error.foreign
                return nil
            }
        }
        if let foreign { throw foreign }
        return replies
    }

    /// Has the server answer an empty transaction once. Whoever sends all in one write to a server that refuses MULTI
    /// has the commands run one by one. Returns this database with the time that is left for the call.
    private func permitted() async throws(RedisError) -> RedisDatabase {
        guard !binding.permitsTransactions.load(ordering: .relaxed) else { return self }
        let deadline = Deadline(after: timeout)
        let nothing = TransactionRequest(RedisBatch())
        do throws(RedisError) {
            _ = try nothing.results(try await replies(to: nothing))
        } catch {
            throw error.at(name, nothing.place)
        }
        binding.permitsTransactions.store(true, ordering: .relaxed)
        return until(deadline)
    }

    /// What is lent for this request alone: one more try on another connection where it had ended before.
    func attemptInOnePiece<Sent: Request>(
        _ request: Sent, over node: Node, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        do {
            return try await attempt(request, on: node.leases.lease(until: deadline), of: node.leases, until: deadline)
        } catch {
            guard error.isOfEndedConnection else { throw error }
            return try await attempt(request, on: node.leases.lease(until: deadline), of: node.leases, until: deadline)
        }
    }

    private func attempt<Sent: Request>(
        _ request: Sent, on connection: AsyncConnection, of pool: AsyncPool, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        let outcome: Result<Sent.Received, ConnectionFailure>
        do {
            outcome = .success(try await request.send(over: connection, until: deadline))
        } catch {
            outcome = .failure(error)
        }
        pool.release(connection, reusable: LeaseState.isClean(after: request, outcome))
        return try outcome.get()
    }
}

extension RedisConnection {
    @discardableResult
    public func transaction<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) async throws(RedisError) -> Replies {
        guard let replies = try await execute(transaction) else { throw RedisError.conflict(after: 1).at(name) }
        return replies
    }

    fileprivate func attempt<Replies>(
        watching keys: [any RedisArgument],
        _ body: (RedisConnection) async throws(RedisError) -> RedisTransaction<Replies>?
    ) async throws(RedisError) -> WatchOutcome<Replies> {
        try await run(.raw("WATCH", keys))
        let transaction: RedisTransaction<Replies>?
        do throws(RedisError) {
            transaction = try await body(self)
        } catch {
            await unwatch()
            throw error
        }
        guard let transaction else {
            await unwatch()
            return .nothingToWrite
        }
        guard let replies = try await execute(transaction) else { return .conflict }
        if transaction.isUnsent { await unwatch() }
        return .written(replies)
    }

    /// Where this fails the connection is closed with its lease, which ends the watch too.
    private func unwatch() async { _ = try? await run(.raw("UNWATCH", [])) }
}

extension AsyncRunner {
    /// The transaction's replies; nil if a watched key was changed.
    fileprivate func execute<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) async throws(RedisError) -> Replies? {
        let request = TransactionRequest(transaction.batch)
        do throws(RedisError) {
            if transaction.batch.count == 0 { return try transaction.value(of: [], in: name) }
            guard let results = try request.results(try await replies(to: request)) else { return nil }
            return try transaction.value(of: results, in: name)
        } catch {
            throw error.at(name, request.place)
        }
    }
}
