import BulkheadRDB
import Testing

@Suite("A reader of snapshots") struct ReaderTests {
    /// One of every record, and keys in every encoding.
    static let everything: [UInt8] = {
        let expiry: [UInt8] = [0xfc] + littleEndian(Int64(1_700_000_000_123))
        let seconds: [UInt8] = [0xfd] + littleEndian(Int32(1_700_000_000))
        let compressed: [UInt8] = [0xc3, 5, 20, 0x00, UInt8(ascii: "a"), 0xe0, 10, 0]
        let module = moduleID("vectorset")
        let moduleAux = joined([0xf7], encoded(module), [2, 1, 5], short("data"), [1, 7, 0])
        let items: [UInt8] = [2, 0x40, 0x80, 3, 0, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5]
        return snapshot(
            "REDIS0012", aux("redis-ver", "8.2.3"), [0xfa], short("redis-bits"), [0xc0, 64],
            moduleAux, [0xf5], short("#!lua name=l\n"),
            select(0), [0xfb, 7, 2], [0xf4, 1, 2, 0],
            string("plain"), expiry, string("expires"), seconds, [0xf8, 0x41, 0x00], string("idle"),
            [0xf9, 200], expiry, string("used"),
            [0, 0xc0, 0xff], short("v"), [0, 0xc1, 0x39, 0x30, 0xc2, 1, 0, 0, 0], [0], compressed, compressed,
            select(15), [7], short("m"), encoded(module), items, short("s"), [0],
            [18], short("list"), [2, 1], short("a"), [2], short("b"))
    }()

    @Test func `every record of a snapshot comes as an event with its bytes`() throws {
        let reading = Reading(Self.everything)
        #expect(reading.violation == nil)
        #expect(reading.consumed == Self.everything.count)
        let module = moduleID("vectorset")
        #expect(module.name == "vectorset")
        let first: [Reading.Event] = [
            .header(RDBVersion(.redis, 12)),
            .aux(name: "redis-ver", value: "8.2.3", record: aux("redis-ver", "8.2.3")),
            .aux(name: "redis-bits", value: "64", record: joined([0xfa], short("redis-bits"), [0xc0, 64])),
            .moduleAux(
                module, head: joined([0xf7], encoded(module), [2, 1]), body: joined([5], short("data"), [1, 7, 0])),
            .function(head: [0xf5], body: short("#!lua name=l\n")),
            .selectDatabase(0), .resizeDatabase(keys: 7, expires: 2), .slotInfo,
        ]
        #expect(Array(reading.events.prefix(8)) == first)
        #expect(reading.events.last == .end(.right))
    }

    @Test func `what stands before a key comes with it`() {
        let entries = Reading(Self.everything).entries
        let keys = entries.map { String(decoding: $0.key, as: UTF8.self) }
        let a20 = String(repeating: "a", count: 20)
        #expect(keys == ["plain", "expires", "idle", "used", "-1", "12345", a20, "m", "list"])
        let expiries: [Int64?] = [
            nil, 1_700_000_000_123, 1_700_000_000_000, 1_700_000_000_123, nil, nil, nil, nil, nil,
        ]
        #expect(entries.map(\.expiry) == expiries)
        #expect(entries.map(\.idle) == [nil, nil, 256, nil, nil, nil, nil, nil, nil])
        #expect(entries.map(\.frequency) == [nil, nil, nil, 200, nil, nil, nil, nil, nil])
        let module = moduleID("vectorset")
        #expect(entries.map(\.module) == [nil, nil, nil, nil, nil, nil, nil, module, nil])
        #expect(entries.map(\.kind).suffix(2) == [.module, .list])
        #expect(entries[0].head == [0] + short("plain"))
        #expect(entries[0].body == short("v"))
        let expiry: [UInt8] = [0xfc] + littleEndian(Int64(1_700_000_000_123))
        #expect(entries[1].head == joined(expiry, [0], short("expires")))
        #expect(entries[7].head == [7] + short("m"))
        #expect(entries[7].body.starts(with: encoded(module)))
    }

    @Test func `heads and bodies are the file, byte for byte`() {
        let reading = Reading(Self.everything)
        let pieces = reading.events.map { event -> [UInt8] in
            switch event {
            case .header: Array("REDIS0012".utf8)
            case .aux(_, _, let record): record
            case .function(let head, let body), .moduleAux(_, let head, let body), .slotImport(let head, let body),
                .hashTemplate(let head, let body):
                head + body
            case .selectDatabase(let number): [0xfe, UInt8(number)]
            case .resizeDatabase: [0xfb, 7, 2]
            case .slotInfo: [0xf4, 1, 2, 0]
            case .entry(let entry): entry.head + entry.body
            case .end: Self.everything.suffix(9)
            }
        }
        #expect(Array(pieces.joined()) == Self.everything)
    }

    @Test func `it makes no difference where the bytes are split`() {
        let whole = Reading(Self.everything)
        for split in 0...Self.everything.count {
            var isFirst = true
            let reading = Reading(Self.everything) {
                defer { isFirst = false }
                return isFirst ? split : Self.everything.count
            }
            #expect(reading == whole, "split at \(split)")
        }
        for size in 1...20 { #expect(Reading(Self.everything) { size } == whole, "blocks of \(size)") }
    }

    @Test func `every shorter file is truncated, at the byte where it ends`() {
        for count in 0..<Self.everything.count {
            for size in [1, 7, 1_000] {
                let reading = Reading(Array(Self.everything[..<count])) { size }
                #expect(reading.violation?.kind == .truncated, "\(count) bytes")
                #expect(reading.violation?.offset == count)
                #expect(!reading.hasEnded)
            }
        }
    }

    @Test func `what lies behind the end is not read`() {
        let mark = Array(repeating: UInt8(ascii: "f"), count: 40)
        for size in [1, 8, 33, 64, 10_000] {
            let reading = Reading(Self.everything + mark) { size }
            #expect(reading.violation == nil)
            #expect(reading.consumed == Self.everything.count)
            #expect(reading.rest == mark.count)
        }
    }

    @Test func `a wrong checksum is reported at the end, and thrown after it`() {
        let bytes = snapshot("REDIS0009", select(0), string("k"), checksum: .wrong)
        let reading = Reading(bytes)
        #expect(reading.events.last == .end(.wrong))
        #expect(reading.violation?.kind == .wrongChecksum)
        #expect(reading.violation?.offset == bytes.count - 8)
        #expect(reading.entries.count == 1)
    }

    @Test func `a checksum of zero is none`() {
        let reading = Reading(snapshot("REDIS0009", select(0), string("k"), checksum: .absent))
        #expect(reading.events.last == .end(.absent))
        #expect(reading.violation == nil)
    }

    @Test func `any changed bit of a file is found, by its place or by the checksum`() {
        let whole = Reading(Self.everything)
        for index in Self.everything.indices.dropLast(8) {
            for bit in 0..<8 {
                var bytes = Self.everything
                bytes[index] ^= 1 << UInt8(bit)
                let reading = Reading(bytes)
                // In a format before 5 there is no checksum, and eight bytes are left behind the end.
                #expect(reading.violation != nil || reading.rest == 8, "bit \(bit) of byte \(index)")
                #expect(reading != whole)
            }
        }
    }

    @Test(arguments: [
        ("REDIS0009", RDBVersion(.redis, 9)), ("REDIS0012", RDBVersion(.redis, 12)),
        ("VALKEY080", RDBVersion(.valkey, 80)),
    ])
    func `the versions of all servers are known`(magic: String, version: RDBVersion) {
        let reading = Reading(snapshot(magic))
        #expect(reading.violation == nil)
        #expect(reading.events == [.header(version), .end(.right)])
    }

    @Test(arguments: ["REDIS0000", "REDIS0016", "REDIS0080", "VALKEY011", "VALKEY082"])
    func `a version that is not known is refused`(magic: String) {
        #expect(Reading(snapshot(magic)).violation?.kind == .unknownVersion)
    }

    @Test(arguments: ["REDIS00x1", "REDIS1011", "redis0011", "RESTORE01", "VALKEY0 8", "*1\r\n$4\r\nP"])
    func `a file that begins otherwise is no snapshot`(beginning: String) {
        let violation = Reading(Array(beginning.utf8)).violation
        #expect(violation?.kind == .notASnapshot)
        #expect(violation?.offset == 0)
    }

    @Test func `a violation stays`() throws {
        var reader = RDBReader()
        let bytes = Array("REDIS0011".utf8) + [99]
        try bytes.withUnsafeBytes { bytes in
            reader.feed(bytes)
            let header = try reader.next()
            guard case .header = header else { return #expect(Bool(false), "no header") }
            for _ in 0..<3 {
                #expect(throws: RDBViolation(.unknownType, at: 9, "a value of the unknown type 99")) {
                    _ = try reader.next()
                }
                reader.feed(bytes)
            }
        }
    }
}
