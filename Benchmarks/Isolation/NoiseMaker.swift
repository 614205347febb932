import Bulkhead
import BulkheadBenchmarkSupport
import Dispatch
import Synchronization

/// Does one kind of work over and over, on a thread of its own, and counts.
final class NoiseMaker: Sendable {
    private let done = Atomic(0)
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let thread = Mutex<DedicatedThread?>(nil)
    private let recorded = Mutex(NoiseSteps())
    private let isInStep = Atomic(false)
    /// Whether tasks do the work, beside those of the GETs; a thread of its own gives way to them.
    let isAwaited: Bool

    /// Starts at once; `work` is called again and again until `stop`.
    convenience init(_ work: @escaping @Sendable (NoiseMaker) throws -> Void) throws {
        try self.init(isAwaited: false, work)
    }

    private init(isAwaited: Bool, _ work: @escaping @Sendable (NoiseMaker) throws -> Void) throws {
        self.isAwaited = isAwaited
        guard
            let started = DedicatedThread({ [self] in
                // On few cores it would take its time from the GETs on this side too, which is not what is asked.
                _ = ThreadScheduling.giveWay()
                do {
                    while !hasToStop { try work(self) }
                } catch {
                    failure.withLock { $0 = error }
                }
            })
        else {
            throw ProgramError("the system allows no further thread for the noise: end other programs")
        }
        thread.withLock { $0 = started }
    }

    /// Likewise for work that a task does, as those of a service; the thread waits for it.
    convenience init(awaiting work: @escaping @Sendable (NoiseMaker) async throws -> Void) throws {
        try self.init(isAwaited: true) { maker in
            let outcome = Mutex<(any Error)?>(nil)
            let isOver = DispatchSemaphore(value: 0)
            Task.detached {
                do {
                    try await work(maker)
                } catch {
                    outcome.withLock { $0 = error }
                }
                isOver.signal()
            }
            isOver.wait()
            if let error = outcome.withLock({ $0 }) { throw error }
        }
    }

    /// Work looks at it between its steps.
    var hasToStop: Bool { isStopped.load(ordering: .relaxed) }

    /// Vectors read and decoded so far; of noises without vectors keys, bytes, commands or large replies.
    var count: Int { done.load(ordering: .relaxed) }

    func add(_ count: Int) { done.add(count, ordering: .relaxed) }

    /// Counts how long steps take that begin in this time, in nanoseconds of `MonotonicClock`.
    func measure(_ time: Range<Int64>) { recorded.withLock { $0.measure(time) } }

    /// The body is one step, from its call to its return.
    func step<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begun = MonotonicClock.now()
        beginStep()
        let result = try body()
        endStep(since: begun)
        return result
    }

    /// The same for a task.
    func step<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let begun = MonotonicClock.now()
        beginStep()
        let result = try await body()
        endStep(since: begun)
        return result
    }

    /// A step that holds the server begins now. Until its end this does nothing more: each command of a slice may say
    /// it, and only the first costs more than a look.
    func beginStep() {
        if isInStep.load(ordering: .relaxed) { return }
        isInStep.store(true, ordering: .relaxed)
        let now = MonotonicClock.now()
        recorded.withLock { $0.begin(at: now) }
    }

    /// The step under way is over, and its caller has waited for it since this instant; nothing where none is under
    /// way: what the caller got then was there already.
    func endStep(since begun: Int64) {
        guard isInStep.load(ordering: .relaxed) else { return }
        isInStep.store(false, ordering: .relaxed)
        let now = MonotonicClock.now()
        recorded.withLock { $0.end(since: begun, at: now) }
    }

    /// What was recorded so far; all of it once `stop` has returned.
    var steps: NoiseSteps { recorded.withLock { $0 } }

    /// Ends after the step under way; throws what ended it before.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
