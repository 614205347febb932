/// The elements of an array, set, push or map: an immutable collection of values.
///
/// A copy is a reference. Elements are compared, hashed, printed, copied and released without recursion, so that no
/// depth of nesting takes the stack.
public struct RESPArray: Sendable {
    @usableFromInline nonisolated(unsafe) let storage: ElementStorage?

    init(storage: ElementStorage) { self.storage = storage }

    /// No elements.
    public init() { storage = nil }

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
    @inlinable public var count: Int { storage?.count ?? 0 }

    @inlinable
    public subscript(position: Int) -> RESPValue {
        precondition(position >= 0 && position < count, "index out of the elements")
        return withExtendedLifetime(storage) { storage.unsafelyUnwrapped.start[position] }
    }

    @inlinable
    public func makeIterator() -> Iterator { Iterator(storage: storage, count: count) }

    /// The elements in their order.
    public struct Iterator: IteratorProtocol {
        @usableFromInline let storage: ElementStorage?
        @usableFromInline let count: Int
        @usableFromInline var position = 0

        @inlinable
        init(storage: ElementStorage?, count: Int) {
            self.storage = storage
            self.count = count
        }

        @inlinable
        public mutating func next() -> RESPValue? {
            guard position < count else { return nil }
            defer { position += 1 }
            return withExtendedLifetime(storage) { storage.unsafelyUnwrapped.start[position] }
        }
    }

    @inlinable
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<RESPValue>) throws -> Result
    ) rethrows -> Result? {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: storage?.start, count: count))
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
