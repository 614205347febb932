public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// A connection of one's own for blocking callers, lent by `withConnection`.
///
/// It belongs to the thread that leased it. After the lease every function throws `closed`.
public final class BlockingRedisConnection: BlockingRedisExecutor {
    private let connection: BlockingConnection
    /// Where it goes back to, and over whose other connections the server is asked to end a wait on this one.
    let node: Node
    let binding: DatabaseBinding
    let timeout: Timeout
    let server: ClusterServer?
    private var state = LeaseState()

    init(_ connection: BlockingConnection, of node: Node, _ binding: DatabaseBinding, _ timeout: Timeout) {
        self.connection = connection
        self.node = node
        self.binding = binding
        self.timeout = timeout
        server = binding.topology.cluster?.server(of: node)
    }

    public var name: DatabaseName { binding.entry.name }
    public var scanPace: RedisPace { binding.scanPace }

    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        let request = SingleCommand(command: command.encoded, isTyped: command.isTyped)
        return try command.value(of: try replies(to: request), in: name)
    }

    public func pipeline(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        if batch.count == 0 { return [] }
        return batch.replies(with: try replies(to: batch))
    }

    /// The next value the server sends unasked, such as a message after `send("SUBSCRIBE", …)`; nil past `timeout`.
    ///
    /// Throws when the connection is lost, and `messages-lost` when 1,024 messages, or 64 MiB of them, wait unread.
    /// Messages may be missed then, so the error's stage is `sent`.
    public func nextPush(timeout: Duration) throws(RedisError) -> RESPValue? {
        do throws(RedisError) {
            if state.isOver { throw LeaseState.over }
            if state.permitsLogin { connection.renewLogin(until: .none) }
            return try translatingBlocking { () throws(ConnectionFailure) in
                try connection.nextPush(timeout: timeout)
            }
        } catch {
            throw error.at(name)
        }
    }

    /// Gives the connection back; every later use is refused.
    func endLease() {
        let end = state.end()
        node.blocking.release(connection, reusable: end.isReusable)
        if end.showsWrongConnection { leaveWrongServer() }
    }
}

extension BlockingRedisConnection: BlockingRunner, LeaseRunner {
    func admit(_ request: some Request) throws(RedisError) -> Way {
        try binding.searchPlace.check(request)
        try request.checkForLease()
        if state.permitsLogin { connection.renewLogin(until: Deadline(after: timeout)) }
        return try state.admit(request)
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        began()
        do {
            let replies =
                request.waits
                ? Sent.Received(
                    try connection.sendBlocking(
                        request.bytes, count: request.sent, until: Deadline(after: request.extending(relaxedTimeout)),
                        unblock: node.blocking.unblock))
                : try request.send(over: connection, until: deadline)
            ended(nil)
            state.ended(request, .success(replies))
            return replies
        } catch {
            ended(error)
            state.ended(request, .failure(error))
            throw error
        }
    }
}
