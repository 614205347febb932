/// The elements of an array, set, push or map: an immutable collection of values.
///
/// A copy is a reference, and keeps aggregates in memory that were received beside it: of a small part that is to stay,
/// keep the value's ``RESPValue/detached()``. Elements are compared, hashed, printed, copied and released without
/// recursion, so that no depth of nesting takes the stack.
public struct RESPArray: Sendable {
    @usableFromInline nonisolated(unsafe) let storage: ElementStorage?

    // Small aggregates inside another share a block. 32 bits each keep a value at 24 bytes; RESPLimits caps a count.
    @usableFromInline let offset: UInt32
    @usableFromInline let length: UInt32

    init(storage: ElementStorage, offset: Int, count: Int) {
        self.storage = storage
        self.offset = UInt32(offset)
        self.length = UInt32(count)
    }

    /// No elements.
    public init() {
        storage = nil
        offset = 0
        length = 0
    }

    /// The first element's address, valid while this array lives; there is one if there are elements.
    @inlinable
    var start: UnsafeMutablePointer<RESPValue> { storage.unsafelyUnwrapped.start + Int(offset) }

    /// The values in their order.
    public init(_ values: some Sequence<RESPValue>) {
        var elements = ElementBuilder(capacity: values.underestimatedCount)
        for value in values { elements.append(value) }
        self = elements.finish()
    }
}

extension RESPArray: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { count }
    @inlinable public var count: Int { Int(length) }

    @inlinable
    public subscript(position: Int) -> RESPValue {
        precondition(position >= 0 && position < count, "index out of the elements")
        return withExtendedLifetime(storage) { start[position] }
    }

    @inlinable
    public func makeIterator() -> Iterator { Iterator(elements: self) }

    /// The elements in their order.
    public struct Iterator: IteratorProtocol {
        @usableFromInline let elements: RESPArray
        @usableFromInline var position = 0

        @inlinable
        init(elements: RESPArray) { self.elements = elements }

        @inlinable
        public mutating func next() -> RESPValue? {
            guard position < elements.count else { return nil }
            defer { position += 1 }
            return elements[position]
        }
    }

    @inlinable
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<RESPValue>) throws -> Result
    ) rethrows -> Result? {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: storage == nil ? nil : start, count: count))
    }
}

extension RESPArray {
    /// The bytes of the bulk string at `index`, in place; nil for all else, and for no index. Valid while this array
    /// lives.
    ///
    /// Reading a value by the subscript counts a reference twice; this counts none.
    @inlinable
    package func bulkString(at index: Int) -> UnsafeRawBufferPointer? {
        guard index >= 0, index < count, case .bulkString(let bytes) = start[index]
        else { return nil }
        return UnsafeRawBufferPointer(start: bytes.storage.start + Int(bytes.offset), count: Int(bytes.length))
    }
}

extension RESPArray: ExpressibleByArrayLiteral {
    public init(arrayLiteral values: RESPValue...) { self.init(values) }
}

extension RESPArray: Hashable {
    /// Equal elements in the same order.
    public static func == (left: RESPArray, right: RESPArray) -> Bool { RESPValue.array(left) == .array(right) }
    public func hash(into hasher: inout Hasher) { RESPValue.array(self).hash(into: &hasher) }
}

extension RESPArray: CustomStringConvertible, CustomReflectable {
    /// `[1, "two", null]`
    public var description: String { RESPValue.array(self).description }
    /// Without children: reflection goes down a nest by recursion.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
