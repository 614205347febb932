/// The memory of an aggregate's elements: a reference-counted block that is filled once and never changes again.
///
/// ```
///   object │ count │ height │ element 0 │ element 1 │ … │ free
/// ```
///
/// A nest of values is released without recursion, however deep it is: see `deinit`.
///
/// Safe to share although `ManagedBuffer` is not `Sendable`, hence `nonisolated(unsafe)` where one is stored: only
/// the `ElementBuilder` that made it writes to it, behind the elements that a `RESPArray` has, and before another
/// thread holds one.
@usableFromInline
final class ElementStorage: ManagedBuffer<ElementHeader, RESPValue> {
    /// Bytes in front of the elements, with what an allocator adds.
    static let overhead = 48
    /// Nests of so many levels are released the usual way, by recursion that takes little stack; deeper ones are
    /// taken apart first. Real replies stay below it, and pay a comparison.
    static let plainLevels = 16

    static func allocate(_ capacity: Int) -> ElementStorage {
        let storage = ElementStorage.create(minimumCapacity: capacity) { _ in ElementHeader() }
        return unsafeDowncast(storage, to: ElementStorage.self)
    }

    @usableFromInline
    var count: Int { withUnsafeMutablePointerToHeader { $0.pointee.count } }

    /// Levels from here down: 1 if no element holds others.
    var height: Int { withUnsafeMutablePointerToHeader { $0.pointee.height } }

    /// The first element's address, valid while this object lives.
    @usableFromInline
    var start: UnsafeMutablePointer<RESPValue> { withUnsafeMutablePointerToElements { $0 } }

    /// Written by the builder alone.
    func set(count: Int) { withUnsafeMutablePointerToHeader { $0.pointee.count = count } }

    /// Written by the builder alone.
    func raise(height: Int) {
        withUnsafeMutablePointerToHeader { $0.pointee.height = max($0.pointee.height, height) }
    }

    deinit {
        guard height > Self.plainLevels else {
            start.deinitialize(count: count)
            return
        }
        // Each storage gives its elements away before it goes, so that none is released inside another's end.
        var pending: [ElementStorage] = []
        moveElements(to: &pending)
        while var storage = pending.popLast() {
            // What others hold stays; what is low ends as usual, here and now.
            guard storage.height > Self.plainLevels, isKnownUniquelyReferenced(&storage) else { continue }
            storage.moveElements(to: &pending)
        }
    }

    /// Releases the elements, and hands over what they hold.
    private func moveElements(to pending: inout [ElementStorage]) {
        let start = start
        for index in 0..<count {
            let element = (start + index).move()
            if let storage = element.children?.storage { pending.append(storage) }
        }
        set(count: 0)
    }
}

@usableFromInline
struct ElementHeader {
    var count = 0
    var height = 1
}

/// Fills one block of elements from the front, moving to larger ones, and hands it over when it is done.
///
/// A copy would write to the same block: it has one owner at a time.
struct ElementBuilder: Sendable {
    nonisolated(unsafe) private var storage: ElementStorage?
    private(set) var capacity = 0

    private static let smallest = 4

    init() {}

    init(capacity: Int) { reserve(capacity) }

    var count: Int { storage?.count ?? 0 }

    /// Levels of an aggregate of these elements.
    var height: Int { storage?.height ?? 0 }

    /// Makes room for `capacity` elements.
    private mutating func reserve(_ capacity: Int) {
        guard capacity > self.capacity else { return }
        let grown = ElementStorage.allocate(capacity)
        if let storage {
            let count = storage.count
            grown.start.moveInitialize(from: storage.start, count: count)
            grown.set(count: count)
            grown.raise(height: storage.height)
            storage.set(count: 0)
        }
        storage = grown
        self.capacity = capacity
    }

    /// Twice the room, but not more than for `total` elements.
    @inline(never)
    private mutating func grow(upTo total: Int) {
        reserve(max(capacity + 1, min(total, max(Self.smallest, 2 * capacity))))
    }

    /// Appends a value to elements that will be `total` in the end, or any number.
    mutating func append(_ value: consuming RESPValue, of total: Int? = nil) {
        append(value, of: total ?? .max, height: value.children?.storage?.height ?? 0)
    }

    /// Appends a value of so many levels.
    mutating func append(_ value: consuming RESPValue, of total: Int, height: Int) {
        let count = count
        if count == capacity { grow(upTo: total) }
        let storage = storage.unsafelyUnwrapped
        storage.raise(height: height + 1)
        (storage.start + count).initialize(to: value)
        storage.set(count: count + 1)
    }

    /// Appends what `next` has, up to `total` elements; none of it may hold others.
    @inline(__always)
    mutating func appendLeaves(upTo total: Int, _ next: () -> RESPValue?) {
        var count = count
        var start = storage?.start
        while count < total, let value = next() {
            if count == capacity {
                storage?.set(count: count)
                grow(upTo: total)
                start = storage.unsafelyUnwrapped.start
            }
            (start.unsafelyUnwrapped + count).initialize(to: value)
            count += 1
        }
        storage?.set(count: count)
    }

    /// The elements; nothing may be appended afterwards.
    consuming func finish() -> RESPArray {
        guard let storage, storage.count > 0 else { return RESPArray() }
        return RESPArray(storage: storage, offset: 0, count: storage.count)
    }

    // MARK: Several aggregates in one block

    /// How many elements may be appended before they must move to a larger block.
    var room: Int { capacity - count }

    /// The elements from `first` on. More may be appended behind them if there is room: they must not move any more.
    func slice(from first: Int) -> RESPArray {
        guard let storage, storage.count > first else { return RESPArray() }
        return RESPArray(storage: storage, offset: first, count: storage.count - first)
    }

    /// Releases the elements from `first` on.
    mutating func cut(to first: Int) {
        guard let storage, storage.count > first else { return }
        (storage.start + first).deinitialize(count: storage.count - first)
        storage.set(count: first)
    }
}
