/// Packed elements of Redis 2.4 to 6.2.
///
/// ```
/// ┌───────────┬──────────┬───────────┬─────────┬───┬──────┐
/// │ bytes u32 │ tail u32 │ count u16 │ element │ … │ 0xff │   little-endian; count 65535: unknown
/// └───────────┴──────────┴───────────┴─────────┴───┴──────┘
///              where the last element begins
/// element = bytes of the element before (1 byte below 254; else 254 and 4 bytes), head, bytes
///
/// 00LLLLLL                     string, length of 6 bits
/// 01LLLLLL LLLLLLLL            of 14 bits, big-endian
/// 10…      then 4 bytes        of 32 bits, big-endian
/// 0xc0 0xd0 0xe0 0xf0 0xfe     integer of 2, 4, 8, 3 and 1 bytes, little-endian
/// 0xf1…0xfd                    integer 0...12
/// ```
///
/// Source: `src/ziplist.c` of Redis, whose deep validation this does while it reads.
struct Ziplist: PackedItems {
    private var bytes: ByteReader
    private let tail: UInt32
    private let declared: UInt16
    private var read = 0
    /// Bytes of the element before.
    private var previous = 0

    init(_ bytes: ByteReader) throws(RDBViolation) {
        self.bytes = bytes
        try self.bytes.checkPackedSize(of: "ziplist")
        tail = try self.bytes.littleEndian(UInt32.self)
        declared = try self.bytes.littleEndian(UInt16.self)
    }

    var offset: Int { bytes.offset }

    mutating func next() throws(RDBViolation) -> PackedItem? {
        let unread = bytes
        let start = bytes.consumed
        let first = try bytes.byte()
        if first == 0xff {
            try checkEnd(unread)
            bytes = unread
            return nil
        }
        let before = first < 254 ? UInt32(first) : try bytes.littleEndian(UInt32.self)
        guard before == previous else {
            throw unread.malformed("an element of a ziplist says that \(before) bytes are before it, not \(previous)")
        }
        let head = bytes
        let code = try bytes.byte()
        let item: PackedItem
        switch code {
        case 0x00...0x3f: item = .bytes(try bytes.take(UInt64(code)))
        case 0x40...0x7f:
            let length = UInt64(code & 0x3f) << 8 | UInt64(try bytes.byte())
            item = .bytes(try bytes.take(length))
        case 0x80...0xbf: item = .bytes(try bytes.take(UInt64(try bytes.bigEndian(UInt32.self))))
        case 0xc0: item = .integer(Int64(try bytes.littleEndian(Int16.self)))
        case 0xd0: item = .integer(Int64(try bytes.littleEndian(Int32.self)))
        case 0xe0: item = .integer(try bytes.littleEndian(Int64.self))
        case 0xf0: item = .integer(try bytes.littleEndian24())
        case 0xfe: item = .integer(Int64(try bytes.littleEndian(Int8.self)))
        case 0xf1...0xfd: item = .integer(Int64(code) - 0xf1)
        default: throw head.malformed("an element of a ziplist has the head \(code), which none has")
        }
        previous = bytes.consumed - start
        read += 1
        return item
    }

    private func checkEnd(_ unread: ByteReader) throws(RDBViolation) {
        try bytes.checkPackedEnd(of: "ziplist", read, declared, at: unread)
        guard read == 0 || tail == unread.consumed - previous else {
            throw unread.malformed("the last element of a ziplist is not where its head says")
        }
    }
}
