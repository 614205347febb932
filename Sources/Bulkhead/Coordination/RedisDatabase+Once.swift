import BulkheadCommands
import BulkheadNetworking

/// A lock whose work is remembered.
private struct OnceGuard: Sendable {
    /// Marks the work as done for so many milliseconds: 1, also for a repetition; 0 if a later holder is at it, or was.
    private static let finish = RedisScript<Int>(
        LockScripts.refusal + """
            local held = redis.pcall('HMGET', KEYS[1], 'token', 'number', 'done')
            if refusal(held) then return refusal(held) end
            if held[3] then return held[3] == ARGV[1] and 1 or 0 end
            if held[1] ~= ARGV[1] and (held[1] or tonumber(held[2] or 0) > tonumber(ARGV[2])) then return 0 end
            local done = redis.pcall('HSET', KEYS[1], 'done', ARGV[1], 'number', ARGV[2])
            if refusal(done) then return refusal(done) end
            redis.call('HDEL', KEYS[1], 'token', 'until')
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return 1
            """)

    let holder: LockHolder
    private let kept: Int64

    init(_ name: String, keptFor kept: Duration, _ lease: Duration) throws(RedisError) {
        guard kept >= .milliseconds(1), kept <= .seconds(3_650 * 86_400) else {
            throw RedisError(.invalidArgument, "what was done is remembered for a millisecond at least, and ten years")
        }
        holder = try LockHolder("once:" + name, lease)
        self.kept = kept.wholeMicroseconds / 1_000
    }

    /// Whether the work is remembered now; throws where that is not known, and asking again does not help.
    private func judge(_ outcome: Result<Int, RedisError>, in database: DatabaseName) throws(RedisError) -> Bool {
        switch outcome {
        case .success(1): return true
        case .success: throw .lockLost(in: database)
        case .failure(let error):
            if error.endsConsumer { throw error }
            return false
        }
    }

    /// Asks until the answer is known or the lock is lost, also where the task is cancelled: the work has been done.
    func finish(_ state: LockState, _ number: Int64, in database: RedisDatabase) async throws {
        let task = Task {
            var failures = 0
            while state.remaining > .zero {
                let outcome: Result<Int, RedisError>
                do throws(RedisError) {
                    let limited = database.within(atMost: state.remaining)
                    outcome = .success(
                        try await limited.run(
                            Self.finish, keys: [holder.key], arguments: [holder.token, number, kept]))
                } catch {
                    outcome = .failure(error)
                }
                if try judge(outcome, in: database.name) { return }
                failures += 1
                _ = await sleepTask(for: LockLease.pause(after: failures))
            }
            throw RedisError.lockLost(in: database.name)
        }
        try await task.value
    }

    func finish(_ state: LockState, _ number: Int64, in database: BlockingRedisDatabase) throws {
        var failures = 0
        while state.remaining > .zero {
            let limited = database.within(atMost: state.remaining)
            let outcome = Result { () throws(RedisError) in
                try limited.run(Self.finish, keys: [holder.key], arguments: [holder.token, number, kept])
            }
            if try judge(outcome, in: database.name) { return }
            failures += 1
            sleepThread(for: LockLease.pause(after: failures))
        }
        throw RedisError.lockLost(in: database.name)
    }
}

extension RedisDatabase {
    /// Runs `body` unless that was done before, or is being done elsewhere.
    ///
    /// ```swift
    /// let payment = try await databases[.main].once("payment:17", keptFor: .seconds(7 * 86_400)) { lock in
    ///     try await provider.charge(17)
    /// }
    /// if payment.state == .inProgress { … }                // come again later
    /// ```
    /// `body` runs under a lock (``withLock(_:lease:waiting:_:)``, with the key `once:` and the name), and when it has
    /// returned the server remembers that for `kept`. If it throws, or the process ends, the next call runs it again:
    /// at once, or when the lease has ended.
    ///
    /// It is not "exactly once", which nobody can do: a process that ends between the work and the note of it leaves no
    /// trace of the work. So `body` runs at least once if callers come again, and more often only where a process or a
    /// server failed. Make it harmless when it runs twice, for example by handing the name on to the one who is paid.
    /// - Parameters:
    ///   - name: What is to be done, by any name.
    ///   - kept: How long it is remembered: a millisecond to ten years.
    ///   - lease: 10 milliseconds to 365 days. Who comes after a crash waits so long.
    ///   - body: The work, with the lock under which it runs.
    /// - Throws: What `body` throws, and the failures of `withLock`. `lock-lost` where the lock was lost, or it could
    ///   not be noted that `body` has ended: then it may run again.
    public func once<Result: Sendable>(
        _ name: String, keptFor kept: Duration, lease: Duration = .seconds(30),
        _ body: @escaping @Sendable (RedisLock) async throws -> Result
    ) async throws -> RedisOnce<Result> {
        let once = try OnceGuard(name, keptFor: kept, lease)
        switch await once.holder.take(in: self, waiting: .zero) {
        case .failed(let error) where error.code == .lockTimedOut: return RedisOnce(state: .inProgress, result: nil)
        case .failed(let error): throw error
        case .done: return RedisOnce(state: .alreadyDone, result: nil)
        case .taken(let state, let number):
            let result = try await once.holder.hold(state, in: self) {
                let result = try await body(RedisLock(name: name, number: number, state: state))
                try await once.finish(state, number, in: self)
                return result
            }.get()
            return RedisOnce(state: .ran, result: result)
        }
    }
}

extension BlockingRedisDatabase {
    /// Runs `body` on this thread unless that was done before, or is being done elsewhere, as the asynchronous form
    /// does.
    public func once<Result>(
        _ name: String, keptFor kept: Duration, lease: Duration = .seconds(30), _ body: (RedisLock) throws -> Result
    ) throws -> RedisOnce<Result> {
        let once = try OnceGuard(name, keptFor: kept, lease)
        switch once.holder.take(in: self, waiting: .zero) {
        case .failed(let error) where error.code == .lockTimedOut: return RedisOnce(state: .inProgress, result: nil)
        case .failed(let error): throw error
        case .done: return RedisOnce(state: .alreadyDone, result: nil)
        case .taken(let state, let number):
            let result = try once.holder.hold(state, in: self) {
                let result = try body(RedisLock(name: name, number: number, state: state))
                try once.finish(state, number, in: self)
                return result
            }.get()
            return RedisOnce(state: .ran, result: result)
        }
    }
}
