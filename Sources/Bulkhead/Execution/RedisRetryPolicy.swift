import BulkheadCommands

/// What the client sends again by itself when a connection ended before the reply came: the server may have run it.
///
/// | The command | Is sent again |
/// |---|---|
/// | was not sent, on a shared connection, or when a blocking caller's connection had already ended | once, always |
/// | was not sent, on a leased connection | never; ``RedisError/isSafeToRetry`` is true |
/// | was answered LOADING: it has not run | until its deadline; scripts never, as they may answer that themselves |
/// | was answered READONLY, MASTERDOWN or NOAUTH: it has not run | twice at most, newly connected; scripts never |
/// | may have run | as this policy says, twice at most; see ``RedisSideEffect`` for the categories |
///
/// On a connection that `withConnection` lends nothing is sent again.
public struct RedisRetryPolicy: Sendable, Hashable {
    /// Only what has not run: a command that may have run fails, and ``RedisError/isAmbiguous`` is true.
    public static let notSent = RedisRetryPolicy(most: nil)
    /// Reads. The default.
    public static let reads = RedisRetryPolicy(most: .read)
    /// Reads, and writes that leave the same keys when they run twice, such as SET and DEL. The reply is that of the
    /// last run: DEL may answer 0 for a key that it removed. What another client wrote in between is overwritten.
    public static let idempotentWrites = RedisRetryPolicy(most: .idempotentWrite)

    private let most: RedisSideEffect?

    func permits(_ effect: RedisSideEffect) -> Bool { most.map { effect <= $0 } ?? false }
}
