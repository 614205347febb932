/// The fields of a small hash, of Redis before 2.6.
///
/// ```
/// ┌──────────┬────────┬──────┬────────┬───────┬───────┬──────┬───┬──────┐
/// │ count u8 │ length │ name │ length │ spare │ value │ free │ … │ 0xff │   count 254: unknown
/// └──────────┴────────┴──────┴────────┴───────┴───────┴──────┴───┴──────┘
/// length = 1 byte below 254, else 254 and 4 bytes, little-endian; spare = bytes of free
/// ```
///
/// Source: `src/zipmap.c` of Redis.
struct Zipmap {
    private var bytes: ByteReader
    private let declared: UInt8
    private var read = 0

    init(_ bytes: ByteReader) throws(RDBViolation) {
        self.bytes = bytes
        declared = try self.bytes.byte()
    }

    var offset: Int { bytes.offset }

    mutating func next() throws(RDBViolation) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        if bytes.next == 0xff {
            let unread = bytes
            _ = try bytes.byte()
            guard bytes.isAtEnd else { throw unread.malformed("a zipmap ends before its last byte") }
            guard declared == 254 || read == declared else {
                throw unread.malformed("a zipmap has \(read) fields, but declares \(declared)")
            }
            bytes = unread
            return nil
        }
        let name = try bytes.take(try length())
        let valueLength = try length()
        let spare = try bytes.byte()
        let value = try bytes.take(valueLength)
        _ = try bytes.take(UInt64(spare))
        read += 1
        return (name, value)
    }

    private mutating func length() throws(RDBViolation) -> UInt64 {
        let unread = bytes
        switch try bytes.byte() {
        case 254: return UInt64(try bytes.littleEndian(UInt32.self))
        case 255: throw unread.malformed("a zipmap ends inside a field")
        case let length: return UInt64(length)
        }
    }
}
