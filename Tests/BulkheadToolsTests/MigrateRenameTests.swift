import Bulkhead
import BulkheadRESP
import Testing

@testable import BulkheadTools

@Suite("bulkhead migrate: new names") struct MigrateRenameTests {
    @Test(arguments: [
        ("old:=new:", "old:42", "new:42"), ("=archive/", "42", "archive/42"), ("old:=", "old:42", "42"),
        (#"a\=b=c"#, "a=b1", "c1"), (#"a\\=b"#, #"a\1"#, "b1"), ("ö=ü", "öl", "ül"),
    ])
    func `the beginning is another one and the rest stays`(text: String, key: String, name: String) throws {
        let rename = try #require(KeyRename(text))
        #expect(rename.name(for: RESPBytes(key)) == RESPBytes(name))
    }

    @Test func `beginnings may be any bytes`() throws {
        let rename = try #require(KeyRename(#"\x00\xfF=bin:"#))
        #expect(rename.name(for: [0, 0xff, 1]) == RESPBytes(Array("bin:".utf8) + [1]))
    }

    @Test func `a key with another beginning has no new name`() throws {
        #expect(try #require(KeyRename("old:=new:")).name(for: "older:1") == nil)
        #expect(try #require(KeyRename("old:=new:")).name(for: "old") == nil)
    }

    @Test(arguments: ["", "old", "a=b=c", "a=a", "=", #"a\=b"#, #"\x0=b"#, #"\xzz=b"#, #"\n=b"#, #"a=\"#])
    func `what says no two different beginnings is refused`(text: String) {
        #expect(KeyRename(text) == nil)
    }

    @Test(arguments: [
        ("old:=new:", "old:*", true), ("old:=new:", "old:a?", true), ("old:=new:", "old*", false),
        ("old:=new:", "ol[d]:*", true), ("old:=new:", "ol[de]:*", false), ("old:=new:", nil, false),
        ("=new:", nil, true), ("=new:", "?", true),
        ("a*=b", #"a\**"#, true), ("a*=b", "a*", false), (#"\\=b"#, #"\\x*"#, true),
    ])
    func `a pattern has to begin with the old beginning`(text: String, pattern: String?, covers: Bool) throws {
        #expect(try #require(KeyRename(text)).covers(pattern: pattern) == covers)
    }

    @Test(arguments: ["old:=new:", "a*[b]=c", #"\\?=x"#])
    func `the pattern that a refusal proposes is accepted`(text: String) throws {
        let rename = try #require(KeyRename(text))
        #expect(rename.covers(pattern: rename.pattern))
    }
}

@Suite("bulkhead migrate: its parts") struct MigratePartsTests {
    @Test func `a note reads back as it was written`() throws {
        let note = HandoverNotes.Note(
            id: .max, run: 7,
            keys: [
                HandoverNotes.Copied("key", as: "new key", 1, .never),
                HandoverNotes.Copied([0, 0xff], as: [0, 0xff], .max, .at(1_795_577_450_057)),
                HandoverNotes.Copied("", as: "", 0, .at(1)),
            ])
        #expect(HandoverNotes.Note(bytes: note.bytes) == note)
        #expect(HandoverNotes.Note(bytes: HandoverNotes.Note(id: 7, run: 8, keys: []).bytes)?.keys == [])
    }

    @Test func `what is no note, or a piece of one, is not taken for one`() {
        let bytes = HandoverNotes.Note(run: .max, keys: [HandoverNotes.Copied("key", as: "new key", 1, .never)]).bytes
        for length in 0..<bytes.count where length != 24 {
            #expect(HandoverNotes.Note(bytes: Array(bytes[..<length])) == nil, "\(length)")
        }
        var damaged = bytes
        damaged[31] = 0xff
        #expect(HandoverNotes.Note(bytes: damaged) == nil)
        #expect(HandoverNotes.Note(bytes: [1] + bytes.dropFirst()) == nil)
    }

    @Test func `a key that has expired by the target's clock alone is not taken for moved`() {
        let query = KeyExpiryQuery(ServerFacts())
        let key = DumpedKey(place: 0, KeyDump(value: DumpedValue([]), expiry: .at(5_000), use: nil), restored: [])
        func difference(_ source: Int64, _ target: Int64) -> String? {
            key.difference(from: nil, (source: source, target: target), query, query)
        }
        #expect(difference(5_000, 5_000) == nil)
        #expect(difference(5_001, 9_000) == nil)
        #expect(difference(4_999, 5_000)?.contains("clock") == true)
        #expect(difference(9_000, 4_999) != nil)
    }

    static let outcomes: [(KeyOutcome, Int32)] = [
        (.moved, 0), (.conflict, 1), (.changed("…"), 1), (.expired, 0), (.failed("…"), 1),
        (.moved(KeyOutcome.Arrival(differences: "…")), 1),
    ]

    @Test(arguments: outcomes)
    func `every outcome has one count, and its exit code`(outcome: KeyOutcome, code: Int32) {
        var plan = MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1))
        plan.conflicts = .skip
        var slice = MigrationSlice(["a", "b"])
        slice.outcomes = [outcome, outcome]
        var report = MigrationReport()
        report.begin(2)
        report.add(slice, unanswered: "", plan)
        #expect(report.found == report.moved + report.skipped + report.changed + report.expired + report.failed)
        #expect(report.exitCode.number == code)
    }

    @Test func `keys without an answer count as failed, and say so`() {
        var report = MigrationReport()
        report.begin(3)
        report.add(
            MigrationSlice(["a", "b", "c"]), unanswered: "no answer",
            MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1)))
        #expect(report.failed == 3)
        #expect(report.remarks.all.map(\.text) == ["no answer"])
        #expect(report.remarks.all.first?.keys.map(\.description) == ["a", "b", "c"])
    }
}
