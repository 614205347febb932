import BulkheadRDB
import Testing

@Suite("The summary of a snapshot") struct SummaryTests {
    private static func summary(_ file: [UInt8]) -> RDBSummary {
        var summary = RDBSummary()
        _ = Reading(file, summary: &summary) { 10 }
        return summary
    }

    @Test func `keys are counted by database, by type and by whether they expire`() {
        let module = moduleID("ReJSON-RL")
        let summary = Self.summary(
            snapshot(
                "REDIS0012", aux("redis-ver", "8.2.3"), [0xf5], short("code"), select(0), string("a"),
                [0xfd, 1, 0, 0, 0] + string("b"), select(9), [17], short("z"), short("blob"),
                [7], short("j"), encoded(module), [0],
                [7], short("k"), encoded(moduleID("ReJSON-RL", version: 3)), [0]))
        #expect(summary.version == RDBVersion(.redis, 12))
        #expect(summary.flavour == .redis)
        #expect(summary.databases.keys.sorted() == [0, 9])
        #expect(summary.databases[0]?.keys == 2)
        #expect(summary.databases[0]?.expires == 1)
        #expect(summary.databases[0]?.types == ["string": 2])
        #expect(summary.databases[9]?.types == ["zset": 1, "ReJSON-RL": 2])
        #expect(summary.functions == 1)
        #expect(summary.aux == ["redis-ver": "8.2.3"])
        #expect(summary.checksum == .right)
    }

    @Test func `Valkey before 9 is known by the field with its version`() {
        #expect(Self.summary(snapshot("REDIS0011", aux("valkey-ver", "8.1.8"))).flavour == .valkey)
        #expect(Self.summary(snapshot("VALKEY080")).flavour == .valkey)
    }

    @Test func `a damaged file has no checksum or a bad one`() {
        #expect(Self.summary(snapshot("REDIS0011", select(0), string("a"), checksum: .wrong)).checksum == .wrong)
        #expect(Self.summary(Array(snapshot("REDIS0011", select(0), string("a")).dropLast())).checksum == nil)
    }

    @Test func `what a file says of itself without end is not kept`() {
        let many = (0..<1_000).map { aux("name\($0)", "value") }
        let long: [UInt8] = joined([0xfa], short("lua"), length(5_000), [UInt8](repeating: 97, count: 5_000))
        let modules = (0..<1_000).map { joined([7], short("k"), encoded(RDBModuleID($0 << 10)), [0]) }
        let summary = Self.summary(snapshot("REDIS0009", long, Array(many.joined()), Array(modules.joined())))
        #expect(summary.aux.count == 64)
        #expect(summary.aux["lua"] == nil)
        let types = summary.databases[0]?.types ?? [:]
        #expect(types.count == 257)
        #expect(types["module"] == 744)
    }
}
