import Synchronization

/// Asks at a moment how long there is yet, and sleeps again for so long, or rings when there is nothing left.
///
/// It needs no thread that the program may hold: the poller's thread asks, and a thread of its own rings. So it may be
/// used to cancel a task in time, whatever the program does when that is cancelled.
package final class Alarm: TimerTarget {
    private let left: @Sendable () -> Duration?
    private let ring: @Sendable () -> Void
    private let isOver = Atomic(false)

    package init(left: @escaping @Sendable () -> Duration?, ring: @escaping @Sendable () -> Void) {
        self.left = left
        self.ring = ring
    }

    package func set(after duration: Duration) { Poller.shared.look(at: .now + duration, for: self) }

    package func stop() {
        isOver.store(true, ordering: .relaxed)
        Poller.shared.forget(self)
    }

    func look(at now: Moment) {
        if isOver.load(ordering: .relaxed) { return }
        if let left = left() { return set(after: left) }
        OwnThread.run { [ring] in ring() }
    }
}
