import BulkheadBenchmarkSupport
import Synchronization

/// Where the tasks of a probe write down what they saw; one short lock for each answer.
final class ProbeRecorder: Sendable {
    struct Seen: Sendable {
        var gets = GetSieve()
        /// In nanoseconds of `MonotonicClock`.
        var lastAnswer = Int64.min
        var timeline = IsolationTimeline()
    }

    private let state = Mutex(Seen())
    /// In nanoseconds of `MonotonicClock`.
    private let measuredFrom: Int64
    private let canary: Canary?

    /// - Parameter canary: what knows the moments that the machine takes; without it none is set aside.
    init(measuredFrom: Int64, canary: Canary?) {
        self.measuredFrom = measuredFrom
        self.canary = canary
    }

    /// Counts one request by its instants, in nanoseconds of `MonotonicClock`; a failed one counts as late only.
    func record(intended: Int64, handedOver: Int64, answered: Int64, isGood: Bool) {
        let isDue = state.withLock { seen in
            if isGood {
                seen.timeline.record(at: intended - measuredFrom, latency: answered - intended)
                seen.lastAnswer = max(seen.lastAnswer, answered)
            }
            return seen.gets.add(intended: intended, handedOver: handedOver, answeredAt: isGood ? answered : nil)
        }
        if isDue, let machine = canary?.seen {
            state.withLock { $0.gets.settle(machine.moments, knownUntil: machine.knownUntil) }
        }
    }

    /// All that was seen, once the canary has stopped and knows all moments.
    func seen(_ machine: Canary.Seen) -> Seen {
        state.withLock {
            $0.gets.settle(canary == nil ? MachineMoments() : machine.moments, knownUntil: .max)
            return $0
        }
    }
}
