public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP
import Synchronization

/// A connection of one's own in a named database, lent by ``RedisDatabase/withConnection(_:)``.
///
/// It takes all commands a database takes, and those that need several on one connection: WATCH, MULTI, EXEC,
/// SUBSCRIBE. It still serves one database only: SELECT and its kin are refused here too. Between MULTI and EXEC it
/// takes raw commands whose reply is a `RESPValue`, as the server only queues them; a typed one throws
/// `command-refused`, and nothing is sent. After the lease every function throws `closed`.
public final class RedisConnection: RedisExecutor {
    private let connection: AsyncConnection
    /// Those of its database, over which the server is asked to end a wait on this one.
    private let others: DatabaseConnections
    public let name: DatabaseName
    private let timeout: Timeout
    private let monitor: CommandMonitor
    public let scanPace: RedisPace
    private let state = Mutex(LeaseState())

    init(
        _ connection: AsyncConnection, of others: DatabaseConnections, database: DatabaseName, timeout: Timeout,
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
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try command.value(of: try await reply(to: command.encoded, isTyped: command.isTyped))
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
                throw monitor.refused(pipelineOf: batch, error)
            }
            let start = Moment.now
            let result = batch.sent == 0 ? .success([]) : await result(of: batch)
            state.withLock { $0.ended(batch, result) }
            if batch.sent == 0 { return batch.replies(with: []) }
            return batch.replies(
                with: try monitor.ended(pipelineOf: batch, result, since: start, hasWaited: batch.waits))
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

    /// What is known about the connection; every later use is refused.
    func endLease() -> LeaseState.End { state.withLock { $0.end() } }

    private func reply(to command: EncodedCommand, isTyped: Bool) async throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            try refuseIfCancelled()
            if case .refused(let reason) = command.route { throw RedisError(.commandRefused, reason.description) }
            try state.withLock { state throws(RedisError) in try state.willSend(command, isTyped: isTyped) }
        } catch {
            throw monitor.refused(command, error)
        }
        if case .answered(let known) = command.route {
            state.withLock { $0.ended(command, .success(known.reply)) }
            return known.reply
        }
        let start = Moment.now
        let result = await result(of: command)
        state.withLock { $0.ended(command, result) }
        return try monitor.ended(command, result, since: start, hasWaited: command.blockingTime != .none)
    }

    private func result(of command: EncodedCommand) async -> Result<RESPValue, ConnectionFailure> {
        let isWaiting = command.blockingTime != .none
        if isWaiting, let failure = await failureBeforeReady() { return .failure(failure) }
        let deadline = Deadline(after: isWaiting ? timeout.adding(command.blockingTime) : timeout)
        switch command.route {
        case .conversation(let channels) where channels > 0:
            return await connection.subscribe(command.bytes, until: deadline).map(\.subscriptionReply)
        case .blocking where isWaiting, .conversation where isWaiting:
            return await connection.sendBlocking(command.bytes, count: 1, until: deadline, unblock: others.unblock)
                .unlessCancelled { command.brings($0[0]) }.map { $0[0] }
        default: return await connection.send(command.bytes, until: deadline)
        }
    }

    private func result(of batch: RedisBatch) async -> Result<[RESPValue], ConnectionFailure> {
        guard batch.waits else {
            return await connection.sendAll(batch.bytes, count: batch.sent, until: Deadline(after: timeout))
        }
        if let failure = await failureBeforeReady() { return .failure(failure) }
        let deadline = Deadline(after: timeout.adding(batch))
        return await connection.sendBlocking(
            batch.bytes, count: batch.sent, until: deadline, unblock: others.unblock
        ).unlessCancelled { batch.brings($0) }
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
