/// Reads from the front of some bytes, never past their end.
///
/// Whatever it takes it takes whole or answers nil; then `missing` says how many bytes there have to be more.
struct RDBCursor {
    private(set) var place: UnsafeRawPointer
    let end: UnsafeRawPointer
    /// The offset in the snapshot of what `end` points at, for violations.
    private let endOffset: Int
    var missing = 0

    init(_ place: UnsafeRawPointer, _ end: UnsafeRawPointer, offset: Int) {
        self.place = place
        self.end = end
        endOffset = offset + (end - place)
    }

    /// The offset in the snapshot of the next byte.
    var offset: Int { endOffset - (end - place) }

    private mutating func lacks(_ count: Int) -> Bool {
        guard end - place < count else { return false }
        missing = count - (end - place)
        return true
    }

    mutating func byte() -> UInt8? {
        if lacks(1) { return nil }
        defer { place += 1 }
        return place.load(as: UInt8.self)
    }

    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer? {
        if lacks(count) { return nil }
        defer { place += count }
        return UnsafeRawBufferPointer(start: place, count: count)
    }

    /// Passes so many bytes, or all there are; how many it was.
    mutating func skip(_ count: Int) -> Int {
        let passed = min(count, end - place)
        place += passed
        return passed
    }

    /// An integer as it lies in the memory of a little-endian machine.
    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
        if lacks(MemoryLayout<Integer>.size) { return nil }
        defer { place += MemoryLayout<Integer>.size }
        return Integer(littleEndian: place.loadUnaligned(as: type))
    }

    /// A number in the encoding of lengths.
    ///
    /// | First byte | Number |
    /// |---|---|
    /// | `00xxxxxx` | its six bits |
    /// | `01xxxxxx` | fourteen bits, with the next byte |
    /// | `0x80` | the next four bytes, the highest first |
    /// | `0x81` | the next eight |
    mutating func length() throws(RDBViolation) -> UInt64? {
        if lacks(1) { return nil }
        let first = place.load(as: UInt8.self)
        if first < 0x40 {
            place += 1
            return UInt64(first)
        }
        guard let number = try longLength(first) else { return nil }
        return number
    }

    @inline(never)
    private mutating func longLength(_ first: UInt8) throws(RDBViolation) -> UInt64? {
        switch first {
        case 0x40..<0x80:
            if lacks(2) { return nil }
            defer { place += 2 }
            return UInt64(first & 0x3f) << 8 | UInt64(place.load(fromByteOffset: 1, as: UInt8.self))
        case 0x80:
            if lacks(5) { return nil }
            defer { place += 5 }
            return UInt64(UInt32(bigEndian: place.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        case 0x81:
            if lacks(9) { return nil }
            defer { place += 9 }
            return UInt64(bigEndian: place.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        default:
            throw RDBViolation(.malformed, at: offset, "expected a length, found byte \(first)")
        }
    }

    /// A number in the encoding of lengths, up to a limit; `what` it is, for who reads that it is more.
    mutating func count(upTo limit: Int, _ what: StaticString) throws(RDBViolation) -> Int? {
        let start = offset
        guard let number = try length() else { return nil }
        guard number <= UInt64(limit) else { throw RDBViolation(.tooLong, at: start, "\(what) above \(limit)") }
        return Int(number)
    }

    /// The nine bytes of the beginning.
    mutating func version() throws(RDBViolation) -> RDBVersion? {
        let start = offset
        guard let magic = bytes(9) else { return nil }
        let digits = magic.suffix(3)
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw RDBViolation(.notASnapshot, at: start, "expected the beginning of a snapshot")
        }
        let number = digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
        let family = magic.prefix(6)
        if family.elementsEqual("REDIS0".utf8) { return try Self.known(RDBVersion(.redis, number), at: start) }
        if family.elementsEqual("VALKEY".utf8) { return try Self.known(RDBVersion(.valkey, number), at: start) }
        throw RDBViolation(.notASnapshot, at: start, "expected the beginning of a snapshot")
    }

    /// Below it a number after `VALKEY` was never written.
    private static let firstOfValkey = 80

    private static func known(_ version: RDBVersion, at offset: Int) throws(RDBViolation) -> RDBVersion {
        guard version.firstServers != nil, (version.number >= firstOfValkey) == (version.flavour == .valkey) else {
            throw RDBViolation(
                .unknownVersion, at: offset,
                "\(version) is not read: 1 to 15 of Redis are, and 80 and 81 of Valkey")
        }
        return version
    }

    /// What stands before the bytes of a string.
    struct StringHead {
        enum Encoding {
            case plain
            /// A decimal number in so many bytes.
            case integer
            /// Compressed by LZF, from so many bytes.
            case compressed(from: Int)
        }

        let encoding: Encoding
        /// Bytes that follow.
        let count: Int
    }

    /// The head of a string of at most `limit` bytes, compressed or not.
    mutating func stringHead(limit: Int) throws(RDBViolation) -> StringHead? {
        if lacks(1) { return nil }
        let first = place.load(as: UInt8.self)
        guard first < 0xc0 else { return try specialHead(first, limit) }
        let start = offset
        guard let count = try length() else { return nil }
        guard count <= UInt64(limit) else { throw Self.tooLong(at: start, limit) }
        return StringHead(encoding: .plain, count: Int(count))
    }

    @inline(never)
    private mutating func specialHead(_ first: UInt8, _ limit: Int) throws(RDBViolation) -> StringHead? {
        switch first {
        case 0xc0, 0xc1, 0xc2:
            place += 1
            return StringHead(encoding: .integer, count: 1 << Int(first - 0xc0))
        case 0xc3:
            let start = offset
            let before = place
            place += 1
            guard let count = try length(), let whole = try length() else {
                place = before
                return nil
            }
            guard count <= UInt64(limit), whole <= UInt64(limit) else { throw Self.tooLong(at: start, limit) }
            return StringHead(encoding: .compressed(from: Int(whole)), count: Int(count))
        default:
            throw RDBViolation(.malformed, at: offset, "expected a string, found byte \(first)")
        }
    }

    private static func tooLong(at offset: Int, _ limit: Int) -> RDBViolation {
        RDBViolation(.tooLong, at: offset, "a string of more than \(limit) bytes")
    }
}
