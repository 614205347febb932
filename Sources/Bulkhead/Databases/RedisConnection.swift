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
    private let state = Mutex(LeaseState())

    init(_ connection: AsyncConnection, database: DatabaseName) {
        self.connection = connection
        self.name = database
    }

    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        do throws(RedisError) {
            try refuseIfCancelled()
            return try command.value(of: try await reply(to: command.bytes, command.route, command.name))
        } catch {
            throw error.at(name, command.name)
        }
    }

    public func send(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        do throws(RedisError) {
            if batch.count == 0 { return [] }
            try batch.check(isShared: false)
            try refuseIfCancelled()
            for (name, route) in zip(batch.names, batch.routes) { try willSend(name, route) }
            let replies = try await translating { () throws(ConnectionFailure) in
                try await connection.sendAll(batch.bytes, count: batch.count).get()
            }
            state.withLock { state in
                for (name, reply) in zip(batch.names, replies) { state.answered(name, reply) }
            }
            return replies
        } catch {
            throw error.at(name, error.command ?? "a pipeline")
        }
    }

    /// What the server sends unasked: after `send("SUBSCRIBE", …)` its messages, each an array or push of its kind,
    /// channel and content.
    ///
    /// The sequence ends by throwing when the connection is lost, and with `messages-lost` when 1,024 messages wait
    /// unread. Iterate it once; after the lease it is empty.
    public var pushes: some AsyncSequence<RESPValue, any Error> & Sendable {
        RedisPushes(base: state.withLock { $0.isOver } ? nil : connection.pushes, database: name)
    }

    /// True if the connection can be lent again; every later use is refused.
    func endLease() -> Bool { state.withLock { $0.end() } }

    private func willSend(_ command: String, _ route: CommandRoute) throws(RedisError) {
        try state.withLock { state throws(RedisError) in try state.willSend(command, route) }
    }

    private func reply(
        to bytes: [UInt8], _ route: CommandRoute, _ command: String
    ) async throws(RedisError) -> RESPValue {
        if case .refused(let reason) = route { throw RedisError(.commandRefused, reason) }
        try willSend(command, route)
        let reply = try await translating { () throws(ConnectionFailure) in
            if case .conversation(let channels) = route, channels > 0 {
                return try await connection.subscribe(bytes, count: channels).get().subscriptionReply
            }
            if route == .blocking { return try await connection.sendBlocking(bytes).get() }
            return try await connection.send(bytes).get()
        }
        state.withLock { $0.answered(command, reply) }
        return reply
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
    typealias Failure = any Error

    let base: AsyncThrowingStream<RESPValue, any Error>?
    let database: DatabaseName

    func makeAsyncIterator() -> Iterator { Iterator(base: base?.makeAsyncIterator(), database: database) }

    struct Iterator: AsyncIteratorProtocol {
        var base: AsyncThrowingStream<RESPValue, any Error>.Iterator?
        let database: DatabaseName

        mutating func next() async throws -> RESPValue? {
            do {
                return try await base?.next(isolation: #isolation)?.detached()
            } catch let failure as ConnectionFailure {
                throw RedisError(failure).at(database)
            }
        }
    }
}
