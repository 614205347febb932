import BulkheadRDB
import Testing

@Suite("DUMP payloads") struct DumpPayloadTests {
    /// `SET x 1`, dumped by Valkey 9.1.2.
    private static let valkey = hex("00c001 5000 e9522e274f537608")

    @Test func `a payload comes apart into type, body and version, and together again`() throws {
        let payload = try DumpPayload(Self.valkey)
        #expect(payload.type == .string && Array(payload.body) == [0xc0, 1])
        #expect(payload.version == RDBVersion(.valkey, 80))
        #expect(payload.bytes == Self.valkey)
        #expect(try payload.value() == .string(bytes("1")))
    }

    @Test func `a payload of which any bit was changed is refused`() throws {
        for place in Self.valkey.indices {
            for bit in 0..<8 {
                var payload = Self.valkey
                payload[place] ^= 1 << UInt8(bit)
                let found = #expect(throws: RDBViolation.self) { try DumpPayload(payload) }
                #expect(found?.kind == .wrongChecksum && found?.offset == 5)
            }
        }
        for count in 0..<10 {
            let found = #expect(throws: RDBViolation.self) { try DumpPayload(Array(Self.valkey.prefix(count))) }
            #expect(found?.kind == .truncated)
        }
    }

    @Test func `the metadata of a key before the type is refused by its name`() {
        let payload = DumpPayload(type: RDBType(rawValue: 243), body: [0, 0], version: RDBVersion(.redis, 13)).bytes
        let found = #expect(throws: RDBViolation.self) { try DumpPayload(payload) }
        #expect(found?.kind == .unknownType && found?.message.contains("KEY_META") == true)
    }

    @Test func `a violation in the body is counted from the first byte of the payload`() throws {
        let written = DumpPayload(type: .set, body: hex("02 0161 0161")[...], version: RDBVersion(.redis, 9))
        let payload = try DumpPayload(written.bytes)
        let found = #expect(throws: RDBViolation.self) { try payload.value() }
        #expect(found?.offset == 6)
    }

    static let servers: [(server: RDBVersion, accepted: [Int])] = [
        (RDBVersion(.redis, 9), [8, 9]), (RDBVersion(.redis, 10), [8, 9, 10]),
        (RDBVersion(.redis, 12), [8, 9, 10, 11, 12]), (RDBVersion(.valkey, 11), [8, 9, 10, 11]),
        (RDBVersion(.valkey, 80), [8, 9, 10, 11, 80]), (RDBVersion(.valkey, 81), [8, 9, 10, 11, 80, 81]),
    ]

    @Test(arguments: servers)
    func `a server takes its own version and older ones, and none of the other family's new ones`(
        server: RDBVersion, accepted: [Int]
    ) {
        let numbers = [8, 9, 10, 11, 12, 13, 79, 80, 81]
        #expect(numbers.filter { RDBVersion(ofDump: $0).canBeRestored(on: server) } == accepted)
    }

    @Test func `a relaxed Valkey takes newer numbers, and from 9_0 on those of Redis as well`() {
        func accepted(_ server: RDBVersion) -> [Int] {
            [11, 12, 79, 80, 200].filter { RDBVersion(ofDump: $0).canBeRestored(on: server, relaxed: true) }
        }
        #expect(accepted(RDBVersion(.redis, 12)) == [11, 12])
        #expect(accepted(RDBVersion(.valkey, 11)) == [11, 80, 200])
        #expect(accepted(RDBVersion(.valkey, 80)) == [11, 12, 79, 80, 200])
    }

    /// A type of Redis 8.2, and the oldest server that can be given it.
    static let oldest: [(type: RDBType, number: Int)] = [
        (.string, 8), (.list, 8), (.sortedSet2, 8), (.listQuicklist, 8), (.stream, 9), (.hashListpack, 10),
        (.listQuicklist2, 10), (.stream2, 10), (.setListpack, 11), (.stream3, 11), (.hashMetadata, 12),
        (.hashListpackEx, 12),
    ]

    @Test(arguments: oldest)
    func `a payload is written for the oldest server that knows its type`(type: RDBType, number: Int) throws {
        let payload = DumpPayload(type: type, body: [0], version: RDBVersion(.redis, 12))
        #expect(try payload.forServer(RDBVersion(.redis, 12)).version == RDBVersion(.redis, number))
        #expect(try payload.forServer(RDBVersion(.redis, number)).version == RDBVersion(.redis, number))
        #expect(throws: RDBViolation.self) { try payload.forServer(RDBVersion(.redis, number - 1)) }
        if number < 12 {
            #expect(try payload.forServer(RDBVersion(.valkey, 80)).version.number == number)
        } else {
            #expect(throws: RDBViolation.self) { try payload.forServer(RDBVersion(.valkey, 80)) }
        }
    }

    @Test func `a hash with times of one family never goes to the other under the same number`() throws {
        let valkey = DumpPayload(type: .valkeyHash2, body: [0], version: RDBVersion(.valkey, 80))
        #expect(try valkey.forServer(RDBVersion(.valkey, 81)).version == RDBVersion(.valkey, 80))
        #expect(throws: RDBViolation.self) { try valkey.forServer(RDBVersion(.redis, 12)) }
        #expect(throws: RDBViolation.self) { try valkey.forServer(RDBVersion(.valkey, 11)) }
        let redis = DumpPayload(type: .hashMetadataBefore74, body: [0], version: RDBVersion(.redis, 12))
        #expect(throws: RDBViolation.self) { try redis.forServer(RDBVersion(.valkey, 80)) }
    }
}
