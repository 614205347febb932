public import BulkheadCommands
public import BulkheadRESP

/// Commands that a server runs atomically, and how their replies are read.
///
/// A value, so that it can be made in one place and run in another:
/// ```swift
/// let move = RedisTransaction(.decr("stock"), .rpush("orders", "42"))
/// let (left, length) = try await database.transaction(move)  // Int, Int
/// ```
/// Nothing of others runs between its commands. The server runs all of them or none: it refuses the whole if it
/// refuses one of them when it is queued. But it rolls nothing back: a command that fails when it runs, such as INCR of
/// a list, leaves the others done.
public struct RedisTransaction<Replies>: Sendable {
    let batch: RedisBatch
    private let read: @Sendable ([RESPValue], DatabaseName) throws(RedisError) -> Replies

    init(
        _ batch: RedisBatch, read: @escaping @Sendable ([RESPValue], DatabaseName) throws(RedisError) -> Replies
    ) {
        self.batch = batch
        self.read = read
    }

    /// True if nothing needs to be sent: the replies are known.
    var isUnsent: Bool { batch.sent == 0 }

    /// The replies, as what they become.
    func value(of replies: [RESPValue], in database: DatabaseName) throws(RedisError) -> Replies {
        try read(replies, database)
    }
}

extension RedisTransaction {
    /// Commands made at run time. The replies are raw, errors of single commands among them.
    public init(_ batch: RedisBatch) where Replies == [RESPValue] {
        self.init(batch) { replies, _ throws(RedisError) in replies }
    }

    /// Commands of one type, made at run time. Each has its own result.
    public init<Reply>(_ commands: [RedisCommand<Reply>]) where Replies == [Result<Reply, RedisError>] {
        var batch = RedisBatch()
        for command in commands { batch.append(command) }
        self.init(batch) { replies, database throws(RedisError) in commands.results(of: replies, in: database) }
    }

    /// One command, for `transaction(watching:)`.
    public init(_ a: RedisCommand<Replies>) where Replies: Sendable {
        var batch = RedisBatch()
        batch.append(a)
        self.init(batch) { replies, database throws(RedisError) in
            var reader = TransactionReader(replies, in: database)
            return try reader.next(a)
        }
    }
    // Not one initializer by a parameter pack: see `pipeline`.

    /// Two commands; the replies are a tuple. The first error of one of them is thrown, and says which it was.
    public init<A, B>(_ a: RedisCommand<A>, _ b: RedisCommand<B>) where Replies == (A, B) {
        self.init(each: a, b)
    }

    /// The same for three commands.
    public init<A, B, C>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) where Replies == (A, B, C) {
        self.init(each: a, b, c)
    }

    /// The same for four commands.
    public init<A, B, C, D>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) where Replies == (A, B, C, D) {
        self.init(each: a, b, c, d)
    }

    /// The same for five commands.
    public init<A, B, C, D, E>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>
    ) where Replies == (A, B, C, D, E) {
        self.init(each: a, b, c, d, e)
    }

    /// The same for six commands.
    public init<A, B, C, D, E, F>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>
    ) where Replies == (A, B, C, D, E, F) {
        self.init(each: a, b, c, d, e, f)
    }

    /// The same for seven commands.
    public init<A, B, C, D, E, F, G>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>
    ) where Replies == (A, B, C, D, E, F, G) {
        self.init(each: a, b, c, d, e, f, g)
    }

    /// The same for eight commands.
    public init<A, B, C, D, E, F, G, H>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    ) where Replies == (A, B, C, D, E, F, G, H) {
        self.init(each: a, b, c, d, e, f, g, h)
    }

    private init<each Reply>(each command: repeat RedisCommand<each Reply>) where Replies == (repeat each Reply) {
        var batch = RedisBatch()
        repeat batch.append(each command)
        self.init(batch) { replies, database throws(RedisError) in
            var reader = TransactionReader(replies, in: database)
            return try (repeat reader.next(each command))
        }
    }
}

/// Hands the replies of a transaction to its commands, in order; the error of one says which it was.
struct TransactionReader {
    private let replies: [RESPValue]
    private let database: DatabaseName
    private var position = 0

    init(_ replies: [RESPValue], in database: DatabaseName) {
        self.replies = replies
        self.database = database
    }

    mutating func next<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        defer { position += 1 }
        do throws(RedisError) {
            return try command.value(of: replies[position])
        } catch {
            throw RedisError(
                error.code,
                "command \(position + 1) of \(replies.count) failed when it ran, and the others were not "
                    + "rolled back: \(error.message)",
                database: database, command: command.name, stage: error.stage)
        }
    }

    mutating func nextResult<Reply>(_ command: RedisCommand<Reply>) -> Result<Reply, RedisError> {
        Result { () throws(RedisError) in try next(command) }
    }
}
