import BulkheadBenchmarkSupport
import Synchronization

/// A thread that only sleeps and looks how late it wakes: what machine and system add to what is measured beside it.
///
/// It also reads what the hypervisor stole, and so knows the moments in which the machine took the time.
final class Canary: Sendable {
    struct Seen: Sendable {
        /// How late it woke, and the same without the moments.
        var stalls = LatencyHistogram()
        var calmStalls = LatencyHistogram()
        var moments = MachineMoments()
        /// All moments before this instant are known, in nanoseconds of `MonotonicClock`.
        var knownUntil = Int64.min
    }

    private let state = Mutex(Seen())
    private let isStopped = Atomic(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Between two looks, in nanoseconds.
    private static let period: Int64 = 1_000_000
    /// Looks between two readings of stolen time, which is counted in hundredths of a second.
    private static let readingPeriod = 10
    /// Moments are kept for so long, in nanoseconds, for GETs that are answered late.
    private static let memory: Int64 = 60_000_000_000

    /// - Parameters:
    ///   - cores: those whose stolen time counts; nil for all.
    ///   - besideOwnWork: whether this program works beside it, and does not give way: then what it kept the thread
    ///     from itself is not the machine's doing.
    init(cores: [Int]?, besideOwnWork: Bool) {
        thread.withLock { thread in
            thread = DedicatedThread { [self] in watch(cores, besideOwnWork) }
        }
    }

    private func watch(_ cores: [Int]?, _ besideOwnWork: Bool) {
        var worked = ProcessorTime.now().total
        var next = MonotonicClock.now()
        var reading = (stolen: MachineTime.now(cores: cores)?.stolen, at: next)
        var looks = 0
        while !isStopped.load(ordering: .relaxed) {
            next += Self.period
            let late = MonotonicClock.sleep(until: next)
            let now = MonotonicClock.now()
            looks += 1
            var own: Int64 = 0
            if besideOwnWork {
                let work = ProcessorTime.now().total
                own = Int64((work - worked) * 1e9)
                worked = work
            }
            var wasStolen: Int64?
            if reading.stolen != nil, looks.isMultiple(of: Self.readingPeriod),
                let stolen = MachineTime.now(cores: cores)?.stolen
            {
                if stolen > reading.stolen ?? stolen { wasStolen = reading.at }
                reading = (stolen, now)
            }
            state.withLock { seen in
                seen.stalls.record(nanoseconds: late)
                if late - own > MachineMoments.lateWake {
                    // It may have begun right after the look before.
                    seen.moments.add(from: next - Self.period, to: now)
                } else {
                    seen.calmStalls.record(nanoseconds: late)
                }
                if let wasStolen { seen.moments.add(from: wasStolen, to: now) }
                // A theft is known at the next reading.
                seen.knownUntil = reading.stolen == nil ? now : reading.at
                if looks.isMultiple(of: 1_000) { seen.moments.forget(before: now - Self.memory) }
            }
            // What was slept through is one stall, not many.
            next = max(next, now - Self.period)
        }
    }

    /// Forgets how late it woke; the measured time begins. The moments stay.
    func reset() {
        state.withLock {
            $0.stalls = LatencyHistogram()
            $0.calmStalls = LatencyHistogram()
        }
    }

    /// What it has seen until now.
    var seen: Seen { state.withLock { $0 } }

    /// Ends it; what it has seen since `reset`.
    func stop() -> Seen {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        return seen
    }
}
