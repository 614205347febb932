/// Packed elements of Redis 5.0 and newer.
///
/// ```
/// ┌───────────┬───────────┬─────────┬─────────┬───┬──────┐
/// │ bytes u32 │ count u16 │ element │ element │ … │ 0xff │   both little-endian; count 65535: unknown
/// └───────────┴───────────┴─────────┴─────────┴───┴──────┘
/// element = head, bytes, length of head and bytes in 7-bit groups that are read backwards
///
/// 0iiiiiii                     integer 0...127
/// 10LLLLLL                     string, length of 6 bits
/// 110iiiii iiiiiiii            integer of 13 bits
/// 1110LLLL LLLLLLLL            string, length of 12 bits
/// 11110000 then 4 bytes        string, length little-endian
/// 11110001 … 11110100          integer of 2, 3, 4 and 8 bytes, little-endian
/// ```
///
/// Source: `src/listpack.c` of Redis, whose deep validation this does while it reads.
struct Listpack: PackedItems {
    private var bytes: ByteReader
    private let declared: UInt16
    private var read = 0

    init(_ bytes: ByteReader) throws(RDBViolation) {
        self.bytes = bytes
        try self.bytes.checkPackedSize(of: "listpack")
        declared = try self.bytes.littleEndian(UInt16.self)
    }

    var offset: Int { bytes.offset }

    mutating func next() throws(RDBViolation) -> PackedItem? {
        let unread = bytes
        let start = bytes.consumed
        let head = try bytes.byte()
        let item: PackedItem
        switch head {
        case 0x00...0x7f: item = .integer(Int64(head))
        case 0x80...0xbf: item = .bytes(try bytes.take(UInt64(head & 0x3f)))
        case 0xc0...0xdf:
            let number = Int64(head & 0x1f) << 8 | Int64(try bytes.byte())
            item = .integer(number < 1 << 12 ? number : number - 1 << 13)
        case 0xe0...0xef:
            let length = UInt64(head & 0x0f) << 8 | UInt64(try bytes.byte())
            item = .bytes(try bytes.take(length))
        case 0xf0: item = .bytes(try bytes.take(UInt64(try bytes.littleEndian(UInt32.self))))
        case 0xf1: item = .integer(Int64(try bytes.littleEndian(Int16.self)))
        case 0xf2: item = .integer(try bytes.littleEndian24())
        case 0xf3: item = .integer(Int64(try bytes.littleEndian(Int32.self)))
        case 0xf4: item = .integer(try bytes.littleEndian(Int64.self))
        case 0xff:
            try bytes.checkPackedEnd(of: "listpack", read, declared, at: unread)
            bytes = unread
            return nil
        default: throw unread.malformed("an element of a listpack begins with the invalid byte \(head)")
        }
        try checkBackLength(bytes.consumed - start)
        read += 1
        return item
    }

    /// The lowest 7 bits come last; all groups but the first have the top bit. The bounds are the server's, one below
    /// what the groups could hold.
    private mutating func checkBackLength(_ length: Int) throws(RDBViolation) {
        let unread = bytes
        let groups =
            switch length {
            case ...127: 1
            case ..<16_383: 2
            case ..<2_097_151: 3
            case ..<268_435_455: 4
            default: 5
            }
        for group in (0..<groups).reversed() {
            let top: UInt8 = group == groups - 1 ? 0 : 0x80
            guard try bytes.byte() == UInt8(length >> (7 * group) & 0x7f) | top else {
                throw unread.malformed("the length behind an element of a listpack is not the element's")
            }
        }
    }
}

extension ByteReader {
    /// A signed integer of three bytes.
    mutating func littleEndian24() throws(RDBViolation) -> Int64 {
        let low = Int64(try littleEndian(UInt16.self))
        return low | Int64(Int8(bitPattern: try byte())) << 16
    }
}
