/// The checksum of snapshots and DUMP payloads: CRC-64 of Jones, reflected, from 0, without a final exclusive or.
///
/// Source: `src/crc64.c` of Redis; its check value for "123456789" is `0xe9c6d914c4b8d9ca`.
/// - Complexity: eight bytes a step, by eight tables of 2 KiB.
package struct CRC64: Sendable, Hashable {
    /// The checksum of all bytes so far.
    package private(set) var value: UInt64 = 0

    package init() {}

    /// The checksum of `bytes` alone.
    package init(of bytes: UnsafeRawBufferPointer) {
        update(bytes)
    }

    /// Takes the next bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = value
        var position = 0
        Self.tables.withUnsafeBufferPointer { tables in
            let end = bytes.count & ~7
            while position < end {
                crc ^= UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                var next: UInt64 = 0
                for step in 0..<8 {
                    next ^= tables[(7 - step) << 8 | Int(crc >> UInt64(8 * step) & 0xff)]
                }
                crc = next
                position += 8
            }
            while position < bytes.count {
                crc = tables[Int((crc ^ UInt64(bytes[position])) & 0xff)] ^ crc >> 8
                position += 1
            }
        }
        value = crc
    }

    /// Table `n` holds, at `n * 256 + byte`, what a byte followed by `n` zero bytes leaves.
    private static let tables: [UInt64] = {
        let reflectedPolynomial: UInt64 = 0x95ac_9329_ac4b_c9b5
        var tables = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt64(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ reflectedPolynomial : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = tables[Int(previous & 0xff)] ^ previous >> 8
        }
        return tables
    }()
}
