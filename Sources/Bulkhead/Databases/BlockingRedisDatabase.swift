public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// One named database, for callers that may block their thread: scripts, command-line tools, worker threads.
///
/// Get it from ``RedisDatabases/blocking(_:)``. A command takes a connection to itself while it runs, so threads do
/// not wait for each other until all connections are taken; then they are served in the order they came.
public struct BlockingRedisDatabase: BlockingRedisExecutor, Sendable {
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

    /// The same database with another limit for the time of each command, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> BlockingRedisDatabase {
        var database = self
        database.timeout = Timeout(timeout)
        return database
    }

    @inlinable
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        try command.value(of: try reply(to: command.encoded), in: name)
    }

    @usableFromInline
    func reply(to command: EncodedCommand) throws(RedisError) -> RESPValue {
        try replies(to: SingleCommand(command: command))
    }

    public func pipeline(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        if batch.count == 0 { return [] }
        return batch.replies(with: try replies(to: batch))
    }

    /// Lends a connection of its own for as long as `body` runs, as the asynchronous form does.
    @_disfavoredOverload
    public func withConnection<Result>(_ body: (BlockingRedisConnection) throws -> Result) throws -> Result {
        let connection = try lease()
        defer { connection.endLease() }
        return try body(connection)
    }

    /// The same for a body that throws nothing but ``RedisError``.
    public func withConnection<Result>(
        _ body: (BlockingRedisConnection) throws(RedisError) -> Result
    ) throws(RedisError) -> Result {
        let connection = try lease()
        defer { connection.endLease() }
        return try body(connection)
    }

    /// A connection to any server of the name; to that of a key's slot where there is a question for it.
    func lease(of question: @autoclosure () -> SlotQuestion? = nil) throws(RedisError) -> BlockingRedisConnection {
        let deadline = Deadline(after: relaxedTimeout)
        var wait = PrimaryWait(until: deadline)
        while true {
            do throws(ConnectionFailure) {
                let (connection, node) = try binding.topology.leaseBlocking(of: question, until: deadline)
                return BlockingRedisConnection(connection, of: node, binding, timeout)
            } catch {
                guard let pause = wait.pause(after: error) else {
                    throw monitor.refusedLease(explained(error), since: deadline.start).at(name)
                }
                sleepThread(for: pause)
            }
        }
    }

    /// Removes every key of this database, and of no other; throws `flush-refused` as the asynchronous form does.
    public func flushdb(_ mode: RedisFlushMode = .asynchronous) throws(RedisError) {
        let command = RedisCommand<Void>.flushdb(mode)
        let deadline = Deadline(after: timeout)
        do throws(RedisError) {
            try binding.flushRules.check()
            let indexes: SearchIndexes
            do throws(RedisError) {
                indexes = try searchIndexes()
            } catch {
                throw binding.flushRules.unanswered(error)
            }
            try binding.flushRules.check(indexes)
        } catch {
            throw monitor.refused(SingleCommand(command: command.encoded), error)
        }
        try until(deadline).run(command)
    }
}

extension BlockingRedisDatabase: BlockingRunner {
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
    ) throws(ConnectionFailure) -> Sent.Received {
        guard case .fixed(let node) = binding.topology else {
            return try attemptRouted(request, by: way, until: deadline)
        }
        return try attempt(request, by: way, over: node.blocking, until: deadline)
    }

    /// Out of line: most names have one server.
    @inline(never)
    private func attemptRouted<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        switch binding.topology {
        case .fixed: preconditionFailure("it has one node")
        case .cluster(let topology):
            return try topology.attemptDirectly(request, by: way, of: self, until: deadline)
        case .routed(let topology): return try topology.attempt(request, by: way, of: self, until: deadline)
        }
    }

    @inline(__always)
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, over pool: BlockingPool, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        let connection = try pool.lease(until: deadline, isForOneRequest: true)
        do {
            return try attempt(request, by: way, on: connection, of: pool, until: deadline)
        } catch {
            guard error.stage == .refused else { throw error }
            // It ended between the pool's look and the request: once more on another one, as asynchronous calls are.
            return try attempt(request, by: way, on: pool.lease(until: deadline), of: pool, until: deadline)
        }
    }

    /// Gives the connection back.
    ///
    /// The time of a request that waits on the server begins when it can leave; `deadline` is for the wait until then.
    /// Were that wait a part of it, the client could give up before the server does, and lose an element.
    private func attempt<Sent: Request>(
        _ request: Sent, by way: Way, on connection: BlockingConnection, of pool: BlockingPool, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        guard case .lease = way else {
            defer { pool.release(connection, reusable: true) }
            return try request.send(over: connection, until: deadline)
        }
        guard request.waits else { return try attemptInOnePiece(request, on: connection, of: pool, until: deadline) }
        let outcome = Result { () throws(ConnectionFailure) in
            try connection.sendBlocking(
                request.bytes, count: request.sent, until: Deadline(after: request.extending(relaxedTimeout)),
                unblock: pool.unblock)
        }
        // The server may still wait after the timeout, and answer the next one first.
        pool.release(connection, reusable: outcome.isAnswered)
        return Sent.Received(try outcome.get())
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
