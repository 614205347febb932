import BulkheadCommands
import BulkheadNetworking
import Synchronization

/// Whether a lock is held, for its holder, its keeper and its alarm.
final class LockState: Sendable {
    private struct State {
        var lease: LockLease
        var cancel: (@Sendable () -> Void)?
    }

    let database: DatabaseName
    private let state: Mutex<State>

    init(_ lease: LockLease, in database: DatabaseName) {
        self.database = database
        state = Mutex(State(lease: lease))
    }

    var remaining: Duration {
        state.withLock { state in
            let now = ContinuousClock.now
            return state.lease.isHeld(at: now) ? state.lease.end - now : .zero
        }
    }

    func change<Result: Sendable>(_ body: (inout LockLease) -> Result) -> Result {
        state.withLock { body(&$0.lease) }
    }

    /// Has `cancel` called when the lock is lost; at once if it is.
    func whenLost(_ cancel: @escaping @Sendable () -> Void) {
        state.withLock { $0.cancel = cancel }
        endIfLost()
    }

    /// The time until the lock is lost; nil if it is, and then it stays so.
    func timeUntilLoss() -> Duration? {
        let left = remaining
        if left > .zero { return left }
        state.withLock { $0.lease.refused() }
        return nil
    }

    func endIfLost() {
        if timeUntilLoss() == nil { endWork() }
    }

    /// Cancels the holder's work, once.
    func endWork() {
        let cancel = state.withLock { state in
            defer { state.cancel = nil }
            return state.cancel
        }
        cancel?()
    }

    /// The holder's work has ended.
    func forget() { state.withLock { $0.cancel = nil } }
}

/// One who wants a lock, holds it, and releases it.
struct LockHolder: Sendable {
    enum Outcome: Sendable {
        case taken(LockState, number: Int64)
        case done
        case failed(RedisError)
    }

    let key: String
    let term: LockTerm
    /// Nobody else has it: by it the server knows this holder.
    let token: String

    init(_ key: String, _ lease: Duration) throws(RedisError) {
        self.key = key
        term = try LockTerm(lease)
        var random = SystemRandomNumberGenerator()
        token = "\(String(random.next(), radix: 36))-\(String(random.next(), radix: 36))"
    }

    private func arguments(number: Int64) -> [any RedisArgument] { [token, term.microseconds, number] }

    /// What the next step of a wait comes to; nil if there are more.
    private func outcome(of step: LockWait.Step, in database: DatabaseName) -> Outcome? {
        switch step {
        case .ask, .pause: nil
        case .taken(let number, let end):
            .taken(LockState(LockLease(term, number: number, end: end), in: database), number: number)
        case .done: .done
        case .fails(let error): .failed(error.at(database))
        }
    }

    // MARK: Tasks

    func take(in database: RedisDatabase, waiting: Duration?) async -> Outcome {
        var random = SystemRandomNumberGenerator()
        var wait = LockWait(term, waiting: waiting, at: .now)
        while true {
            let step = wait.next(at: .now)
            switch step {
            case .ask(let limit):
                let asked = ContinuousClock.now
                let answer = await Result { () async throws(RedisError) in
                    try await database.within(atMost: limit)
                        .run(LockScripts.take, keys: [key], arguments: arguments(number: 0))
                }
                wait.ended(answer, asked: asked, at: .now, using: &random)
            case .pause(let pause):
                if await !sleepTask(for: pause) {
                    wait.failed(.cancelledWaiting, at: .now, using: &random)
                }
            case .taken, .done, .fails: break
            }
            guard let outcome = outcome(of: step, in: database.name) else { continue }
            if case .failed = outcome, wait.mayHold { await release(in: database) }
            return outcome
        }
    }

    /// Extends the lock until the task is cancelled or the lock is lost.
    func keep(_ state: LockState, in database: RedisDatabase) async {
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            switch state.change({ $0.next(at: .now) }) {
            case .lost:
                state.endIfLost()
                return
            case .sleep(let pause): _ = await sleepTask(for: pause)
            case .extend(let limit):
                let asked = ContinuousClock.now
                let number = state.change { $0.number }
                do throws(RedisError) {
                    let reply = try await database.within(atMost: limit)
                        .run(LockScripts.take, keys: [key], arguments: arguments(number: number))
                    switch reply {
                    case .taken: state.change { $0.extended(asked: asked, at: .now) }
                    case .held: state.change { $0.refused() }
                    // What it stands for was noted meanwhile.
                    case .done: return
                    }
                } catch {
                    state.change { $0.failed(at: .now, using: &random) }
                }
            }
        }
    }

    /// How the work of a holder ended.
    struct End<Result> {
        fileprivate let result: Swift.Result<Result, any Error>
        fileprivate let database: DatabaseName
        /// The lock was lost before the work had ended, which had nothing to say but that.
        let isLoss: Bool

        fileprivate init(_ result: Swift.Result<Result, any Error>, wasHeld: Bool, in database: DatabaseName) {
            self.result = result
            self.database = database
            isLoss = !wasHeld && result.isCancelledOrFine
        }

        /// Throws `lock-lost` if it was lost, and else what the work threw, such as the loss of another lock.
        func get() throws -> Result {
            if isLoss { throw RedisError.lockLost(in: database) }
            return try result.get()
        }
    }

    /// Runs `work` while the lock is extended, and cancels it when the lock is lost; then the lock is released, unless
    /// `work` did so.
    func hold<Result: Sendable>(
        _ state: LockState, in database: RedisDatabase, _ work: @escaping @Sendable () async throws -> Result
    ) async -> End<Result> {
        let task = Task { try await work() }
        let alarm = Alarm(left: { state.timeUntilLoss() }, ring: { state.endWork() })
        state.whenLost { task.cancel() }
        alarm.set(after: state.remaining)
        // Not a child of the caller's task: it goes on where that is cancelled, until the work has ended.
        let keeper = Task { await keep(state, in: database) }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        let wasHeld = state.remaining > .zero
        state.forget()
        alarm.stop()
        keeper.cancel()
        await keeper.value
        await release(in: database)
        return End(result, wasHeld: wasHeld, in: database.name)
    }

    /// Also where the task is cancelled. If it fails, the lock ends with its lease.
    func release(in database: RedisDatabase) async {
        let limited = database.within(atMost: term.lease)
        await Task {
            for attempt in 1...Self.releases {
                do throws(RedisError) {
                    try await limited.run(LockScripts.release, keys: [key], arguments: [token])
                    return
                } catch {
                    if error.endsConsumer || attempt == Self.releases { return }
                    _ = await sleepTask(for: LockLease.pause(after: attempt))
                }
            }
        }.value
    }

    private static let releases = 4

    // MARK: Threads

    func take(in database: BlockingRedisDatabase, waiting: Duration?) -> Outcome {
        var random = SystemRandomNumberGenerator()
        var wait = LockWait(term, waiting: waiting, at: .now)
        while true {
            let step = wait.next(at: .now)
            switch step {
            case .ask(let limit):
                let asked = ContinuousClock.now
                let answer = Result { () throws(RedisError) in
                    try database.within(atMost: limit)
                        .run(LockScripts.take, keys: [key], arguments: arguments(number: 0))
                }
                wait.ended(answer, asked: asked, at: .now, using: &random)
            case .pause(let pause): sleepThread(for: max(.milliseconds(1), pause))
            case .taken, .done, .fails: break
            }
            guard let outcome = outcome(of: step, in: database.name) else { continue }
            if case .failed = outcome, wait.mayHold { release(in: database) }
            return outcome
        }
    }

    /// Runs `work` on this thread while a task extends the lock.
    func hold<Result>(
        _ state: LockState, in database: BlockingRedisDatabase, _ work: () throws -> Result
    ) -> End<Result> {
        let keeper = Task { [asynchronous = RedisDatabase(database.binding, timeout: database.timeout)] in
            await keep(state, in: asynchronous)
        }
        let result = Swift.Result { try work() }
        let wasHeld = state.remaining > .zero
        keeper.cancel()
        release(in: database)
        return End(result, wasHeld: wasHeld, in: database.name)
    }

    func release(in database: BlockingRedisDatabase) {
        let limited = database.within(atMost: term.lease)
        for attempt in 1...Self.releases {
            do throws(RedisError) {
                try limited.run(LockScripts.release, keys: [key], arguments: [token])
                return
            } catch {
                if error.endsConsumer || attempt == Self.releases { return }
                sleepThread(for: LockLease.pause(after: attempt))
            }
        }
    }
}

extension LockHolder.End: Sendable where Result: Sendable {}

extension Result where Failure == any Error {
    /// True if its error, if any, says no more than that the task was cancelled.
    fileprivate var isCancelledOrFine: Bool {
        switch self {
        case .success: true
        case .failure(let error as RedisError): error.code == .cancelled || error.code == .lockLost
        case .failure(let error): error is CancellationError
        }
    }
}

extension RedisError {
    fileprivate static let cancelledWaiting = RedisError(
        .cancelled, "the task was cancelled while it waited for a lock")
}

extension RedisDatabase {
    /// Its own limit, or `limit` if that is shorter.
    func within(atMost limit: Duration) -> RedisDatabase {
        RedisDatabase(binding, timeout: timeout.atMost(limit))
    }
}

extension BlockingRedisDatabase {
    func within(atMost limit: Duration) -> BlockingRedisDatabase {
        BlockingRedisDatabase(binding, timeout: timeout.atMost(limit))
    }
}
