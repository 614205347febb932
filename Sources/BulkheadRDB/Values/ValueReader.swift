/// The body of a value: lengths and strings, and what they may cost.
///
/// ```
/// 00LLLLLL                              length of 6 bits
/// 01LLLLLL LLLLLLLL                     of 14 bits, big-endian
/// 10000000 then 4 bytes                 of 32 bits, big-endian
/// 10000001 then 8 bytes                 of 64 bits, big-endian
/// 110000EE                              a string that is no length and bytes:
///       00 then 1 byte                  the decimal digits of an integer, little-endian
///       01 then 2 bytes
///       10 then 4 bytes
///       11 then length, length, bytes   LZF: compressed bytes, bytes of the string
/// ```
///
/// Source: `rdbLoadLenByRef` and `rdbGenericLoadStringObject` in `src/rdb.c` of Redis.
struct ValueReader {
    var bytes: ByteReader
    let limits: RDBValueLimits
    /// What may still be allocated.
    private var budget: Int

    init(_ body: ArraySlice<UInt8>, limits: RDBValueLimits) {
        bytes = ByteReader(body)
        self.limits = limits
        budget = max(0, limits.valueBytes)
    }

    private enum Head {
        case length(UInt64)
        case special(UInt8)
    }

    private mutating func head() throws(RDBViolation) -> Head {
        let unread = bytes
        let first = try bytes.byte()
        switch first >> 6 {
        case 0: return .length(UInt64(first))
        case 1: return .length(UInt64(first & 0x3f) << 8 | UInt64(try bytes.byte()))
        case 3: return .special(first & 0x3f)
        default:
            if first == 0x80 { return .length(UInt64(try bytes.bigEndian(UInt32.self))) }
            if first == 0x81 { return .length(try bytes.bigEndian(UInt64.self)) }
            throw unread.malformed("a length begins with the invalid byte \(first)")
        }
    }

    /// A length, or a number that is written as one.
    mutating func number() throws(RDBViolation) -> UInt64 {
        let unread = bytes
        guard case .length(let number) = try head() else {
            throw unread.malformed("a string stands where a length was expected")
        }
        return number
    }

    /// How many items of at least `bytesEach` bytes follow. More than there are bytes for is a violation.
    mutating func count(of what: StaticString, bytesEach: Int = 1) throws(RDBViolation) -> Int {
        let offset = bytes.offset
        let count = try number()
        guard count <= UInt64(bytes.remaining / bytesEach) else {
            throw RDBViolation(.tooLong, at: offset, "\(count) \(what) do not fit in \(bytes.remaining) bytes")
        }
        return Int(count)
    }

    mutating func string() throws(RDBViolation) -> [UInt8] {
        let offset = bytes.offset
        switch try head() {
        case .length(let length):
            try check(length, at: offset)
            return try keep(try bytes.take(length))
        case .special(0): return try keep(digitsOf: Int64(try bytes.littleEndian(Int8.self)))
        case .special(1): return try keep(digitsOf: Int64(try bytes.littleEndian(Int16.self)))
        case .special(2): return try keep(digitsOf: Int64(try bytes.littleEndian(Int32.self)))
        case .special(3): return try decompressed()
        case .special(let number): throw unknownString(number, at: offset)
        }
    }

    /// A string that holds packed elements, to be read apart.
    mutating func packed() throws(RDBViolation) -> ByteReader {
        let offset = bytes.offset
        switch try head() {
        case .length(let length):
            try check(length, at: offset)
            return try bytes.part(length)
        case .special(3): return ByteReader(decompressed: try decompressed(), at: offset)
        case .special(0...2):
            throw RDBViolation(.malformed, at: offset, "an integer stands where packed elements were expected")
        case .special(let number): throw unknownString(number, at: offset)
        }
    }

    /// Passes over a string whose bytes nobody wants, without decompressing it.
    mutating func skipString() throws(RDBViolation) {
        let offset = bytes.offset
        switch try head() {
        case .length(let length): _ = try bytes.take(length)
        case .special(let width) where width < 3: _ = try bytes.take(1 << UInt64(width))
        case .special(3):
            let compressed = try number()
            _ = try number()
            _ = try bytes.take(compressed)
        case .special(let number): throw unknownString(number, at: offset)
        }
    }

    private mutating func decompressed() throws(RDBViolation) -> [UInt8] {
        let offset = bytes.offset
        let compressedCount = try number()
        let count = try number()
        try check(count, at: offset)
        let start = bytes.offset
        let compressed = try bytes.take(compressedCount)
        try spend(Int(count), at: offset)
        return try LZF.decompress(compressed, count: Int(count), at: start)
    }

    /// A copy of bytes, paid for.
    mutating func keep(_ part: ArraySlice<UInt8>) throws(RDBViolation) -> [UInt8] {
        try spend(part.count, at: bytes.offset)
        return Array(part)
    }

    mutating func keep(_ item: PackedItem) throws(RDBViolation) -> [UInt8] {
        switch item {
        case .bytes(let part): try keep(part)
        case .integer(let number): try keep(digitsOf: number)
        }
    }

    private mutating func keep(digitsOf number: Int64) throws(RDBViolation) -> [UInt8] {
        let digits = Array(String(number).utf8)
        try spend(digits.count, at: bytes.offset)
        return digits
    }

    /// Pays for one string of so many bytes before it is allocated.
    mutating func spend(_ count: Int, at offset: Int) throws(RDBViolation) {
        guard count <= budget - RDBValueLimits.elementBytes else {
            throw RDBViolation(.tooLong, at: offset, "the value takes more than \(limits.valueBytes) bytes decoded")
        }
        budget -= count + RDBValueLimits.elementBytes
    }

    private func check(_ length: UInt64, at offset: Int) throws(RDBViolation) {
        guard length <= UInt64(max(0, limits.stringBytes)) else {
            throw RDBViolation(
                .tooLong, at: offset, "a string of \(length) bytes, and \(limits.stringBytes) are the limit")
        }
    }

    private func unknownString(_ number: UInt8, at offset: Int) -> RDBViolation {
        RDBViolation(.malformed, at: offset, "a string has the unknown encoding \(number)")
    }
}
