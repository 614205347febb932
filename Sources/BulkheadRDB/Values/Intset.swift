/// A set of integers, ascending.
///
/// ```
/// ┌───────────┬───────────┬─────────┬─────────┬───┐
/// │ width u32 │ count u32 │ integer │ integer │ … │   little-endian; width 2, 4 or 8 bytes
/// └───────────┴───────────┴─────────┴─────────┴───┘
/// ```
///
/// Source: `src/intset.c` of Redis.
enum Intset {
    static func decode(_ packed: ByteReader, _ value: inout ValueReader) throws(RDBViolation) -> [[UInt8]] {
        var bytes = packed
        let width = try bytes.littleEndian(UInt32.self)
        guard [2, 4, 8].contains(width) else { throw packed.malformed("an intset has integers of \(width) bytes") }
        let count = try bytes.littleEndian(UInt32.self)
        guard UInt64(count) * UInt64(width) == bytes.remaining else {
            throw packed.malformed(
                "\(bytes.remaining) bytes of an intset are not \(count) integers of \(width) bytes")
        }
        var members: [[UInt8]] = []
        members.reserveCapacity(Int(count))
        var last: Int64?
        while !bytes.isAtEnd {
            let unread = bytes
            let integer =
                switch width {
                case 2: Int64(try bytes.littleEndian(Int16.self))
                case 4: Int64(try bytes.littleEndian(Int32.self))
                default: try bytes.littleEndian(Int64.self)
                }
            if let last, integer <= last { throw unread.malformed("the integers of an intset do not ascend") }
            last = integer
            members.append(try value.keep(.integer(integer)))
        }
        return members
    }
}
