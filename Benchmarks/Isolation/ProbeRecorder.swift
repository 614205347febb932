import BulkheadBenchmarkSupport
import Synchronization

/// Where the tasks of a probe write down what they saw; one short lock for each answer.
final class ProbeRecorder: Sendable {
    struct Seen: Sendable {
        var latencies = LatencyHistogram()
        var lateness = LatencyHistogram()
        /// In nanoseconds of `MonotonicClock`.
        var lastAnswer = Int64.min
        var timeline = IsolationTimeline()
    }

    private let state = Mutex(Seen())
    /// In nanoseconds of `MonotonicClock`.
    private let measuredFrom: Int64

    init(measuredFrom: Int64) { self.measuredFrom = measuredFrom }

    /// Counts one request by its instants, in nanoseconds of `MonotonicClock`; a failed one counts as late only.
    func record(intended: Int64, handedOver: Int64, answered: Int64, isGood: Bool) {
        state.withLock { seen in
            seen.lateness.record(nanoseconds: handedOver - intended)
            guard isGood else { return }
            seen.latencies.record(nanoseconds: answered - intended)
            seen.timeline.record(at: intended - measuredFrom, latency: answered - intended)
            seen.lastAnswer = max(seen.lastAnswer, answered)
        }
    }

    var seen: Seen { state.withLock { $0 } }
}
