import BulkheadRDB
import Testing

@Suite("A writer of snapshots") struct WriterTests {
    private static func write(_ version: RDBVersion, _ fill: (inout RDBWriter) -> Void) -> [UInt8] {
        var writer = RDBWriter(version)
        fill(&writer)
        writer.end()
        var bytes: [UInt8] = [1, 2, 3]
        #expect(writer.pending == writer.count)
        writer.take(into: &bytes)
        #expect(writer.pending == 0)
        #expect(writer.count == bytes.count)
        return bytes
    }

    @Test func `what it writes is what a server writes`() {
        let key = Array("key".utf8)
        let bytes = Self.write(RDBVersion(.redis, 9)) { writer in
            writer.aux("redis-ver", "6.2.5")
            writer.select(1, size: (keys: 300, expires: 1))
            key.withUnsafeBytes { writer.key($0, type: .string, expiry: 5, idle: 70_000) }
            short("value").withUnsafeBytes { writer.body($0) }
            key.withUnsafeBytes { writer.key($0, type: .string, frequency: 9) }
            short("value").withUnsafeBytes { writer.body($0) }
        }
        let first = joined([0xfc], littleEndian(Int64(5)), [0xf8, 0x80, 0, 1, 0x11, 0x70], string("key", "value"))
        #expect(
            bytes
                == snapshot(
                    "REDIS0009", aux("redis-ver", "6.2.5"), select(1), [0xfb, 0x41, 0x2c, 1], first,
                    [0xf9, 9] + string("key", "value")))
    }

    @Test(arguments: [
        (RDBVersion(.redis, 12), "REDIS0012"), (RDBVersion(.redis, 9), "REDIS0009"),
        (RDBVersion(.valkey, 80), "VALKEY080"),
    ])
    func `a version is written as its family does`(version: RDBVersion, magic: String) {
        #expect(Self.write(version) { _ in } == snapshot(magic))
    }

    @Test(arguments: [0, 63, 64, 16_383, 16_384, 100_000, 4_294_967_295, 4_294_967_296, Int.max])
    func `a length of any size is read again`(number: Int) {
        let bytes = Self.write(RDBVersion(.redis, 11)) { $0.select(0, size: (keys: number, expires: number)) }
        #expect(Reading(bytes).events[2] == .resizeDatabase(keys: number, expires: number))
    }

    @Test func `taking what was written at any moment changes nothing`() {
        for every in 1...5 {
            var writer = RDBWriter(RDBVersion(.redis, 11))
            var (bytes, block): ([UInt8], [UInt8]) = ([], [])
            for index in 0..<10 {
                let name = "key:\(index)"
                Array(name.utf8).withUnsafeBytes { writer.key($0, type: .string) }
                short("v").withUnsafeBytes { writer.body($0) }
                if index.isMultiple(of: every) {
                    writer.take(into: &block)
                    bytes += block
                }
            }
            writer.end()
            writer.take(into: &block)
            bytes += block
            #expect(Reading(bytes).events.last == .end(.right))
            #expect(Reading(bytes).entries.count == 10)
        }
    }
}
