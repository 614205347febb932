/// A first-in first-out queue in one growing ring: constant time at both ends, no allocation once it is large enough.
package struct RingQueue<Element> {
    private var slots: [Element?] = []
    private var head = 0
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ element: consuming Element) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = element
        count += 1
    }

    package mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head].take()
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    /// Drops the first element; the queue must not be empty.
    mutating func removeFirst() {
        slots[head] = nil
        head = (head + 1) & (slots.count - 1)
        count -= 1
    }

    /// The first element, copied; the queue must not be empty.
    var first: Element { slots[head]! }

    /// Changes the first element in place; the queue must not be empty.
    mutating func withFirst<Result>(_ body: (inout Element) -> Result) -> Result {
        body(&slots[head]!)
    }

    /// Looks at the element at `position` in place, where a copy would cost more than the look.
    mutating func with<Result>(_ position: Int, _ body: (inout Element) -> Result) -> Result {
        body(&self[position])
    }

    /// The element at `position`, counted from the first.
    subscript(position: Int) -> Element {
        get { slots[slot(position)]! }
        _modify {
            precondition(position < count)
            yield &slots[slot(position)]!
        }
    }

    /// The first position from which on all elements fit, where all those behind one that fits do; the count if none
    /// does. Logarithmic in the count.
    func firstPosition(where fits: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if fits(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Removes all in `range` that fit; those before them move up. Linear in the end of the range.
    mutating func removeAll(in range: Range<Int>, where fits: (Element) -> Bool) {
        // From the back: everything between `position` and `free` is empty.
        var free = range.upperBound
        for position in (0..<range.upperBound).reversed() {
            if position >= range.lowerBound, fits(self[position]) {
                slots[slot(position)] = nil
            } else {
                free -= 1
                if free == position, position < range.lowerBound { return }
                if free != position { slots.swapAt(slot(free), slot(position)) }
            }
        }
        head = slot(free)
        count -= free
    }

    private func slot(_ position: Int) -> Int { (head + position) & (slots.count - 1) }

    private mutating func grow() {
        // Capacities are powers of two, so that a mask wraps the index.
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, 2 * slots.count))
        for index in 0..<count { larger.append(slots[(head + index) & (slots.count - 1)]) }
        larger.append(contentsOf: repeatElement(nil, count: max(8, 2 * slots.count) - count))
        slots = larger
        head = 0
    }
}

extension RingQueue: Sendable where Element: Sendable {}
