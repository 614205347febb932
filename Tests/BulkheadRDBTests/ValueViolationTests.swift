import BulkheadRDB
import BulkheadRDBBodies
import Testing

@Suite("Values that are none") struct ValueViolationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let type: RDBType
        let body: String
        let kind: RDBViolation.Kind
        let offset: Int
        var flavour = RDBVersion.Flavour.redis

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "no body", type: .string, body: "", kind: .truncated, offset: 0),
        Case(name: "a length of an unknown form", type: .string, body: "82 00", kind: .malformed, offset: 0),
        Case(name: "a string of an unknown form", type: .string, body: "c4 00", kind: .malformed, offset: 0),
        Case(name: "bytes behind a string", type: .string, body: "01 61 00", kind: .malformed, offset: 2),
        Case(
            name: "a string longer than the limit", type: .string, body: "81 7fffffffffffffff",
            kind: .tooLong, offset: 0),
        Case(name: "a string longer than all", type: .string, body: "81 ffffffffffffffff", kind: .tooLong, offset: 0),
        Case(name: "a string where a length is due", type: .list, body: "c0 01", kind: .malformed, offset: 0),
        Case(name: "more elements than bytes", type: .list, body: "80 7fffffff 00", kind: .tooLong, offset: 0),
        Case(
            name: "a compressed string that cannot be", type: .string, body: "c3 02 8000100000 00 61",
            kind: .tooLong, offset: 7),
        Case(
            name: "a copy from before the string", type: .string, body: "c3 04 04 00 61 20 01",
            kind: .malformed, offset: 7),
        Case(name: "too many bytes", type: .string, body: "c3 05 03 01 6162 20 01", kind: .malformed, offset: 8),
        Case(name: "too few bytes", type: .string, body: "c3 02 03 00 61", kind: .malformed, offset: 5),
        Case(name: "a run that ends early", type: .string, body: "c3 02 03 02 61", kind: .truncated, offset: 4),
        Case(name: "a copy that ends early", type: .string, body: "c3 03 09 00 61 e0", kind: .truncated, offset: 6),
        Case(name: "a member twice", type: .set, body: "02 0161 0161", kind: .malformed, offset: 5),
        Case(name: "an integer and its text", type: .set, body: "02 0131 c001", kind: .malformed, offset: 5),
        Case(name: "NaN as text", type: .sortedSet, body: "01 0161 fd", kind: .malformed, offset: 3),
        Case(name: "NaN as a word", type: .sortedSet, body: "01 0161 03 6e616e", kind: .malformed, offset: 3),
        Case(name: "no score", type: .sortedSet, body: "01 0161 00", kind: .malformed, offset: 3),
        Case(
            name: "NaN as a double", type: .sortedSet2, body: "01 0161 000000000000f87f",
            kind: .malformed, offset: 3),
        Case(name: "a field twice", type: .hash, body: "02 0161 00 0161 00", kind: .malformed, offset: 7),
        Case(
            name: "a container of a quicklist", type: .listQuicklist2, body: "01 03 00", kind: .malformed, offset: 1),
        Case(name: "an integer for a listpack", type: .setListpack, body: "c0 07", kind: .malformed, offset: 0),
        Case(
            name: "a listpack of another size", type: .setListpack, body: "07 08000000 0000 ff",
            kind: .malformed, offset: 1),
        Case(
            name: "a listpack of another count", type: .setListpack, body: "07 07000000 0100 ff",
            kind: .malformed, offset: 7),
        Case(
            name: "a listpack without end", type: .setListpack, body: "08 08000000 0100 05 01",
            kind: .truncated, offset: 9),
        Case(
            name: "a listpack that ends early", type: .setListpack, body: "08 08000000 0000 ff ff",
            kind: .malformed, offset: 7),
        Case(
            name: "a wrong length behind an element", type: .setListpack, body: "09 09000000 0100 05 02 ff",
            kind: .malformed, offset: 8),
        Case(
            name: "an element of no kind", type: .setListpack, body: "09 09000000 0100 f5 01 ff",
            kind: .malformed, offset: 7),
        Case(
            name: "an element past the end", type: .setListpack, body: "09 09000000 0100 85 61 ff",
            kind: .truncated, offset: 8),
        Case(
            name: "a field without value", type: .hashListpack, body: "09 09000000 0100 05 01 ff",
            kind: .malformed, offset: 9),
        Case(
            name: "a ziplist of another tail", type: .listZiplist, body: "0d 0d000000 0b000000 0100 00 f1 ff",
            kind: .malformed, offset: 13),
        Case(
            name: "a wrong length before an element", type: .listZiplist, body: "0d 0d000000 0a000000 0100 01 f1 ff",
            kind: .malformed, offset: 11),
        Case(
            name: "a head of no kind", type: .listZiplist, body: "0d 0d000000 0a000000 0100 00 ff ff",
            kind: .malformed, offset: 12),
        Case(
            name: "an intset of 3 bytes each", type: .setIntset, body: "08 03000000 00000000",
            kind: .malformed, offset: 1),
        Case(
            name: "an intset of another count", type: .setIntset, body: "08 02000000 ffffffff",
            kind: .malformed, offset: 1),
        Case(
            name: "integers that do not ascend", type: .setIntset, body: "0c 02000000 02000000 0200 0200",
            kind: .malformed, offset: 11),
        Case(name: "a zipmap of another count", type: .hashZipmap, body: "02 01 ff", kind: .malformed, offset: 2),
        Case(
            name: "a zipmap that ends in a field", type: .hashZipmap, body: "04 01 00 ff ff",
            kind: .malformed, offset: 3),
        Case(
            name: "an earliest time out of range", type: .hashMetadata, body: "ffffffffffffffff 01 00 00 00",
            kind: .malformed, offset: 0),
        Case(
            name: "a time out of range", type: .hashMetadataBefore74, body: "01 81 ffffffffffffffff 00 00",
            kind: .malformed, offset: 1),
        Case(
            name: "a time before 1970", type: .valkeyHash2, body: "01 00 00 feffffffffffffff",
            kind: .malformed, offset: 3, flavour: .valkey),
        Case(name: "an item of a module of no kind", type: .module2, body: "07 06", kind: .malformed, offset: 1),
        Case(name: "a module value without end", type: .module2, body: "07 02 05", kind: .truncated, offset: 3),
        Case(name: "a module value before 4.0", type: .moduleBefore4, body: "00", kind: .unknownType, offset: 0),
        Case(
            name: "a path hash of Valkey", type: .hashListpackBefore74, body: "00",
            kind: .unknownType, offset: 0, flavour: .valkey),
        Case(
            name: "a hash of Redis 7.4 in Valkey", type: .hashMetadata, body: "00",
            kind: .unknownType, offset: 0, flavour: .valkey),
        Case(
            name: "a rate limiter of Redis 8.10", type: RDBType(rawValue: 33), body: "00", kind: .unknownType,
            offset: 0),
        Case(name: "a type that nobody has", type: RDBType(rawValue: 99), body: "00", kind: .unknownType, offset: 0),
        Case(
            name: "a stream's node with an id of 3 bytes", type: .stream,
            body: "01 03616263 00 0000000000000000000000000000",
            kind: .malformed, offset: 1),
    ]

    @Test(arguments: cases)
    func `what contradicts a format is a violation at its place`(wrong: Case) throws {
        let found = try #require(violation(wrong.type, hex(wrong.body), wrong.flavour))
        #expect(found.kind == wrong.kind && found.offset == wrong.offset, "\(found)")
        #expect(!found.message.isEmpty)
    }

    @Test func `what is wrong inside compressed elements is reported at their beginning`() throws {
        let listpack = hex("09000000 0100 05 02 ff")
        let found = try #require(violation(.setListpack, BodyWriter.compressedString(listpack)))
        #expect(found.kind == .malformed && found.offset == 0)
    }

    @Test func `a string and a value are read up to their limits and not past them`() throws {
        let body = hex("03 616263")
        #expect(violation(.string, body, limits: RDBValueLimits(stringBytes: 3)) == nil)
        #expect(violation(.string, body, limits: RDBValueLimits(stringBytes: 2))?.kind == .tooLong)
        let list = hex("02 0161 0162")
        let cost = 2 * (RDBValueLimits.elementBytes + 1)
        #expect(violation(.list, list, limits: RDBValueLimits(valueBytes: cost)) == nil)
        #expect(violation(.list, list, limits: RDBValueLimits(valueBytes: cost - 1))?.kind == .tooLong)
        let compressed = BodyWriter.compressedString(Array(repeating: 7, count: 5_000))
        #expect(violation(.string, compressed, limits: RDBValueLimits(stringBytes: 4_999))?.kind == .tooLong)
        #expect(violation(.string, compressed, limits: RDBValueLimits(valueBytes: 5_000))?.kind == .tooLong)
    }

    @Test func `a pending entry belongs to one consumer of its group`() throws {
        let id = RDBStream.ID(1, 1)
        func found(_ pending: [RDBStream.ID], _ consumers: [[RDBStream.ID]]) throws -> RDBViolation? {
            let group = RDBStream.Group(
                name: bytes("g"), lastID: id, entriesRead: nil,
                pending: pending.map { RDBStream.Pending(id: $0, deliveredAt: 0, deliveries: 1) },
                consumers: consumers.enumerated().map {
                    RDBStream.Consumer(name: bytes("\($0.offset)"), seenAt: 0, activeAt: 0, pending: $0.element)
                })
            let stream = RDBStream(
                entries: [], length: 0, lastID: id, firstID: .zero, maxDeletedID: id, entriesAdded: 1, groups: [group])
            return violation(.stream3, try #require(RDBValue.stream(stream).body(.stream3, .redis, BodyWriter())))
        }
        #expect(try found([id], [[id]]) == nil)
        #expect(try found([id, id], [[id]])?.kind == .malformed)
        #expect(try found([], [[id]])?.kind == .malformed)
        #expect(try found([id], [[]])?.kind == .malformed)
        #expect(try found([id], [[id], [id]])?.kind == .malformed)
    }

    /// A node without fields, and one entry that says it has -1 of its own.
    @Test func `a negative count in a stream's node is a violation`() throws {
        func found(entries: String, fields: String, own: String) -> RDBViolation? {
            let items = hex("\(entries) 00 01 \(fields) 00 01 00 01 00 01 00 01 \(own) 04 01")
            let listpack = [UInt8(items.count + 7), 0, 0, 0, 0xff, 0xff] + items + [0xff]
            let id = hex("0000000000000005 0000000000000007")
            return violation(.stream, [1] + short(id) + short(listpack) + hex("01 05 07 00"))
        }
        #expect(found(entries: "01 01", fields: "00 01", own: "00 01") == nil)
        for (entries, fields, own, offset) in [
            ("dfff 02", "00 01", "00 01", 25), ("01 01", "dfff 02", "00 01", 29), ("01 01", "00 01", "dfff 02", 39),
        ] {
            let found = found(entries: entries, fields: fields, own: own)
            #expect(found?.kind == .malformed && found?.offset == offset, "\(found.map { "\($0)" } ?? "")")
        }
    }

    @Test func `a message holds no byte of a value`() {
        let secret = Array("hunter2".utf8)
        for end in 0..<40 {
            for type in 0...25 {
                let body = Array((secret + secret + secret + secret + secret + secret).prefix(end))
                let found = violation(RDBType(rawValue: UInt8(type)), body)
                #expect(found.map { "\($0)".contains("hunter") } != true)
            }
        }
    }
}
