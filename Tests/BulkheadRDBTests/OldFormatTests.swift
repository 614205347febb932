import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestSupport
import Testing

/// Formats 1 to 5, of Redis 2.2 to 2.6, which newer servers load still.
@Suite("Old snapshots") struct OldFormatTests {
    /// Every type of Redis 2.6 and before, with a value each; by its body in the one way a server wrote it.
    private static let records: [(type: RDBType, value: RDBValue)] = {
        let names = ["a", "1", "-7000", "long enough to be told in more than one byte"].map { bytes($0) }
        let fields = names.map { RDBHashField(name: $0, value: bytes("of ") + $0) }
        let members = zip(names, [Double]([.infinity, -.infinity, 1.5, -3e300])).map {
            RDBScoredMember(member: $0, score: $1)
        }
        return [
            (.string, .string(bytes("text"))), (.string, .string(bytes("-70000"))), (.list, .list(names)),
            (.set, .set(names)), (.sortedSet, .sortedSet(members)), (.hash, .hash(fields)),
            (.hashZipmap, .hash(fields)), (.listZiplist, .list(names)), (.hashZiplist, .hash(fields)),
            (.setIntset, .set([bytes("1"), bytes("-70000"), bytes("9000000000")])),
            (.sortedSetZiplist, .sortedSet(Array(members.suffix(2)))),
        ]
    }()

    /// A file of format `number`; an expiry in seconds stands before each second key.
    private static func file(_ number: Int, _ choices: @escaping (Int) -> Int) throws -> [UInt8] {
        var file = bytes("REDIS000\(number)") + [0xfe, 0]
        for (place, record) in records.enumerated() {
            if place % 2 == 1 { file += [0xfd] + littleEndian(Int32(2_000_000_000)) }
            file.append(record.type.rawValue)
            file += short("key\(place)")
            file += try #require(record.value.body(record.type, .redis, BodyWriter(choices)))
        }
        file.append(0xff)
        if number >= 5 { file += littleEndian(file.withUnsafeBytes { CRC64(of: $0).value }) }
        return file
    }

    @Test(arguments: 1...6)
    func `a file of formats 1 to 6 is read whole at any split, and before 5 it has no checksum`(number: Int) throws {
        var random = SeededGenerator(seed: UInt64(number))
        for round in 0..<4 {
            let file = try Self.file(number) { round == 0 ? 0 : random.below($0) }
            let whole = Reading(file)
            try #require(whole.violation == nil)
            #expect(whole.version == RDBVersion(.redis, number))
            #expect(whole.events.last == .end(number < 5 ? .absent : .right))
            #expect(whole.consumed == file.count)
            try #require(whole.entries.count == Self.records.count)
            for (place, (entry, record)) in zip(whole.entries, Self.records).enumerated() {
                #expect(entry.expiry == (place % 2 == 1 ? 2_000_000_000_000 : nil))
                let value = try decode(entry.type, entry.body)
                #expect(value.isEquivalent(to: record.value), "\(record.type.rawValue)")
            }
            for size in [1, 2, 3, 7, 100] { #expect(Reading(file) { size } == whole) }
            #expect(Reading(Array(file.dropLast())).violation?.kind == .truncated)
        }
    }

    @Test func `what is cut out of a file without a checksum has none either`() throws {
        let file = try Self.file(4) { _ in 0 }
        let cut = Reading(try filtered(file, [RDBFilter.Cut(0)], block: file.count)[0].file)
        #expect(cut.violation == nil)
        #expect(cut.rest == 0)
        #expect(cut.entries.map(\.body) == Reading(file).entries.map(\.body))
    }

    @Test func `formats that nobody has released are refused by their numbers`() {
        for (magic, words) in [
            ("REDIS0000", "format 0 (of Redis, not known here)"), ("REDIS0016", "format 16 (of Redis, not known here)"),
            ("REDIS0080", "format 80 (of Redis, not known here)"), ("VALKEY011", "format 11 (Redis 7.2 and Valkey 7.2"),
            ("VALKEY082", "format 82 (of Valkey, not known here)"),
        ] {
            let violation = Reading(bytes(magic) + [0xff]).violation
            #expect(violation?.kind == .unknownVersion)
            #expect(violation?.message.hasPrefix(words) == true, "\(violation?.message ?? "")")
        }
    }

    @Test func `a format is called by the first servers that read it`() {
        #expect("\(RDBVersion(.redis, 12))" == "format 12 (Redis 7.4 and newer)")
        #expect("\(RDBVersion(.redis, 11))" == "format 11 (Redis 7.2 and Valkey 7.2 and newer)")
        #expect("\(RDBVersion(.valkey, 80))" == "format 80 (Valkey 9.0 and newer)")
        #expect("\(RDBVersion(.redis, 1))" == "format 1 (Redis of any version)")
    }
}
