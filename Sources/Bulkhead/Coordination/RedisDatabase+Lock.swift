extension RedisDatabase {
    /// Runs `body` while this task holds a lock that others of its name wait for, on all machines.
    ///
    /// ```swift
    /// try await databases[.main].withLock("orders:42", lease: .seconds(10)) { lock in
    ///     let total = try await computeTotal()
    ///     try await main.run(.set("orders:42:total", total), behind: RedisFence("orders:42", number: lock.number))
    /// }
    /// ```
    /// The server is told that the lock is held for `lease`; it is extended at every third of that, for as long as
    /// `body` runs. `body` runs in a task of its own. That task is cancelled when this task is, and when the lock is
    /// lost or may be: somebody else has it, or it could not be extended until the lease ended. `withLock` waits until
    /// `body` has returned in any case, and then releases the lock.
    ///
    /// While somebody else has the lock it asks again after random pauses of up to half a second; who comes first is
    /// not served first. Failures of a connection or a server are waited out in the same way.
    ///
    /// What this holds against, and what not: see <doc:Locks>.
    /// - Parameters:
    ///   - name: Any text; the key is `lock:` and the name.
    ///   - lease: 10 milliseconds to 365 days. Others wait so long when a holder crashes.
    ///   - waiting: How long to wait for the lock; zero asks once, nil waits until the task is cancelled.
    ///   - body: The work, with the lock that is held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws. Before `body` runs: `lock-timed-out` if others had the lock for too long; the last
    ///   failure if the server did not answer; `cancelled`; and at once what waiting does not help, such as `NOPERM`.
    ///   The lock may then stay taken, by nobody, for one lease at most. After `body`: `lock-lost` if the lock was lost
    ///   while it ran, whatever it returned; others may have worked at the same time.
    @discardableResult
    public func withLock<Result: Sendable>(
        _ name: String, lease: Duration, waiting: Duration? = .seconds(30),
        _ body: @escaping @Sendable (RedisLock) async throws -> Result
    ) async throws -> Result {
        let holder = try LockHolder("lock:" + name, lease)
        switch await holder.take(in: self, waiting: waiting) {
        case .failed(let error): throw error
        case .done: throw RedisError.notALock(in: self.name)
        case .taken(let state, let number):
            return try await holder.hold(state, in: self) {
                try await body(RedisLock(name: name, number: number, state: state))
            }.get()
        }
    }
}

extension BlockingRedisDatabase {
    /// Runs `body` on this thread while it holds a lock, as the asynchronous form does.
    ///
    /// A task extends the lock meanwhile. A thread cannot be cancelled: ask ``RedisLock/check()`` between two steps.
    /// The call throws `lock-lost` at the end if the lock was lost.
    @discardableResult
    public func withLock<Result>(
        _ name: String, lease: Duration, waiting: Duration? = .seconds(30), _ body: (RedisLock) throws -> Result
    ) throws -> Result {
        let holder = try LockHolder("lock:" + name, lease)
        switch holder.take(in: self, waiting: waiting) {
        case .failed(let error): throw error
        case .done: throw RedisError.notALock(in: self.name)
        case .taken(let state, let number):
            return try holder.hold(state, in: self) {
                try body(RedisLock(name: name, number: number, state: state))
            }.get()
        }
    }
}

extension RedisError {
    static func notALock(in database: DatabaseName) -> RedisError {
        RedisError(
            .unexpectedReply, "the key of the lock holds what another program wrote: use another name",
            database: database, stage: .answered)
    }
}
