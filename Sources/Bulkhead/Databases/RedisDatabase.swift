public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// One named database, for asynchronous callers. Get it from ``RedisDatabases``; keep it, copy it, share it.
///
/// Any number of tasks share its connections: their commands are pipelined, each task's in its order. Short commands
/// go over one connection, large ones (SCAN, HGETALL, LRANGE …) over a second, and a command that blocks over one of
/// its own, so that none of them waits for the others.
public struct RedisDatabase: RedisExecutor {
    let binding: DatabaseBinding
    private(set) var timeout: Timeout

    init(_ binding: DatabaseBinding, timeout: Timeout) {
        self.binding = binding
        self.timeout = timeout
    }

    public var name: DatabaseName { binding.entry.name }
    /// The number that its connections select.
    public var number: Int { binding.entry.number }
    /// Where its server listens, as it stands in error messages.
    public var address: String { binding.address }
    public var scanPace: RedisPace { binding.scanPace }

    /// The same database with another limit for the time of each command; nil is none.
    ///
    /// ```swift
    /// let session = try await databases[.main].within(.milliseconds(50)).get("session:42")
    /// ```
    /// The limit covers all of a call: waiting for a connection, connecting, writing, the reply. Past it the call
    /// throws `timed-out`, and ``RedisError/stage`` says whether the command had been sent. A reply that comes later is
    /// dropped, and no other caller on the connection notices. The default is ``RedisConfiguration/commandTimeout``.
    ///
    /// A command that blocks on the server, such as BLPOP, has the limit once until it is sent. From then on it has its
    /// own time and the limit again, of which 250 ms at least, as an idle server ends such a wait up to 101 ms late.
    ///
    /// When such a command has timed out, or its task was cancelled, CLIENT UNBLOCK ends it at the server, over another
    /// connection. If it had taken an element it returns that all the same, also to a cancelled task. Else a command
    /// that timed out returns that nothing came, and a cancelled one throws `cancelled` with the stage `answered`.
    /// Where the server denies CLIENT UNBLOCK, or does not answer within half a second, the command's connection is
    /// closed: what it takes until the server notices is lost.
    public func within(_ timeout: Duration?) -> RedisDatabase {
        var database = self
        database.timeout = Timeout(timeout)
        return database
    }

    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        try command.value(of: try await reply(to: command.bytes, by: command.route), in: name)
    }

    public func pipeline(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        if batch.count == 0 { return [] }
        return batch.replies(with: try await replies(to: batch))
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
    /// subscribed is closed instead of being lent again. The database's time limit holds for the wait and for each
    /// command, not for `body`.
    ///
    /// `body` runs where its caller runs: on an actor it reads and changes the actor's state. Its result stays there,
    /// and may be of any type, `Sendable` or not.
    ///
    /// Throws what `body` throws; and before `body` runs `too-many-waiters`, `lease-timed-out`, `timed-out`,
    /// `cancelled` or `closed`, or why no connection could be made, such as `connect-failed`. All of these are
    /// ``RedisError``s. Where `body` throws nothing else, say so, and the call throws nothing else either:
    /// `withConnection { connection async throws(RedisError) in … }`.
    @_disfavoredOverload
    public func withConnection<Result>(
        _ body: (RedisConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await lease()
        defer { connection.endLease() }
        return try await body(connection)
    }

    /// The same for a body that throws nothing but ``RedisError``.
    public func withConnection<Result>(
        _ body: (RedisConnection) async throws(RedisError) -> Result
    ) async throws(RedisError) -> Result {
        let connection = try await lease()
        defer { connection.endLease() }
        return try await body(connection)
    }

    /// A connection to any server of the name; to that of a key's slot where there is a question for it.
    func lease(
        of question: @autoclosure () -> SlotQuestion? = nil
    ) async throws(RedisError) -> RedisConnection {
        let deadline = Deadline(after: relaxedTimeout)
        var wait = PrimaryWait(until: deadline)
        while true {
            do throws(ConnectionFailure) {
                let (connection, node) = try await binding.topology.lease(of: question, until: deadline)
                return RedisConnection(connection, of: node, binding, timeout)
            } catch {
                if let pause = wait.pause(after: error), await sleepTask(for: pause) { continue }
                throw monitor.refusedLease(explained(error), since: deadline.start).at(name)
            }
        }
    }

    /// Removes every key of this database, and of no other.
    ///
    /// Throws `flush-refused`, and flushes nothing, if the catalogue protects the database or another name of its
    /// number, and if the server has search indexes, all of which a flush of any database drops. It is asked for them
    /// first, which costs one more round trip; an index made between the two is lost.
    /// - Complexity: O(N) in the database's keys, in the background unless `mode` says otherwise.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) async throws(RedisError) {
        let command = RedisCommand<Void>.flushdb(mode)
        let deadline = Deadline(after: timeout)
        do throws(RedisError) {
            try binding.flushRules.check()
            let indexes: SearchIndexes
            do throws(RedisError) {
                indexes = try await searchIndexes()
            } catch {
                throw binding.flushRules.unanswered(error)
            }
            try binding.flushRules.check(indexes)
        } catch {
            throw monitor.refused(SingleCommand(command: command.encoded), error)
        }
        try await until(deadline).run(command)
    }
}

extension RedisDatabase: AsyncRunner {
    var monitor: CommandMonitor { binding.monitor }
    var maintenance: MaintenanceWatch? { binding.maintenance }
    var retryPolicy: RedisRetryPolicy? { binding.retryPolicy }

    func admit(_ request: some Request) throws(RedisError) -> Way {
        try binding.searchPlace.check(request)
        return try request.way()
    }

    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { binding.topology.explained(failure) }

    func renew(since moment: Moment) -> Bool { binding.topology.renew(since: moment) }

    @inline(__always)
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        let node: Node
        var server: ClusterServer?
        switch binding.topology {
        case .fixed(let only): node = only
        case .cluster(let topology):
            guard let known = topology.beginDirectly(request, by: way, of: binding) else {
                return try await topology.attempt(request, by: way, of: self, until: deadline)
            }
            (node, server) = (known.node, known)
        case .routed(let topology): return try await topology.attempt(request, by: way, of: self, until: deadline)
        }
        guard case .lane(let lane) = way else { return try await attemptOnLease(request, of: node, until: deadline) }
        let outcome: Result<Sent.Received, ConnectionFailure>
        do {
            let replies = try await request.send(over: node, on: lane, until: deadline)
            if server?.endedDirectly(replies) ?? true { return replies }
            outcome = .success(replies)
        } catch {
            guard let server else { throw error }
            server.ended(isAnswered: false)
            outcome = .failure(error)
        }
        return try await resume(request, on: lane, until: deadline, after: outcome, of: server)
    }

    /// What an error or a failure of the short way in a cluster comes to. Out of line: it is rare.
    @inline(never)
    func resume<Sent: Request>(
        _ request: Sent, on lane: Lane, until deadline: Deadline,
        after outcome: Result<Sent.Received, ConnectionFailure>, of server: ClusterServer?
    ) async throws(ConnectionFailure) -> Sent.Received {
        guard let server, let topology = binding.topology.cluster else { return try outcome.get() }
        return try await topology.resume(request, on: lane, until: deadline, after: outcome, of: server)
    }

    /// What blocks has a connection to itself meanwhile, and so has a transaction.
    ///
    /// The call's time is for the wait until it can leave; from then on the command has that time again, on top of its
    /// own. Were the wait a part of it, the client could give up before the server does, and lose an element.
    @inline(never)
    func attemptOnLease<Sent: Request>(
        _ request: Sent, of node: Node, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        guard request.waits else { return try await attemptInOnePiece(request, over: node, until: deadline) }
        let lease = try await node.leases.lease(until: deadline)
        if let failure = await lease.failureBeforeReady(until: deadline) {
            node.leases.release(lease, reusable: true)
            throw failure
        }
        let outcome = await lease.sendBlocking(
            request.bytes, count: request.sent, until: Deadline(after: request.extending(relaxedTimeout)),
            unblock: node.unblock
        ).unlessCancelled(request)
        // Where nobody knows what became of it the server may still wait, and answer the next command first.
        node.leases.release(lease, reusable: outcome.isAnswered)
        return Sent.Received(try outcome.get())
    }
}
