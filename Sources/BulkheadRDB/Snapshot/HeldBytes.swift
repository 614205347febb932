/// Bytes collected in one block that keeps its place until more are appended.
///
/// A growing block doubles, so what is allocated follows what has arrived and not what a length says.
struct HeldBytes: ~Copyable {
    private(set) var count = 0
    private var capacity: Int
    private(set) var start: UnsafeMutableRawPointer

    private static let smallest = 64
    /// Above this a block is given back as soon as it is empty: one long key does not stay.
    private static let largestKept = 64 << 10

    init() {
        capacity = Self.smallest
        start = .allocate(byteCount: Self.smallest, alignment: 1)
    }

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    mutating func append(_ source: UnsafeRawPointer, _ length: Int) {
        if capacity - count < length { move(toCapacity: max(2 * capacity, count + length)) }
        (start + count).copyMemory(from: source, byteCount: length)
        count += length
    }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        if let start = source.baseAddress { append(start, source.count) }
    }

    mutating func removeAll() {
        count = 0
        if capacity > Self.largestKept { move(toCapacity: Self.smallest) }
    }

    private mutating func move(toCapacity wanted: Int) {
        let moved = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 1)
        moved.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = moved
        capacity = wanted
    }
}
