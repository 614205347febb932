/// A first-in first-out queue in one growing ring: constant time at both ends, no allocation once it is large enough.
///
/// A copy shares the ring until one of the two changes. The ring is no array: its places would have to be optional, and
/// each would be looked at and destroyed once more before it is used again.
package struct RingQueue<Element> {
    /// Nil while nothing was ever appended.
    private var ring: Ring<Element>?

    package init() {}

    package var count: Int { ring?.count ?? 0 }

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ element: consuming Element) {
        own(for: 1)
        let (header, places) = ring!.pointers
        (places + header.pointee.place(header.pointee.count)).initialize(to: element)
        header.pointee.count += 1
    }

    package mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        own()
        let (header, places) = ring!.pointers
        let element = (places + header.pointee.first).move()
        header.pointee.drop(1)
        return element
    }

    /// Drops the first element without destroying it, which costs more than the rest: it must own nothing any more.
    mutating func forgetFirst() {
        precondition(!isEmpty)
        own()
        ring!.pointers.0.pointee.drop(1)
    }

    /// The first element, copied; the queue must not be empty.
    var first: Element { self[0] }

    /// Changes the first element in place; the queue must not be empty.
    mutating func withFirst<Result>(_ body: (inout Element) -> Result) -> Result {
        body(&self[0])
    }

    /// Looks at the element at `position` in place, where a copy would cost more than the look.
    mutating func with<Result>(_ position: Int, _ body: (inout Element) -> Result) -> Result {
        body(&self[position])
    }

    /// The element at `position`, counted from the first.
    subscript(position: Int) -> Element {
        get {
            let ring = ring!
            // The pointers keep nothing alive.
            defer { withExtendedLifetime(ring) {} }
            let (header, places) = ring.pointers
            precondition((0..<header.pointee.count).contains(position))
            return places[header.pointee.place(position)]
        }
        _modify {
            own()
            let (header, places) = ring!.pointers
            precondition((0..<header.pointee.count).contains(position))
            yield &places[header.pointee.place(position)]
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
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard !range.isEmpty else { return }
        own()
        let (header, places) = ring!.pointers
        func place(_ position: Int) -> UnsafeMutablePointer<Element> { places + header.pointee.place(position) }
        // From the back: everything between `position` and `free` is empty.
        var free = range.upperBound
        for position in (0..<range.upperBound).reversed() {
            if position >= range.lowerBound, fits(place(position).pointee) {
                place(position).deinitialize(count: 1)
            } else {
                free -= 1
                if free == position, position < range.lowerBound { return }
                if free != position { place(free).moveInitialize(from: place(position), count: 1) }
            }
        }
        header.pointee.drop(free)
    }

    // MARK: The ring

    /// Makes the ring one of this queue alone, with room for `more` elements.
    private mutating func own(for more: Int = 0) {
        guard let room = ring?.room else {
            if more > 0 { ring = .ofRoom(8) }
            return
        }
        if !isKnownUniquelyReferenced(&ring) { ring = ring!.copied() }
        if count + more > room { ring = ring!.moved(toRoom: 2 * room) }
    }
}

/// `@unchecked`: a ring is changed by none but its only owner.
extension RingQueue: @unchecked Sendable where Element: Sendable {}

private struct RingHeader {
    /// A power of two, so that a mask wraps the index.
    let room: Int
    /// Where the first element stands.
    var first = 0
    var count = 0

    /// Where the element at a position of the queue stands.
    func place(_ position: Int) -> Int { (first + position) & (room - 1) }

    mutating func drop(_ number: Int) {
        first = place(number)
        count -= number
    }
}

/// The memory of a queue: its elements stand from `first` on, and go on at the start of the memory.
private final class Ring<Element>: ManagedBuffer<RingHeader, Element> {
    static func ofRoom(_ room: Int) -> Ring {
        unsafeDowncast(create(minimumCapacity: room) { _ in RingHeader(room: room) }, to: Ring.self)
    }

    deinit {
        let (header, places) = pointers
        for position in 0..<header.pointee.count {
            (places + header.pointee.place(position)).deinitialize(count: 1)
        }
    }

    var room: Int { withUnsafeMutablePointerToHeader { $0.pointee.room } }
    var count: Int { withUnsafeMutablePointerToHeader { $0.pointee.count } }

    /// They hold for as long as the ring lives, and do not keep it alive. `header` itself would be guarded at run time
    /// against two uses at once.
    var pointers: (UnsafeMutablePointer<RingHeader>, UnsafeMutablePointer<Element>) {
        withUnsafeMutablePointers { ($0, $1) }
    }

    func copied() -> Ring {
        let copy = Ring.ofRoom(room)
        let (from, to) = (pointers, copy.pointers)
        for position in 0..<count {
            (to.1 + position).initialize(to: from.1[from.0.pointee.place(position)])
        }
        to.0.pointee.count = count
        return copy
    }

    /// A larger one, with what this one had.
    func moved(toRoom room: Int) -> Ring {
        let larger = Ring.ofRoom(room)
        let (from, to) = (pointers, larger.pointers)
        for position in 0..<from.0.pointee.count {
            (to.1 + position).moveInitialize(from: from.1 + from.0.pointee.place(position), count: 1)
        }
        to.0.pointee.count = from.0.pointee.count
        from.0.pointee.count = 0
        return larger
    }
}
