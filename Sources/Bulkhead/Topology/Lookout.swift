import BulkheadNetworking
import Synchronization

/// Whether a task looks after the servers of a ``ServerKeeper``.
final class Lookout: Sendable {
    fileprivate let isLooking = Atomic(false)

    fileprivate static let interval = Duration.milliseconds(250)
}

/// Who has requests under way at servers that may hang: such a server says nothing, so it is looked at while they wait.
protocol ServerKeeper: AnyObject, Sendable {
    var lookout: Lookout { get }

    /// Requests are under way somewhere.
    var isAsked: Bool { get }

    /// Looks at all servers once, and does what follows.
    func look() async
}

extension ServerKeeper {
    /// A request has begun, and is counted by ``isAsked``. Its server is looked at until none is under way.
    @inline(__always)
    func keepLooking() {
        // Whoever begins is seen by the task, or sees that it is over.
        if !lookout.isLooking.load(ordering: .sequentiallyConsistent) { beginLooking() }
    }

    @inline(never)
    private func beginLooking() {
        guard !lookout.isLooking.exchange(true, ordering: .sequentiallyConsistent) else { return }
        Task.detached { [weak self, lookout] in
            while await sleepTask(for: Lookout.interval) {
                guard let self else { return }
                // The last look is one at which none is under way: what it saw before says nothing of the next request.
                let wasAsked = isAsked
                await look()
                if wasAsked { continue }
                lookout.isLooking.store(false, ordering: .sequentiallyConsistent)
                // A request may have begun in between.
                guard isAsked, !lookout.isLooking.exchange(true, ordering: .sequentiallyConsistent) else { return }
            }
        }
    }
}
