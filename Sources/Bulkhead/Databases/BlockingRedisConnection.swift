public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// A connection of one's own for blocking callers, lent by ``BlockingRedisDatabase/withConnection(_:)``.
///
/// It belongs to the thread that leased it. After the lease every function throws `closed`.
public final class BlockingRedisConnection: BlockingRedisExecutor {
    private let connection: BlockingConnection
    /// That of its database, over which the server is asked to end a wait on this one.
    private let others: BlockingPool
    public let name: DatabaseName
    private let timeout: Timeout
    private let monitor: CommandMonitor
    public let scanPace: RedisPace
    private var state = LeaseState()

    init(
        _ connection: BlockingConnection, of others: BlockingPool, database: DatabaseName, timeout: Timeout,
        monitor: CommandMonitor, scanPace: RedisPace
    ) {
        self.connection = connection
        self.others = others
        self.name = database
        self.timeout = timeout
        self.monitor = monitor
        self.scanPace = scanPace
    }

    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try reply(to: command.encoded, isTyped: command.isTyped))
        } catch {
            throw error.at(name, command.name)
        }
    }

    public func send(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            do throws(RedisError) {
                try batch.check(isShared: false)
                try state.willSend(batch)
            } catch {
                throw monitor.refused(pipelineOf: batch, error)
            }
            let deadline = Deadline(after: timeout.adding(batch))
            let result = Result { () throws(ConnectionFailure) -> [RESPValue] in
                if batch.sent == 0 { return [] }
                guard batch.waits else {
                    return try connection.sendAll(batch.bytes, count: batch.sent, until: deadline)
                }
                return try connection.sendBlocking(
                    batch.bytes, count: batch.sent, until: deadline, unblock: others.unblock)
            }
            state.ended(batch, result)
            if batch.sent == 0 { return batch.replies(with: []) }
            return batch.replies(
                with: try monitor.ended(
                    pipelineOf: batch, result, since: deadline.start, hasWaited: batch.waits))
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// The next value the server sends unasked, such as a message after `send("SUBSCRIBE", …)`; nil past `timeout`.
    ///
    /// Throws when the connection is lost, and `messages-lost` when 1,024 messages, or 64 MiB of them, wait unread.
    /// Messages may be missed then, so the error's stage is `sent`.
    public func nextPush(timeout: Duration) throws(RedisError) -> RESPValue? {
        do throws(RedisError) {
            if state.isOver { throw LeaseState.over }
            return try translatingBlocking { () throws(ConnectionFailure) in
                try connection.nextPush(timeout: timeout)
            }
        } catch {
            throw error.at(name)
        }
    }

    /// What is known about the connection; every later use is refused.
    func endLease() -> LeaseState.End { state.end() }

    private func reply(to command: EncodedCommand, isTyped: Bool) throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            if case .refused(let reason) = command.route { throw RedisError(.commandRefused, reason.description) }
            try state.willSend(command, isTyped: isTyped)
        } catch {
            throw monitor.refused(command, error)
        }
        if case .answered(let known) = command.route {
            state.ended(command, .success(known.reply))
            return known.reply
        }
        let time = command.blockingTime
        let deadline = Deadline(after: timeout.adding(time))
        let result = Result { () throws(ConnectionFailure) in
            if case .conversation(let channels) = command.route, channels > 0 {
                return try connection.subscribe(command.bytes, until: deadline).subscriptionReply
            }
            if time == .none { return try connection.send(command.bytes, until: deadline) }
            return try connection.sendBlocking(
                command.bytes, count: 1, until: deadline, unblock: others.unblock)[0]
        }
        state.ended(command, result)
        return try monitor.ended(command, result, since: deadline.start, hasWaited: time != .none)
    }
}
