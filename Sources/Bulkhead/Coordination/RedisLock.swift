/// A lock that is held while a closure of ``RedisDatabase/withLock(_:lease:waiting:_:)`` runs.
///
/// It is a lease, and no mutex: see <doc:Locks>. Whoever sleeps past its end goes on as if they held it. So give
/// ``number`` to what you write to, and have it refuse lower ones, as ``RedisFence`` does.
public struct RedisLock: Sendable {
    /// The lock's name.
    public let name: String
    /// The fencing number: larger than that of every holder before.
    ///
    /// It is one more than the last, or the microseconds of the server's clock since 1970, whichever is larger. So it
    /// grows also where a failover lost the last one, unless the new primary's clock is behind by more than the
    /// failover took.
    public let number: Int64
    let state: LockState

    /// How long it is held yet if it is not extended; zero when it is lost. Measured on this process's clock that goes
    /// on while the machine sleeps, from before it was asked for, less a hundredth: so it ends here before it ends
    /// there.
    public var remaining: Duration { state.remaining }

    /// False when it is lost, or may be: ``remaining`` is over, or the server said that somebody else has it. A lock
    /// that was lost stays lost.
    public var isHeld: Bool { state.remaining > .zero }

    /// Throws `lock-lost` if the lock is lost, or may be. Call it between two steps of a long work, in code that does
    /// not ask whether its task is cancelled. It asks a clock only, and says nothing about the moment after.
    public func check() throws(RedisError) {
        if !isHeld { throw .lockLost(in: state.database) }
    }
}

extension RedisError {
    static func lockLost(in database: DatabaseName) -> RedisError {
        RedisError(
            .lockLost,
            "the lock was lost, or could not be extended in time, while its holder worked: others may have worked at "
                + "the same time. Look at what was done, or have it refuse lower fencing numbers",
            database: database, stage: .answered)
    }
}
