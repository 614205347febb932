import RDB
import Testing

@Suite("The checksum of snapshots") struct CRC64Tests {
    @Test func `the check value of the algorithm is met`() {
        #expect(Self.crc(Array("123456789".utf8)) == 0xe9c6_d914_c4b8_d9ca)
        #expect(Self.crc([]) == 0)
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
