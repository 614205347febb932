public import RESP
public import RedisCommands
import RedisNetworking

/// A connection of one's own for blocking callers, lent by ``BlockingRedisDatabase/withConnection(_:)``.
///
/// It belongs to the thread that leased it. After the lease every function throws `closed`.
public final class BlockingRedisConnection: BlockingRedisExecutor {
    private let connection: BlockingConnection
    public let name: DatabaseName
    private let timeout: Timeout
    private let monitor: CommandMonitor
    public let scanPace: RedisPace
    private var state = LeaseState()

    init(
        _ connection: BlockingConnection, database: DatabaseName, timeout: Timeout, monitor: CommandMonitor,
        scanPace: RedisPace
    ) {
        self.connection = connection
        self.name = database
        self.timeout = timeout
        self.monitor = monitor
        self.scanPace = scanPace
    }

    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try reply(to: command.encoded))
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
                throw monitor.refused(pipelineOf: batch.count, error)
            }
            let deadline = Deadline(after: timeout.adding(batch))
            let result = Result { () throws(ConnectionFailure) in
                try connection.sendAll(batch.bytes, count: batch.count, until: deadline)
            }
            state.ended(batch, result)
            return try monitor.ended(pipelineOf: batch.count, result, since: deadline.start)
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

    /// True if the connection can be lent again; every later use is refused.
    func endLease() -> Bool { state.end() }

    private func reply(to command: EncodedCommand) throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            if case .refused(let reason) = command.route { throw RedisError(.commandRefused, reason.description) }
            try state.willSend(command)
        } catch {
            throw monitor.refused(command, error)
        }
        let deadline = Deadline(after: timeout.adding(command.blockingTime))
        let result = Result { () throws(ConnectionFailure) in
            if case .conversation(let channels) = command.route, channels > 0 {
                return try connection.subscribe(command.bytes, until: deadline).subscriptionReply
            }
            return try connection.send(command.bytes, until: deadline)
        }
        state.ended(command, result)
        return try monitor.ended(command, result, since: deadline.start)
    }
}
