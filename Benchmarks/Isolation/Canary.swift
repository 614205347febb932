import BulkheadBenchmarkSupport
import Synchronization

/// A thread that only sleeps and looks how late it wakes: what machine and system add to what is measured beside it.
final class Canary: Sendable {
    private let seen = Mutex(LatencyHistogram())
    private let isStopped = Atomic(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Between two looks, in nanoseconds.
    private static let period: Int64 = 1_000_000

    init() {
        thread.withLock { thread in
            thread = DedicatedThread { [self] in
                var next = MonotonicClock.now()
                while !isStopped.load(ordering: .relaxed) {
                    next += Self.period
                    let late = MonotonicClock.sleep(until: next)
                    seen.withLock { $0.record(nanoseconds: late) }
                    // What was slept through is one stall, not many.
                    next = max(next, MonotonicClock.now() - Self.period)
                }
            }
        }
    }

    /// Forgets what it has seen; the measured time begins.
    func reset() { seen.withLock { $0 = LatencyHistogram() } }

    /// Ends it; what it has seen since `reset`.
    func stop() -> LatencyHistogram {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        return seen.withLock { $0 }
    }
}
