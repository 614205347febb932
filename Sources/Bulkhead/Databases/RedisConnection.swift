public import RESP
public import RedisCommands
import RedisNetworking
import Synchronization

/// A connection of one's own in a named database, lent by ``RedisDatabase/withConnection(_:)``.
///
/// It takes all commands a database takes, and those that need several on one connection: WATCH, MULTI, EXEC,
/// SUBSCRIBE. It still serves one database only: SELECT and its kin are refused here too. After the lease every
/// function throws `closed`.
public final class RedisConnection: RedisExecutor {
    private let connection: AsyncConnection
    public let name: DatabaseName
    private let timeout: Timeout
    private let monitor: CommandMonitor
    public let scanPace: RedisPace
    private let state = Mutex(LeaseState())

    init(
        _ connection: AsyncConnection, database: DatabaseName, timeout: Timeout, monitor: CommandMonitor,
        scanPace: RedisPace
    ) {
        self.connection = connection
        self.name = database
        self.timeout = timeout
        self.monitor = monitor
        self.scanPace = scanPace
    }

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
            do throws(RedisError) {
                try batch.check(isShared: false)
                try refuseIfCancelled()
                try state.withLock { state throws(RedisError) in try state.willSend(batch) }
            } catch {
                throw monitor.refused(pipelineOf: batch.count, error)
            }
            let start = Moment.now
            let result = await result(of: batch)
            state.withLock { $0.ended(batch, result) }
            return try monitor.ended(pipelineOf: batch.count, result, since: start)
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// What the server sends unasked: after `send("SUBSCRIBE", …)` its messages, each an array or push of its kind,
    /// channel and content.
    ///
    /// The sequence ends by throwing a `RedisError`: when the connection is lost, and with `messages-lost` when 1,024
    /// messages, or 64 MiB of them, wait unread. Messages may be missed then, so its stage is `sent`; where no
    /// connection came about it is `connecting`. A cancelled task's iteration ends without an error, and what it did
    /// not read stays for the next. After the lease the sequence is empty. A connection whose messages were read is
    /// not lent again.
    public var pushes: some AsyncSequence<RESPValue, RedisError> & Sendable {
        let isOver = state.withLock { state in
            state.readsMessages()
            return state.isOver
        }
        return RedisPushes(base: isOver ? nil : connection.pushes, database: name)
    }

    /// True if the connection can be lent again; every later use is refused.
    func endLease() -> Bool { state.withLock { $0.end() } }

    private func reply(to command: EncodedCommand) async throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            try refuseIfCancelled()
            if case .refused(let reason) = command.route { throw RedisError(.commandRefused, reason.description) }
            try state.withLock { state throws(RedisError) in try state.willSend(command) }
        } catch {
            throw monitor.refused(command, error)
        }
        let start = Moment.now
        let result = await result(of: command)
        state.withLock { $0.ended(command, result) }
        return try monitor.ended(command, result, since: start)
    }

    private func result(of command: EncodedCommand) async -> Result<RESPValue, ConnectionFailure> {
        let isWaiting = command.blockingTime != .none
        if isWaiting, let failure = await failureBeforeReady() { return .failure(failure) }
        let deadline = Deadline(after: isWaiting ? timeout.adding(command.blockingTime) : timeout)
        switch command.route {
        case .conversation(let channels) where channels > 0:
            return await connection.subscribe(command.bytes, until: deadline).map(\.subscriptionReply)
        case .blocking where isWaiting, .conversation where isWaiting:
            return await connection.sendBlocking(command.bytes, until: deadline)
        default: return await connection.send(command.bytes, until: deadline)
        }
    }

    private func result(of batch: RedisBatch) async -> Result<[RESPValue], ConnectionFailure> {
        let time = timeout.adding(batch)
        if time != timeout, let failure = await failureBeforeReady() { return .failure(failure) }
        return await connection.sendAll(batch.bytes, count: batch.count, until: Deadline(after: time))
    }

    /// What waits on the server has its time from when it leaves: the wait for the connection has the limit to itself.
    private func failureBeforeReady() async -> ConnectionFailure? {
        await connection.failureBeforeReady(until: Deadline(after: timeout))
    }
}

extension [RESPValue] {
    /// An error, or the confirmations, one a channel.
    var subscriptionReply: RESPValue {
        if let error = first(where: { $0.errorMessage != nil }) { return error }
        return .array(self)
    }
}

/// A connection's pushed values, its failure as a `RedisError`.
struct RedisPushes: AsyncSequence, Sendable {
    typealias Element = RESPValue
    typealias Failure = RedisError

    let base: PushQueue?
    let database: DatabaseName

    func makeAsyncIterator() -> Iterator { Iterator(base: base?.makeAsyncIterator(), database: database) }

    struct Iterator: AsyncIteratorProtocol {
        var base: PushQueue.Iterator?
        let database: DatabaseName

        mutating func next() async throws(RedisError) -> RESPValue? {
            do {
                return try await base?.next()
            } catch {
                throw RedisError(error).at(database)
            }
        }
    }
}
