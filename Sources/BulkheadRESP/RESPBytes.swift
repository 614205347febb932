/// The bytes of one string of the protocol: an immutable collection of `UInt8`.
///
/// A decoded value points into the block it was received in, so decoding copies nothing. The block stays in
/// memory while a value points into it: keep ``detached()`` copies of small values for long.
public struct RESPBytes: Sendable {
    @usableFromInline nonisolated(unsafe) let storage: ByteStorage
    // 32 bits each keep a value at 16 bytes; RESPLimits caps a bulk string below 4 GiB for this.
    @usableFromInline let offset: UInt32
    @usableFromInline let length: UInt32

    init(storage: ByteStorage, offset: Int, count: Int) {
        self.storage = storage
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: count)
    }

    /// No bytes.
    public init() {
        self.init(storage: .empty, offset: 0, count: 0)
    }

    /// Copies `bytes`; at most 4 GiB.
    public init(_ bytes: some Collection<UInt8>) {
        let count = bytes.count
        precondition(count <= RESPLimits.largestBulkBytes, "RESPBytes holds at most 4 GiB")
        let storage = ByteStorage.allocate(count)
        let target = UnsafeMutableBufferPointer(start: storage.start, count: count)
        _ = target.initialize(fromContentsOf: bytes)
        self.init(storage: storage, offset: 0, count: count)
    }

    /// Copies the UTF-8 of `text`.
    public init(_ text: some StringProtocol) {
        self.init(text.utf8)
    }

    /// Calls `body` with the bytes in place; the pointer is valid only inside `body`.
    @inlinable
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = UnsafeRawPointer(storage.start + Int(offset))
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: start, count: Int(length)))
    }

    /// A copy that keeps nothing else in memory, or this value where it already has its block to itself.
    public func detached() -> RESPBytes {
        storage.byteCapacity <= Int(length) + ByteStorage.slackOfAnOwnBlock ? self : RESPBytes(self)
    }

    /// The text, if the bytes are UTF-8; nil otherwise, never a repaired copy.
    public var text: String? {
        withUnsafeBytes { String(validating: $0, as: UTF8.self) }
    }
}

extension ByteStorage {
    /// A large bulk string's own block also holds its CR LF.
    static let slackOfAnOwnBlock = 2
}

extension RESPBytes: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { Int(length) }
    @inlinable public var count: Int { Int(length) }

    @inlinable
    public subscript(position: Int) -> UInt8 {
        precondition(position >= 0 && position < Int(length), "index out of the bytes")
        return withExtendedLifetime(storage) { storage.start[Int(offset) + position] }
    }

    @inlinable
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        let start = UnsafePointer(storage.start + Int(offset))
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: start, count: Int(length)))
    }
}

extension RESPBytes: Hashable {
    public static func == (left: RESPBytes, right: RESPBytes) -> Bool {
        right.withUnsafeBytes { left.isSame(as: $0) }
    }

    package func isSame(as bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count == count && withUnsafeBytes { $0.hasSameBytes(as: bytes) }
    }

    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// Compares eight bytes at a time; the counts must be the same.
    fileprivate func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index + 8 <= count {
            let mine = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard mine == other.loadUnaligned(fromByteOffset: index, as: UInt64.self) else { return false }
            index += 8
        }
        while index < count {
            guard self[index] == other[index] else { return false }
            index += 1
        }
        return true
    }
}

extension RESPBytes: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    public init(stringLiteral text: String) { self.init(text) }
    public init(arrayLiteral bytes: UInt8...) { self.init(bytes) }
}

extension RESPBytes: CustomStringConvertible {
    /// The text, with `\\xNN` for bytes that are not UTF-8. Errors of this package never contain it.
    public var description: String {
        text
            ?? reduce(into: "") { text, byte in
                if byte >= 0x20 && byte < 0x7f {
                    text.unicodeScalars.append(Unicode.Scalar(byte))
                } else {
                    text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
            }
    }
}
