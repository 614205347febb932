import BulkheadRDB
import Testing

/// Bodies by hand, after `rdbSaveObject` of the servers; the tests with real servers show that these are theirs.
@Suite("The shapes of values") struct ReaderTypeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let magic: String
        let type: UInt8
        let kind: RDBKind
        let body: [UInt8]
        var testDescription: String { "\(kind) \(type) in \(magic)" }
    }

    static let cases: [Case] = {
        let redis = "REDIS0012"
        let blob = short("listpack or ziplist")
        let id = Array(repeating: UInt8(7), count: 16)
        let time = Array(repeating: UInt8(3), count: 8)
        func stream(_ layout: Int) -> [UInt8] {
            let node: [UInt8] = [16] + id + blob
            let counters: [UInt8] = [0x41, 0x00, 0x81, 0, 0, 0, 0, 0, 0, 0, 1, 5]
            let later: [UInt8] = layout > 1 ? [1, 2, 3, 4, 0x42, 0x10] : []
            let pending: [[UInt8]] = [[2], id, time, [1], id, time, [0x40, 0x99]]
            let times: [UInt8] = layout > 2 ? time + time : time
            let consumers: [[UInt8]] = [[2], short("consumer"), times, [2], id, id, short("idle"), times, [0]]
            let entriesRead: [UInt8] = layout > 1 ? [0x50, 0x00] : []
            let group: [[UInt8]] = [short("group"), [9, 1], entriesRead] + pending + consumers
            let empty: [[UInt8]] = [short("empty"), [0, 0], entriesRead, [0, 0]]
            return Array(([[2], node, node, counters, later, [2]] + group + empty).joined())
        }
        let module = encoded(moduleID("ReJSON-RL"))
        let both: [(UInt8, RDBKind, [UInt8])] = [
            (0, .string, short("value")), (0, .string, [0xc0, 5]), (0, .string, [0xc1, 5, 0]),
            (0, .string, [0xc2, 5, 0, 0, 0]), (0, .string, [0xc3, 3, 0x40, 0x80, 1, 2, 3]), (0, .string, [0]),
            (0, .string, [0x40, 3, 1, 2, 3]), (0, .string, [0x81, 0, 0, 0, 0, 0, 0, 0, 1, 9]),
            (1, .list, joined([3], short("a"), short("b"), [0xc0, 1])), (1, .list, [0]),
            (2, .set, joined([2], short("a"), [0xc1, 1, 2])),
            (3, .zset, joined([4], short("a"), short("1.5"), short("b"), [253], short("c"), [254], short("d"), [255])),
            (4, .hash, joined([2], short("f"), short("v"), short("g"), [0xc0, 1])),
            (5, .zset, joined([2], short("a"), time, short("b"), time)),
            (7, .module, module + [0]),
            (7, .module, joined(module, [1, 0x81], time, [2, 5, 3, 1, 2, 3, 4, 4], time, [0])),
            (7, .module, joined(module, [5], short("s"), [5, 0xc3, 2, 9, 8, 8, 0])),
            (9, .hash, blob), (10, .list, blob), (11, .set, blob), (12, .zset, blob), (13, .hash, blob),
            (14, .list, joined([2], blob, blob)), (15, .stream, stream(1)), (16, .hash, blob), (17, .zset, blob),
            (18, .list, joined([2, 1], blob, [2], blob)), (19, .stream, stream(2)), (20, .set, blob),
            (21, .stream, stream(3)), (15, .stream, [0, 0, 0, 0, 0]),
        ]
        return both.flatMap { row in
            [redis, "VALKEY080"].map { Case(magic: $0, type: row.0, kind: row.1, body: row.2) }
        } + [
            Case(
                magic: redis, type: 22, kind: .hash,
                body: joined([2, 1], short("f"), short("v"), [0], short("g"), [0])),
            Case(magic: redis, type: 23, kind: .hash, body: blob),
            Case(magic: redis, type: 24, kind: .hash, body: joined(time, [1, 0x81], time, short("f"), short("v"))),
            Case(magic: redis, type: 25, kind: .hash, body: time + blob),
            Case(
                magic: "VALKEY080", type: 22, kind: .hash,
                body: joined([2], short("f"), short("v"), time, short("g"), short("w"), time)),
        ]
    }()

    @Test(arguments: cases)
    func `a value ends where its shape does, at any split`(_ row: Case) throws {
        let record = [row.type] + short("key") + row.body
        let bytes = snapshot(row.magic, select(0), string("before"), record, string("after"))
        let whole = Reading(bytes)
        #expect(whole.violation == nil)
        try #require(whole.entries.count == 3)
        #expect(whole.entries[1].type.rawValue == row.type)
        #expect(whole.entries[1].kind == row.kind)
        #expect(whole.entries[1].body == row.body)
        #expect(whole.entries[2].key == Array("after".utf8))
        for size in 1...bytes.count { #expect(Reading(bytes) { size } == whole, "blocks of \(size)") }
    }

    @Test(
        arguments: [
            ("REDIS0012", 6, "cannot read a module value of a release candidate of Redis 4.0 (type 6)"),
            ("REDIS0015", 33, "cannot read a rate limiter of Redis 8.10 (type 33)"),
            ("REDIS0010", 246, "cannot read functions of a release candidate of Redis 7.0 (opcode 246)"),
            ("VALKEY081", 23, "cannot read a path hash of Valkey 9.2 (type 23)"),
            ("VALKEY081", 242, "cannot read an update of Valkey 9.2 (opcode 242)"),
            ("VALKEY080", 24, "a value of the unknown type 24"), ("REDIS0011", 8, "a value of the unknown type 8"),
            ("REDIS0011", 200, "a value of the unknown type 200"),
            ("VALKEY080", 241, "a value of the unknown type 241"),
        ] as [(String, UInt8, String)])
    func `a type or opcode that is not read is refused by its name and place`(
        magic: String, code: UInt8, words: String
    ) {
        let bytes = snapshot(magic, select(0), [0xf9, 1, code] + short("key") + short("value"))
        #expect(Reading(bytes).violation == RDBViolation(.unknownType, at: 13, words))
        #expect(Reading(bytes) { 1 }.violation == RDBViolation(.unknownType, at: 13, words))
    }

    @Test func `the import of a slot is Valkey's`() {
        let job: [UInt8] = short("0123456789012345678901234567890123456789") + [2, 0, 0x41, 0, 0x42, 0, 0x43, 0]
        let reading = Reading(snapshot("VALKEY080", [0xf3] + job, select(0), string("k")))
        #expect(reading.violation == nil)
        #expect(reading.events[1] == .slotImport(head: [0xf3], body: job))
        #expect(reading.entries.count == 1)
    }
}
