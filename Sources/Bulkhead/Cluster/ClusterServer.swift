import BulkheadNetworking
import Synchronization

/// One server of a cluster: the connections to it, and whether it answers.
final class ClusterServer: Sendable {
    /// What was seen at the last look.
    private struct Pulse: Sendable {
        var answers = 0
        /// Since when requests wait and none is answered.
        var silentSince: Moment?
    }

    let endpoint: Endpoint
    let node: Node
    /// Requests under way, below 2^24, and above that how many were answered.
    private let counts = Atomic(0)
    private static let oneAnswer = 1 << 24
    private let pulse = Mutex(Pulse())

    init(_ endpoint: Endpoint, _ node: Node) {
        self.endpoint = endpoint
        self.node = node
    }

    // Beside the watch's own flag: whoever begins is seen by it, or sees that it is over.

    func began() { counts.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    func ended(isAnswered: Bool) {
        counts.wrappingAdd(isAnswered ? Self.oneAnswer - 1 : -1, ordering: .sequentiallyConsistent)
    }

    /// Requests are under way.
    var isAsked: Bool { counts.load(ordering: .sequentiallyConsistent) & (Self.oneAnswer - 1) > 0 }

    /// For how long requests have waited here while none was answered; zero where none waits.
    func silence(at now: Moment) -> Duration {
        let count = counts.load(ordering: .relaxed) >> 24
        return pulse.withLock { pulse in
            if !isAsked || count != pulse.answers { pulse.silentSince = nil }
            pulse.answers = count
            guard isAsked else { return .zero }
            let start = pulse.silentSince ?? now
            pulse.silentSince = start
            return now - start
        }
    }

    /// It kept requests waiting when it was looked at.
    var isSilent: Bool { pulse.withLock { $0.silentSince != nil } }
}
