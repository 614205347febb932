/// Bytes read from front to back, never past their end. What is missing is a violation at the place where it began.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    /// Bytes of the value before these ones.
    private let start: Int
    /// 0 for what was decompressed: nothing in it has a place in the value, so all of it has the compressed one's.
    private let stride: Int

    init(_ bytes: ArraySlice<UInt8>, start: Int = 0) {
        self.init(bytes, start: start, stride: 1)
    }

    /// For what stands compressed at this place of the value.
    init(decompressed bytes: [UInt8], at start: Int) {
        self.init(bytes[...], start: start, stride: 0)
    }

    private init(_ bytes: ArraySlice<UInt8>, start: Int, stride: Int) {
        self.bytes = bytes
        self.position = bytes.startIndex
        self.start = start
        self.stride = stride
    }

    /// Bytes of these that were read.
    var consumed: Int { position - bytes.startIndex }
    var remaining: Int { bytes.endIndex - position }
    var isAtEnd: Bool { position == bytes.endIndex }
    /// The place of the next byte in the value.
    var offset: Int { start + stride * consumed }
    /// The next byte, left unread; `nil` at the end.
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func byte() throws(RDBViolation) -> UInt8 {
        guard position < bytes.endIndex else { throw truncated(1) }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func take(_ count: UInt64) throws(RDBViolation) -> ArraySlice<UInt8> {
        guard count <= UInt64(remaining) else { throw truncated(count) }
        let end = position + Int(count)
        defer { position = end }
        return bytes[position..<end]
    }

    mutating func littleEndian<Number: FixedWidthInteger>(_: Number.Type) throws(RDBViolation) -> Number {
        Number(littleEndian: try loaded())
    }

    mutating func bigEndian<Number: FixedWidthInteger>(_: Number.Type) throws(RDBViolation) -> Number {
        Number(bigEndian: try loaded())
    }

    /// The next bytes, to be read apart.
    mutating func part(_ count: UInt64) throws(RDBViolation) -> ByteReader {
        let start = offset
        return ByteReader(try take(count), start: start, stride: stride)
    }

    private mutating func loaded<Number: FixedWidthInteger>() throws(RDBViolation) -> Number {
        let part = try take(UInt64(Number.bitWidth / 8))
        return part.withUnsafeBytes { $0.loadUnaligned(as: Number.self) }
    }

    private func truncated(_ wanted: UInt64) -> RDBViolation {
        RDBViolation(.truncated, at: offset, "\(wanted) bytes were expected, and \(remaining) are left")
    }

    func malformed(_ message: String) -> RDBViolation { RDBViolation(.malformed, at: offset, message) }

    /// One that stands there twice is a violation, as a server would not have written it.
    func requireDistinct(
        _ names: some Collection<[UInt8]>, _ what: StaticString
    ) throws(RDBViolation) {
        guard Set(names).count == names.count else { throw malformed("\(what)") }
    }

    /// The size that packed elements declare at their start, which is that of all they have.
    mutating func checkPackedSize(of kind: StaticString) throws(RDBViolation) {
        let start = self
        let total = try littleEndian(UInt32.self)
        guard total == start.remaining else {
            throw start.malformed("a \(kind) of \(start.remaining) bytes declares \(total)")
        }
    }

    /// What was read stands in front of the last byte, and is as much as was declared; 65,535 declares nothing.
    func checkPackedEnd(
        of kind: StaticString, _ read: Int, _ declared: UInt16, at end: ByteReader
    ) throws(RDBViolation) {
        guard isAtEnd else { throw end.malformed("a \(kind) ends before its last byte") }
        guard declared == .max || read == declared else {
            throw end.malformed("a \(kind) has \(read) elements, but declares \(declared)")
        }
    }
}
