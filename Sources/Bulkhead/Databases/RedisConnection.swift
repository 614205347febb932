public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP
import Synchronization

/// A connection of one's own in a named database, lent by `withConnection`.
///
/// It takes all commands a database takes, and those that need several on one connection: WATCH, MULTI, EXEC,
/// SUBSCRIBE, WAIT. It still serves one database only: SELECT and the like are refused here too. Between MULTI and EXEC
/// it takes raw commands whose reply is a `RESPValue`, as the server only queues them; a typed one throws
/// `command-refused`, and nothing is sent. After the lease every function throws `closed`.
public final class RedisConnection: RedisExecutor {
    private let connection: AsyncConnection
    /// Where it goes back to, and over whose other connections the server is asked to end a wait on this one.
    let node: Node
    let binding: DatabaseBinding
    let timeout: Timeout
    let server: ClusterServer?
    private let state = Mutex(LeaseState())

    init(_ connection: AsyncConnection, of node: Node, _ binding: DatabaseBinding, _ timeout: Timeout) {
        self.connection = connection
        self.node = node
        self.binding = binding
        self.timeout = timeout
        server = binding.topology.cluster?.server(of: node)
        connection.watchLogins(by: self)
    }

    public var name: DatabaseName { binding.entry.name }
    public var scanPace: RedisPace { binding.scanPace }

    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        let request = SingleCommand(command: command.encoded, isTyped: command.isTyped)
        return try command.value(of: try await replies(to: request), in: name)
    }

    public func pipeline(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        if batch.count == 0 { return [] }
        return batch.replies(with: try await replies(to: batch))
    }

    /// What the server sends unasked: after `send("SUBSCRIBE", …)` its messages, each an array or push of its kind,
    /// channel and content.
    ///
    /// The sequence ends by throwing a `RedisError`: when the connection is lost, and with `messages-lost` when 1,024
    /// messages, or 64 MiB of them, wait unread. Messages may be missed then, so its stage is `sent`; where no
    /// connection was made it is `connecting`. A cancelled task's iteration ends without an error, and what it did
    /// not read stays for the next. After the lease the sequence is empty. A connection whose messages were read is
    /// not lent again.
    public var pushes: some AsyncSequence<RESPValue, RedisError> & Sendable {
        let isOver = state.withLock { state in
            state.readsMessages()
            return state.isOver
        }
        return RedisPushes(base: isOver ? nil : connection.pushes, database: name)
    }

    /// Gives the connection back; every later use is refused.
    func endLease() {
        let end = state.withLock { $0.end() }
        node.leases.release(connection, reusable: end.isReusable)
        if end.showsWrongConnection { leaveWrongServer() }
    }
}

extension RedisConnection: AsyncRunner, LeaseRunner {
    func admit(_ request: some Request) throws(RedisError) -> Way {
        try binding.searchPlace.check(request)
        try request.checkForLease()
        loginChanged()
        return try state.withLock { state throws(RedisError) in try state.admit(request) }
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        began()
        do {
            let replies =
                request.waits
                ? try await attemptToWait(request, until: deadline)
                : try await request.send(over: connection, until: deadline)
            ended(nil)
            state.withLock { $0.ended(request, .success(replies)) }
            return replies
        } catch {
            ended(error)
            state.withLock { $0.ended(request, .failure(error)) }
            throw error
        }
    }

    /// What waits on the server has its time from when it leaves: the wait for the connection has the limit to itself.
    private func attemptToWait<Sent: Request>(
        _ request: Sent, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        if let failure = await connection.failureBeforeReady(until: deadline) { throw failure }
        return Sent.Received(
            try await connection.sendBlocking(
                request.bytes, count: request.sent, until: Deadline(after: request.extending(relaxedTimeout)),
                unblock: node.unblock
            ).unlessCancelled(request).get())
    }
}

extension RedisConnection: LoginWatcher {
    /// Logs in anew if there is a new login and no transaction is open; else before the next command behind it.
    package func loginChanged() {
        guard connection.hasLogins else { return }
        state.withLock { if $0.permitsLogin { connection.renewLogin() } }
    }
}
