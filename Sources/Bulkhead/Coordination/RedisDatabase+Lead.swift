extension RedisDatabase {
    /// Stands for election among all who call it with this name, and runs `body` while this one leads.
    ///
    /// ```swift
    /// try await databases[.main].lead("scheduler") { term in
    ///     while true { try await runNextJob(number: term.number) }
    /// }
    /// ```
    /// One leads at a time, as one holds a lock (``withLock(_:lease:waiting:_:)``, with the key `leader:` and the
    /// name). When it loses its leadership, `body`'s task is cancelled, and when `body` has returned this one stands
    /// again. So `body` may run many times, each with a higher ``RedisLock/number``. Two may lead for a moment where
    /// the old one was stopped, or a failover lost the lock: see <doc:Locks>.
    ///
    /// It returns when `body` does so while it leads, and throws what `body` throws; the next one leads then. It goes
    /// on when servers fail, until its task is cancelled.
    /// - Parameters:
    ///   - name: Any text.
    ///   - lease: 10 milliseconds to 365 days. The others wait so long when a leader crashes.
    ///   - body: The work of a leader, with its term.
    /// - Throws: What `body` throws; `cancelled`; and what waiting does not help, such as `NOPERM`.
    @discardableResult
    public func lead<Result: Sendable>(
        _ name: String, lease: Duration = .seconds(10),
        _ body: @escaping @Sendable (RedisLock) async throws -> Result
    ) async throws -> Result {
        while true {
            let holder = try LockHolder("leader:" + name, lease)
            switch await holder.take(in: self, waiting: nil) {
            case .failed(let error): throw error
            case .done: throw RedisError.notALock(in: self.name)
            case .taken(let state, let number):
                let end = await holder.hold(state, in: self) {
                    try await body(RedisLock(name: name, number: number, state: state))
                }
                guard end.isLoss else { return try end.get() }
                // A loss is only the end of a term, unless the caller wants no more.
                if Task.isCancelled { throw RedisError(.cancelled, "the task was cancelled", database: self.name) }
            }
        }
    }
}

extension BlockingRedisDatabase {
    /// Stands for election, and runs `body` on this thread while this one leads, as the asynchronous form does.
    ///
    /// A thread cannot be cancelled: `body` must ask ``RedisLock/isHeld`` between two steps, and return nil when it is
    /// false. Nil means "stand again"; any other value ends the call, which returns it. The asynchronous form needs no
    /// optional, because the task of its `body` is cancelled.
    public func lead<Result>(
        _ name: String, lease: Duration = .seconds(10), _ body: (RedisLock) throws -> Result?
    ) throws -> Result {
        while true {
            let holder = try LockHolder("leader:" + name, lease)
            switch holder.take(in: self, waiting: nil) {
            case .failed(let error): throw error
            case .done: throw RedisError.notALock(in: self.name)
            case .taken(let state, let number):
                let end = holder.hold(state, in: self) {
                    try body(RedisLock(name: name, number: number, state: state))
                }
                if !end.isLoss, let result = try end.get() { return result }
            }
        }
    }
}
