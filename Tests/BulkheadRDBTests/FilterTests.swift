import BulkheadRDB
import BulkheadRDBBodies
import Testing

@Suite("Cutting a database out of a snapshot") struct FilterTests {
    private static let source = snapshot(
        "VALKEY080", aux("valkey-ver", "9.1.2"), aux("redis-bits", "64"), aux("ctime", "1700000000"),
        aux("used-mem", "1000"), aux("repl-id", "abc"), aux("repl-offset", "1"), aux("aof-base", "0"),
        [0xf5], short("library one"), [0xf5], short("library two"), [0xf3], short("import"), [1, 0, 9],
        select(0), [0xfb, 2, 0], string("a"), string("b"),
        select(3), [0xfb, 3, 1], [0xf4, 7, 3, 1], aux("slot-info", "1,2,3"), string("c"), [0xfc],
        littleEndian(Int64(1_700_000_000_000)), [0x00, 0x40, 1], Array("d".utf8), [0xc0, 1], string("e"))

    private static let kept = joined(aux("valkey-ver", "9.1.2"), aux("redis-bits", "64"), aux("ctime", "1700000000"))

    @Test(arguments: [1, 5, 64, 10_000])
    func `what is kept is kept byte for byte, and nothing else is`(block: Int) throws {
        let made = try filtered(Self.source, [RDBFilter.Cut(3), RDBFilter.Cut(0, as: 4)], block: block)
        let expiry: [UInt8] = [0xfc] + littleEndian(Int64(1_700_000_000_000))
        let three = snapshot(
            "VALKEY080", Self.kept, select(0), [0xfb, 3, 1], string("c"), expiry, [0x00, 0x40, 1], Array("d".utf8),
            [0xc0, 1], string("e"))
        #expect(made[0].file == three)
        #expect(made[0].tally.keys == 3)
        #expect(made[0].tally.expires == 1)
        #expect(made[0].functions == 0)
        #expect(made[1].file == snapshot("VALKEY080", Self.kept, select(4), [0xfb, 2, 0], string("a"), string("b")))
    }

    @Test func `functions come along where they are asked for`() throws {
        let made = try filtered(Self.source, [RDBFilter.Cut(9, hasFunctions: true), RDBFilter.Cut(9)], block: 3)
        let libraries = joined([0xf5], short("library one"), [0xf5], short("library two"))
        #expect(made[0].file == snapshot("VALKEY080", Self.kept, libraries))
        #expect(made[0].functions == 2)
        #expect(made[1].file == snapshot("VALKEY080", Self.kept))
    }

    @Test func `where keys are left out, the size of the database is not written`() throws {
        let made = try filtered(Self.source, [RDBFilter.Cut(3) { $0.elementsEqual("e".utf8) }], block: 9)
        #expect(made[0].file == snapshot("VALKEY080", Self.kept, select(0), string("e")))
        let none = try filtered(Self.source, [RDBFilter.Cut(3) { _ in false }], block: 9)
        #expect(none[0].file == snapshot("VALKEY080", Self.kept))
    }

    @Test(arguments: [1, 4, 1_000])
    func `data of a module goes with the first kept key of its type`(block: Int) throws {
        let (json, graph) = (moduleID("ReJSON-RL"), moduleID("graphdata"))
        func data(_ id: RDBModuleID, _ text: String, when: UInt8) -> [UInt8] {
            joined([0xf7], encoded(id), [2, when, 5], short(text), [0])
        }
        func key(_ name: String, _ id: RDBModuleID) -> [UInt8] {
            joined([7], short(name), encoded(id), [5], short("value"), [0])
        }
        let source = snapshot(
            "REDIS0011", data(json, "json before", when: 1), data(graph, "graph before", when: 1),
            select(0), string("a"), select(1), string("b"), key("j", json), key("k", json),
            data(json, "json after", when: 2), data(graph, "graph after", when: 2))
        let made = try filtered(source, [RDBFilter.Cut(0), RDBFilter.Cut(1)], block: block)
        #expect(made[0].file == snapshot("REDIS0011", select(0), string("a")))
        #expect(
            made[1].file
                == snapshot(
                    "REDIS0011", select(0), string("b"), data(json, "json before", when: 1), key("j", json),
                    key("k", json), data(json, "json after", when: 2)))
        #expect(made[1].tally.types == ["string": 1, "ReJSON-RL": 2])
    }

    @Test func `data of a module that is too long to be held back is missed only by keys that need it`() throws {
        let module = moduleID("ReJSON-RL")
        let much = Array(repeatElement([5] + short("a string of some bytes"), count: 9).joined())
        let key = joined([7], short("j"), encoded(module), [0])
        let source = snapshot(
            "REDIS0011", [0xf7] + encoded(module) + [2, 1], much, [0], select(0), string("a"), select(1), key)
        let limits = RDBLimits(moduleBytes: 200)
        let made = try filtered(source, [RDBFilter.Cut(0)], limits: limits, block: 30)
        #expect(made[0].file == snapshot("REDIS0011", select(0), string("a")))
        #expect(try filtered(source, [RDBFilter.Cut(1)], block: 30)[0].tally.keys == 1)
        do {
            _ = try filtered(source, [RDBFilter.Cut(1)], limits: limits, block: 30)
            Issue.record("a key without the data of its module was kept")
        } catch let violation as RDBViolation {
            #expect(violation.kind == .tooLong)
            #expect(violation.message.contains("ReJSON-RL"))
        }
    }

    @Test func `of a source that is damaged no snapshot is made`() throws {
        for (file, kind) in [
            (snapshot("REDIS0011", select(0), string("a"), checksum: .wrong), RDBViolation.Kind.wrongChecksum),
            (Array(snapshot("REDIS0011", select(0), string("a")).dropLast(9)), .truncated),
            (snapshot("REDIS0011", select(0), string("a"), [99]), .unknownType),
        ] {
            var filter = RDBFilter([RDBFilter.Cut(0)])
            var violation: RDBViolation?
            do {
                _ = try file.withUnsafeBytes { try filter.feed($0) }
                try filter.finish()
            } catch {
                violation = error as? RDBViolation
            }
            #expect(violation?.kind == kind)
            var made: [UInt8] = []
            filter.take(0, into: &made)
            #expect(Reading(made).violation?.kind == .truncated)
        }
    }

    @Test func `keys of every database are counted as they come`() throws {
        let file = snapshot("REDIS0011", select(0), string("a"), string("b"), select(3), string("c"))
        var filter = RDBFilter([RDBFilter.Cut(3)])
        _ = try file.withUnsafeBytes { try filter.feed($0) }
        #expect(filter.keys == 3)
        #expect(filter.results[0].tally.keys == 1)
    }

    @Test func `how many bytes lie behind the end is answered`() throws {
        let file = snapshot("REDIS0011", select(0), string("a"))
        var filter = RDBFilter([RDBFilter.Cut(0)])
        let rest = try (file + [1, 2, 3]).withUnsafeBytes { try filter.feed($0) }
        #expect(rest == 3)
        #expect(filter.consumed == file.count)
        #expect(try ([4, 5] as [UInt8]).withUnsafeBytes { try filter.feed($0) } == 2)
        #expect(filter.consumed == file.count)
        try filter.finish()
    }
}
