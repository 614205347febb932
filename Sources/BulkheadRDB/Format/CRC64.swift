/// The checksum of snapshots and DUMP payloads: CRC-64 of Jones, reflected, from 0, without a final exclusive or.
///
/// Source: `src/crc64.c` of Redis; its check value for "123456789" is `0xe9c6d914c4b8d9ca`.
/// - Complexity: eight bytes a step, by eight tables of 2 KiB. A step waits for the one before it, so long input is
///   taken in three lanes at once, whose checksums are put together then.
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
            while bytes.count - position >= 3 * Self.lane {
                let end = position + Self.lane
                var second: UInt64 = 0
                var third: UInt64 = 0
                while position < end {
                    crc = Self.step(crc, bytes, position, tables)
                    second = Self.step(second, bytes, position + Self.lane, tables)
                    third = Self.step(third, bytes, position + 2 * Self.lane, tables)
                    position += 8
                }
                crc = Self.passingLane(Self.passingLane(crc) ^ second) ^ third
                position += 2 * Self.lane
            }
            while bytes.count - position >= 8 {
                crc = Self.step(crc, bytes, position, tables)
                position += 8
            }
            while position < bytes.count {
                crc = tables[Int((crc ^ UInt64(bytes[position])) & 0xff)] ^ crc >> 8
                position += 1
            }
        }
        value = crc
    }

    /// The checksum with the eight bytes at `position`.
    @inline(__always)
    private static func step(
        _ crc: UInt64, _ bytes: UnsafeRawBufferPointer, _ position: Int, _ tables: UnsafeBufferPointer<UInt64>
    ) -> UInt64 {
        let mixed = crc ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        return combined(mixed, tables)
    }

    /// What the bytes of `number` leave, each by its own table: the lowest by the last one.
    @inline(__always)
    private static func combined(_ number: UInt64, _ tables: UnsafeBufferPointer<UInt64>) -> UInt64 {
        var result: UInt64 = 0
        for byte in 0..<8 {
            result ^= tables[(7 - byte) << 8 | Int(number >> UInt64(8 * byte) & 0xff)]
        }
        return result
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

    // MARK: Lanes

    /// Bytes of one lane; a multiple of eight.
    private static let lane = 1 << 10

    /// What a checksum becomes by a lane of zeros. A checksum is linear, so that of two parts is that of the first
    /// one, brought past as many zeros as the second one has bytes, and that of the second one, by exclusive or.
    private static func passingLane(_ crc: UInt64) -> UInt64 {
        laneTables.withUnsafeBufferPointer { combined(crc, $0) }
    }

    /// In the order of `tables`: at `n * 256 + byte`, what this byte as the one above the `7 - n` lower ones becomes.
    private static let laneTables: [UInt64] = {
        func passed(_ crc: UInt64) -> UInt64 {
            (0..<lane / 8).reduce(crc) { crc, _ in tables.withUnsafeBufferPointer { combined(crc, $0) } }
        }
        let bits = (0..<64).map { passed(1 << UInt64($0)) }
        return (0..<8 * 256).map { index in
            let lowestBit = 8 * (7 - index >> 8)
            return (0..<8).reduce(0) { (index >> $1) & 1 == 1 ? $0 ^ bits[lowestBit + $1] : $0 }
        }
    }()
}
