import BenchmarkSupport
import Bulkhead
import Dispatch
import Synchronization

/// Does one kind of work over and over, on a thread of its own, and counts.
final class NoiseMaker: Sendable {
    private let done = Atomic(0)
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let thread = Mutex<DedicatedThread?>(nil)
    private let steps = Mutex<[Int64]>([])

    /// Beginnings of steps that are kept, for a picture of them.
    private static let mostSteps = 100_000

    /// Starts at once; `work` is called again and again until `stop`.
    init(_ work: @escaping @Sendable (NoiseMaker) throws -> Void) throws {
        guard let started = DedicatedThread({ [self] in
            // On few cores it would take its time from the GETs on this side too, which is not what is asked.
            _ = ThreadScheduling.giveWay()
            do {
                while !hasToStop { try work(self) }
            } catch {
                failure.withLock { $0 = error }
            }
        }) else {
            throw ProgramError("the system allows no further thread for the noise: end other programs")
        }
        thread.withLock { $0 = started }
    }

    /// Likewise for work that a task does, as those of a service; the thread waits for it.
    convenience init(awaiting work: @escaping @Sendable (NoiseMaker) async throws -> Void) throws {
        try self.init { maker in
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

    /// A step that holds the server begins now.
    func beginStep() {
        steps.withLock { steps in
            if steps.count < Self.mostSteps { steps.append(MonotonicClock.now()) }
        }
    }

    /// In nanoseconds of `MonotonicClock`.
    var beginnings: [Int64] { steps.withLock { $0 } }

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
