import Bulkhead
import Foundation
import Testing

@Suite struct CatalogueTests {
    @Test func `the standard catalogue has the four names of the decision record`() throws {
        let numbers = DatabaseCatalogue.standard.entries.map { ($0.name, $0.number) }
        #expect(numbers.map(\.0) == [.main, .knowledge, .prompts, .analytics])
        #expect(numbers.map(\.1) == [0, 1, 2, 3])
        let flushable = DatabaseCatalogue.standard.entries.filter(\.mayBeFlushed).map(\.name)
        #expect(flushable == [.main, .analytics])
    }

    @Test func `an unknown name is refused with the names there are, never led to database 0`() throws {
        let databases = RedisDatabases(RedisConfiguration())
        let error = #expect(throws: RedisError.self) { try databases["knowlegde"] }
        #expect(error?.code == .unknownDatabase)
        #expect(error?.message.contains("main, knowledge, prompts, analytics") == true)
        let blocking = #expect(throws: RedisError.self) { try databases.blocking("vectors") }
        #expect(blocking?.code == .unknownDatabase)
    }

    @Test(arguments: [
        ([DatabaseEntry("a", number: 1), DatabaseEntry("b", number: 1)], "a and b both have number 1"),
        ([DatabaseEntry("a", number: 1), DatabaseEntry("a", number: 2)], "two entries are named a"),
        ([DatabaseEntry("a", number: -1)], "a has the number -1"),
        ([DatabaseEntry("", number: 0)], "letters, digits"),
        ([DatabaseEntry("a b", number: 0)], "letters, digits"),
        ([], "at least one"),
        ([DatabaseEntry("a", number: 0, aliasOf: "z")], "an alias of z, which is no other entry"),
        ([DatabaseEntry("a", number: 0, aliasOf: "a")], "an alias of a, which is no other entry"),
        (
            [DatabaseEntry("a", number: 0), DatabaseEntry("b", number: 1, aliasOf: "a")],
            "b is an alias of a but has number 1"
        ),
        (
            [
                DatabaseEntry("a", number: 0), DatabaseEntry("b", number: 0, aliasOf: "a"),
                DatabaseEntry("c", number: 0, aliasOf: "b"),
            ], "name a instead"
        ),
        (
            [
                DatabaseEntry("a", number: 0),
                DatabaseEntry("b", number: 0, aliasOf: "a", budget: DatabaseBudget(maximumLeases: 1)),
            ], "give server, reads, copies and budget to a"
        ),
        ([DatabaseEntry("a", number: 0, budget: DatabaseBudget(maximumLeases: 0))], "a: max_leases of its budget is 0"),
        (
            [DatabaseEntry("a", number: 0, budget: DatabaseBudget(maximumWaiters: -1))],
            "a: max_waiters of its budget is -1"
        ),
        (
            [DatabaseEntry("a", number: 0, budget: DatabaseBudget(maximumRequests: 0))],
            "a: max_requests of its budget is 0"
        ),
        ([DatabaseEntry("a", number: 0, budget: DatabaseBudget(maximumUnwrittenBytes: .max))], "from 1 to 4294967296"),
    ])
    func `a catalogue that contradicts itself is refused and says where`(entries: [DatabaseEntry], words: String) {
        let error = #expect(throws: RedisError.self) { try DatabaseCatalogue(entries) }
        #expect(error?.code == .invalidCatalogue)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test func `a declared alias shares its target's number`() throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry("main", number: 0), DatabaseEntry("cache", number: 0, aliasOf: "main"),
        ])
        #expect(try catalogue["cache"].number == 0)
    }

    @Test func `a JSON file gives a catalogue`() throws {
        let json = """
            {"databases": [
                {"name": "main", "number": 0, "may_be_flushed": true, "key_patterns": ["session:*"]},
                {"name": "cache", "number": 0, "alias_of": "main", "may_be_flushed": true},
                {"name": "knowledge", "number": 1, "purpose": "Vectors"}
            ]}
            """
        let path = NSTemporaryDirectory() + "catalogue-\(UUID().uuidString).json"
        try json.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let catalogue = try DatabaseCatalogue(contentsOfFile: path)
        #expect(try DatabaseCatalogue(environment: ["REDIS_CATALOGUE": path]) == catalogue)
        #expect(try DatabaseCatalogue(environment: ["REDIS_CATALOGUE": ""]) == .standard)
        let missing = #expect(throws: RedisError.self) {
            try DatabaseCatalogue(environment: ["REDIS_CATALOGUE": path + ".bak"])
        }
        #expect(missing?.code == .invalidCatalogue)
        #expect(
            catalogue.entries == [
                DatabaseEntry("main", number: 0, keyPatterns: ["session:*"], mayBeFlushed: true),
                DatabaseEntry("cache", number: 0, mayBeFlushed: true, aliasOf: "main"),
                DatabaseEntry("knowledge", number: 1, purpose: "Vectors"),
            ])
    }

    @Test func `a JSON file gives limits to single names`() throws {
        let json = """
            {"databases": [
                {"name": "main", "number": 0, "budget": {}},
                {"name": "analytics", "number": 3, "budget": {
                    "max_leases": 2, "max_waiters": 0, "max_requests": 1000, "max_unwritten_bytes": 65536,
                    "scan_pace": "200us"}}
            ]}
            """
        let catalogue = try DatabaseCatalogue(json: Array(json.utf8))
        #expect(try catalogue["main"].budget == DatabaseBudget())
        #expect(
            try catalogue["analytics"].budget
                == DatabaseBudget(
                    maximumLeases: 2, maximumWaiters: 0, maximumRequests: 1_000, maximumUnwrittenBytes: 65_536,
                    scanPace: RedisPace(budget: .microseconds(200))))
    }

    @Test(arguments: [
        ("", "valid JSON"),
        ("[]", "expected"),
        ("{}", "databases is missing"),
        (#"{"databases": [], "x": 1}"#, "unknown member \"x\""),
        (#"{"databases": [{"name": "a"}]}"#, "databases[0].number is missing"),
        (#"{"databases": [{"name": "a", "number": "0"}]}"#, "databases[0].number: expected Double"),
        (#"{"databases": [{"name": "a", "number": 0, "may_be_flusehd": true}]}"#, "may_be_flusehd"),
        (#"{"databases": [{"name": "a", "number": 0}, {"name": "b", "number": 0}]}"#, "both have number 0"),
        (#"{"databases": [{"name": "a", "number": 1.5}]}"#, "databases[0].number: expected a whole number"),
        (#"{"databases": [{"name": "a", "number": 0, "budget": {"lease": 1}}]}"#, "unknown member \"lease\""),
        (
            #"{"databases": [{"name": "a", "number": 0, "budget": {"max_leases": 1.5}}]}"#,
            "databases[0].budget.max_leases: expected a whole number"
        ),
        (
            #"{"databases": [{"name": "a", "number": 0, "budget": {"scan_pace": "fast"}}]}"#,
            "databases[0].budget.scan_pace: expected full, considerate, gentle"
        ),
        (
            #"{"databases": [{"name": "a", "number": 0, "budget": {"max_waiters": -1}}]}"#,
            "max_waiters of its budget is -1"
        ),
        (#"{"databases": [{"name": "a", "number": 0, "url": "http://h"}]}"#, "databases[0].url: the Redis URL must"),
        (
            #"{"databases": [{"name": "a", "number": 0, "url": "redis://h?max_leases=1"}]}"#,
            "databases[0].url: the Redis URL of a single name has parameters"
        ),
        (String(repeating: "[", count: 513), "nested deeper"),
        (#"{"databases": [{"name": "a\"]", "number": [[[[[[[["#, "nested deeper"),
        ("[\0[\0", "UTF-8"),
    ])
    func `a broken file is refused, saying which member`(json: String, words: String) {
        let error = #expect(throws: RedisError.self) { try DatabaseCatalogue(json: Array(json.utf8)) }
        #expect(error?.code == .invalidCatalogue)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test func `brackets in strings nest nothing`() throws {
        let json = #"{"databases": [{"name": "a", "number": 0, "purpose": "[[[[[[[[\"[[[[\\"}]}"#
        #expect(try DatabaseCatalogue(json: Array(json.utf8))["a"].purpose == #"[[[[[[[["[[[[\"#)
    }

    @Test func `a missing file is named in the error`() {
        let error = #expect(throws: RedisError.self) { try DatabaseCatalogue(contentsOfFile: "/no/such/file.json") }
        #expect(error?.code == .invalidCatalogue)
        #expect(error?.message.contains("/no/such/file.json") == true)
    }
}
