/// Who is to be notified at which moment, as a pure struct: the poller's one list of deadlines.
///
/// Each target has one moment, the earliest it asked for. Adding, removing and taking are logarithmic in the number of
/// targets, on average over many.
struct TimerList<Target> {
    private struct Timer {
        let moment: Moment
        let id: ObjectIdentifier
    }

    /// What holds: a timer of the heap that says otherwise is passed over.
    private var targets: [ObjectIdentifier: (moment: Moment, target: Target)] = [:]
    /// A binary heap: no timer is later than the two behind it, at twice its position and one or two more.
    private var heap: [Timer] = []

    var count: Int { targets.count }

    /// The earliest moment; never if nobody waits.
    var next: Moment {
        mutating get {
            while let first = heap.first {
                if holds(first) { return first.moment }
                takeFirst()
            }
            return .never
        }
    }

    /// Has `target` notified at `moment`, if that is earlier than what it has asked for already.
    mutating func add(_ target: Target, as id: ObjectIdentifier, at moment: Moment) {
        if let present = targets[id], present.moment <= moment { return }
        targets[id] = (moment, target)
        if heap.count > Self.mostPassedOver + 2 * targets.count { dropPassedOver() }
        append(Timer(moment: moment, id: id))
    }

    mutating func remove(_ id: ObjectIdentifier) { targets[id] = nil }

    /// Takes out, and appends, those whose moment has come, the earliest first.
    mutating func takeDue(at now: Moment, into due: inout [Target]) {
        while let first = heap.first, first.moment <= now {
            takeFirst()
            // Two of one target with one moment: the first is notified, and the second finds it gone.
            if let present = targets[first.id], present.moment == first.moment {
                targets[first.id] = nil
                due.append(present.target)
            }
        }
    }

    private func holds(_ timer: Timer) -> Bool { targets[timer.id]?.moment == timer.moment }

    // MARK: The heap

    /// Timers that no longer hold, beyond as many as hold, before all of them are dropped.
    private static var mostPassedOver: Int { 64 }

    private mutating func dropPassedOver() {
        let holding = heap.filter(holds)
        heap.removeAll(keepingCapacity: true)
        for timer in holding { append(timer) }
    }

    private mutating func append(_ timer: Timer) {
        heap.append(timer)
        var position = heap.count - 1
        while position > 0 {
            let parent = (position - 1) / 2
            guard heap[position].moment < heap[parent].moment else { return }
            heap.swapAt(position, parent)
            position = parent
        }
    }

    private mutating func takeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var position = 0
        while true {
            var smallest = position
            for child in [2 * position + 1, 2 * position + 2] where child < heap.count {
                if heap[child].moment < heap[smallest].moment { smallest = child }
            }
            if smallest == position { return }
            heap.swapAt(position, smallest)
            position = smallest
        }
    }
}
