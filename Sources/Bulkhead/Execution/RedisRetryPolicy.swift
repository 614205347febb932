import BulkheadCommands

/// What the client may send again by itself when a connection ended and nobody knows whether the server had run it.
///
/// On the connections that all asynchronous callers share, what surely was not sent is sent again, once, on a new one,
/// whatever this says; so is what a blocking caller's connection refused because it had ended. Else, and for who holds
/// a lease, it fails, and ``RedisError/isSafeToRetry`` is true. A server that loads its data, or answers READONLY,
/// MASTERDOWN or NOAUTH, has not run the command: that is sent again too, the latter on a new connection. See
/// ``SideEffect`` for the categories.
public struct RedisRetryPolicy: Sendable, Hashable {
    /// Nothing else: every command that may have run fails with its ``RedisError/isAmbiguous`` true.
    public static let notSent = RedisRetryPolicy(most: nil)
    /// Reads. The default.
    public static let reads = RedisRetryPolicy(most: .read)
    /// Reads, and writes that leave the same keys when they run twice, such as SET and DEL. The reply is that of the
    /// last run: DEL may say 0 of a key that it removed. What another client wrote in between is written over.
    public static let idempotentWrites = RedisRetryPolicy(most: .idempotentWrite)

    private let most: SideEffect?

    func permits(_ effect: SideEffect) -> Bool { most.map { effect <= $0 } ?? false }
}
