public import BulkheadCommands
import BulkheadNetworking
import Synchronization

extension BlockingRedisDatabase {
    @discardableResult
    public func transaction<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) throws(RedisError) -> Replies {
        // What may not be sent is refused below, before anything is.
        let database = transaction.isSent ? try permitted() : self
        guard let replies = try database.execute(transaction) else { throw RedisError.conflict(after: 1).at(name) }
        return replies
    }

    /// Reads, decides and writes, as the asynchronous form does; the pauses between attempts block the thread.
    public func transaction<Replies>(
        watching keys: [any RedisArgument], attempts: Int = 16,
        _ body: (BlockingRedisConnection) throws(RedisError) -> RedisTransaction<Replies>?
    ) throws(RedisError) -> Replies? {
        var machine = try WatchMachine(keys, attempts, in: name)
        _ = try permitted()
        while true {
            switch try attempt(watching: keys, body) {
            case .written(let replies): return replies
            case .nothingToWrite: return nil
            case .conflict:
                sleepThread(for: try machine.pauseAfterConflict())
            }
        }
    }

    /// On a connection to the server of the keys.
    private func attempt<Replies>(
        watching keys: [any RedisArgument],
        _ body: (BlockingRedisConnection) throws(RedisError) -> RedisTransaction<Replies>?
    ) throws(RedisError) -> WatchOutcome<Replies> {
        let connection = try lease(of: SlotQuestion(keys[0]))
        defer { connection.endLease() }
        return try connection.attempt(watching: keys, body)
    }

    /// The same for a body that throws errors of other types too.
    @_disfavoredOverload
    public func transaction<Replies>(
        watching keys: [any RedisArgument], attempts: Int = 16,
        _ body: (BlockingRedisConnection) throws -> RedisTransaction<Replies>?
    ) throws -> Replies? {
        var foreign: (any Error)?
        let replies: Replies? = try transaction(watching: keys, attempts: attempts) {
            connection throws(RedisError) in
            do {
                return try body(connection)
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
    private func permitted() throws(RedisError) -> BlockingRedisDatabase {
        guard !binding.permitsTransactions.load(ordering: .relaxed) else { return self }
        let deadline = Deadline(after: timeout)
        let nothing = TransactionRequest(RedisBatch())
        do throws(RedisError) {
            _ = try nothing.results(try replies(to: nothing))
        } catch {
            throw error.at(name, nothing.place)
        }
        binding.permitsTransactions.store(true, ordering: .relaxed)
        return until(deadline)
    }

    /// What is lent for this request alone.
    func attemptInOnePiece<Sent: Request>(
        _ request: Sent, on connection: BlockingConnection, of pool: BlockingPool, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        let outcome = Result { () throws(ConnectionFailure) in
            try request.send(over: connection, until: deadline)
        }
        pool.release(connection, reusable: LeaseState.isClean(after: request, outcome))
        return try outcome.get()
    }
}

extension BlockingRedisConnection {
    @discardableResult
    public func transaction<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) throws(RedisError) -> Replies {
        guard let replies = try execute(transaction) else { throw RedisError.conflict(after: 1).at(name) }
        return replies
    }

    fileprivate func attempt<Replies>(
        watching keys: [any RedisArgument],
        _ body: (BlockingRedisConnection) throws(RedisError) -> RedisTransaction<Replies>?
    ) throws(RedisError) -> WatchOutcome<Replies> {
        try run(.raw("WATCH", keys))
        let transaction: RedisTransaction<Replies>?
        do throws(RedisError) {
            transaction = try body(self)
        } catch {
            unwatch()
            throw error
        }
        guard let transaction else {
            unwatch()
            return .nothingToWrite
        }
        guard let replies = try execute(transaction) else { return .conflict }
        if transaction.isUnsent { unwatch() }
        return .written(replies)
    }

    /// Where this fails the connection is closed with its lease, which ends the watch too.
    private func unwatch() { _ = try? run(.raw("UNWATCH", [])) }
}

extension BlockingRunner {
    /// The transaction's replies; nil if a watched key was changed.
    fileprivate func execute<Replies>(
        _ transaction: RedisTransaction<Replies>
    ) throws(RedisError) -> Replies? {
        let request = TransactionRequest(transaction.batch)
        do throws(RedisError) {
            if transaction.batch.count == 0 { return try transaction.value(of: [], in: name) }
            guard let results = try request.results(try replies(to: request)) else { return nil }
            return try transaction.value(of: results, in: name)
        } catch {
            throw error.at(name, request.place)
        }
    }
}
