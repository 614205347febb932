import BulkheadRDB
import Testing

@Suite("The checksum of snapshots") struct CRC64Tests {
    @Test func `the check value of the algorithm is met`() {
        #expect(Self.crc(Array("123456789".utf8)) == 0xe9c6_d914_c4b8_d9ca)
        #expect(Self.crc([]) == 0)
    }

    /// Bit by bit, as the polynomial says.
    private static func slowly(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0) { crc, byte in
            (0..<8).reduce(crc ^ UInt64(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x95ac_9329_ac4b_c9b5 : crc >> 1 }
        }
    }

    @Test(arguments: [0, 1, 7, 8, 9, 3_071, 3_072, 3_073, 3_080, 6_143, 6_144, 6_151, 20_000])
    func `long input is summed up as if byte by byte`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 3) }
        #expect(Self.crc(bytes) == Self.slowly(bytes))
    }

    @Test func `the parts of a text in any split give the checksum of the whole`() {
        let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for split in 0...bytes.count {
            var crc = CRC64()
            bytes[..<split].withUnsafeBytes { crc.update($0) }
            bytes[split...].withUnsafeBytes { crc.update($0) }
            #expect(crc.value == Self.crc(bytes))
        }
    }

    private static func crc(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { CRC64(of: $0).value }
    }
}
