import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("migrate by several patterns, and of what is misplaced", .timeLimit(.minutes(10))) struct MisplacedTests {
    private func json(_ outcome: Bulkhead.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    }

    /// Keys of three databases and of none in main; knowledge has a prompt.
    private func withMisplaced(_ body: (RedisTestServer, RedisDatabases) async throws -> Void) async throws {
        try await withToolServer { server, databases in
            for number in 0..<300 {
                try await databases[.main].set("session:\(number)", "home")
                try await databases[.main].set("doc:\(number)", "vector")
                try await databases[.main].set("other:\(number)", "anybody's")
            }
            for number in 0..<20 { try await databases[.main].set("event:\(number)", "counter") }
            try await databases[.knowledge].set("prompt:1", "text")
            try await body(server, databases)
        }
    }

    @Test func `without a source it is refused with what is missing, and nothing is asked`() async throws {
        let outcome = try await Bulkhead.run("migrate", "--misplaced", "--yes", "--url", "redis://127.0.0.1:1")
        #expect(outcome.exitCode == 64)
        let said = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(said.contains("--from NAME is missing: the database whose misplaced keys are to move"), "\(said)")
    }

    @Test func `keys that fit any of several patterns are moved, in one walk, and no others`() async throws {
        try await withMisplaced { server, databases in
            let outcome = try await Bulkhead.run(
                "migrate", "--from", "main", "--to", "7", "--pattern", "doc:*", "--pattern", "event:1*", "--json",
                "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try json(outcome)["moved"] as? Int == 311)
            #expect(try json(outcome)["patterns"] as? [String] == ["doc:*", "event:1*"])
            #expect(try await databases["db7"].dbsize() == 311)
            #expect(try await databases[.main].dbsize() == 609)
        }
    }

    @Test func `a new beginning for names must fit every pattern`() async throws {
        let outcome = try await Bulkhead.run(
            "migrate", "--from", "main", "--to", "7", "--pattern", "old:*", "--pattern", "doc:*", "--rename",
            "old:=new:")
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains("--pattern 'old:*'"))
    }

    @Test func `each misplaced key goes to the database whose pattern it fits, and all others stay`() async throws {
        try await withMisplaced { server, databases in
            let words = ["migrate", "--from", "main", "--misplaced", "--url", server.url]
            let dry = try await Bulkhead.run(words + ["--dry-run"])
            #expect(dry.exitCode == 0, "\(dry.errors)")
            #expect(dry.errors.contains("\n  300 keys to knowledge (number 1)\n  20 keys to analytics (number 3)\n"))
            #expect(!dry.errors.contains("bulkhead-tools"), "its own connections are no other clients: \(dry.errors)")
            #expect(dry.text.contains("320  would be moved to where they belong"))
            #expect(try await databases[.main].dbsize() == 920)

            let outcome = try await Bulkhead.run(words + ["--yes", "--json"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try json(outcome)["arrivals"] as? [String: Int] == ["knowledge": 300, "analytics": 20])
            #expect(try await databases[.main].dbsize() == 600)
            #expect(try await databases[.knowledge].get("doc:7", as: String.self) == "vector")
            #expect(try await databases[.analytics].get("event:7", as: String.self) == "counter")
            // What check finds is what this moves.
            let check = try await Bulkhead.run("check", "main", "--url", server.url)
            #expect(check.exitCode == 0, "\(check.text)")
            let again = try await Bulkhead.run(words + ["--yes"])
            #expect(again.exitCode == 0, "\(again.errors)")
        }
    }

    @Test func `a conflict stops it, says where and how to go on, and that call finishes`() async throws {
        try await withMisplaced { server, databases in
            try await databases[.knowledge].set("doc:5", "another")
            let words = ["migrate", "--from", "main", "--misplaced", "--yes", "--url", server.url]
            let stopped = try await Bulkhead.run(words)
            #expect(stopped.exitCode == 1)
            let call = try #require(stopped.errors.split(separator: "\n").first { $0.hasPrefix("  bulkhead") })
            let outcome = try await Bulkhead.shell(call + " --on-conflict skip")
            #expect(outcome.exitCode == 1)
            #expect(try await databases[.main].dbsize() == 601)
            #expect(try await databases[.knowledge].get("doc:5", as: String.self) == "another")
        }
    }

    @Test func `a name on another server gets its keys there`() async throws {
        try await withMisplaced { server, _ in
            try await withToolServer { other, others in
                let file = server.folder + "/names.json"
                try Data(
                    #"""
                    {"databases": [{"name": "main", "number": 0, "key_patterns": ["session:*"]},
                        {"name": "far", "number": 4, "key_patterns": ["doc:*"], "url": "\#(other.url)"},
                        {"name": "near", "number": 5, "key_patterns": ["event:*"]}]}
                    """#.utf8
                ).write(to: URL(fileURLWithPath: file))
                let outcome = try await Bulkhead.run(
                    "migrate", "--from", "main", "--misplaced", "--yes", "--json", "--url", server.url,
                    "--catalogue", file)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(try json(outcome)["arrivals"] as? [String: Int] == ["far": 300, "near": 20])
                #expect(try await others["db4"].dbsize() == 300)
            }
        }
    }

    @Test(arguments: [
        ("--to knowledge", "leave out --to"), ("--all", "leave out --all"), ("--pattern a*", "leave out --pattern"),
        ("--copy", "leave out --copy"), ("", "use --dry-run to look, or --yes to move"),
    ])
    func `what --misplaced finds by itself cannot be said, and a script says that it is to move`(
        words: String, message: String
    ) async throws {
        let outcome = try await Bulkhead.shell("bulkhead migrate --from main --misplaced \(words)")
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test func `on a terminal it counts and asks first`() async throws {
        try await withMisplaced { server, databases in
            let words = ["migrate", "--from", "main", "--misplaced", "--url", server.url]
            let refused = try await Bulkhead.onTerminal(words, columns: 50, typing: "no\n")
            #expect(refused.exitCode == 1)
            #expect(refused.words.contains("300 keys to knowledge"), "\(refused.text)")
            #expect(try await databases[.main].dbsize() == 920)
            let agreed = try await Bulkhead.onTerminal(words, columns: 50, typing: "main\n")
            #expect(agreed.exitCode == 0, "\(agreed.text)")
            #expect(try await databases[.main].dbsize() == 600)
        }
    }

    /// Of each target that the run had, a key was copied, noted and not deleted, and is written in the source since.
    /// The keys of the other one are new.
    @Test(arguments: [["far", "further"], ["further"]], [false, true])
    func `after a kill the keys of every target are finished, and what was written since goes before`(
        _ interrupted: [String], isKilledAgain: Bool
    ) async throws {
        try await withToolServer { server, databases in
            try await withToolServer { other, others in
                let source = try databases[.main]
                let names = [("far", 4, "doc:1"), ("further", 5, "event:1")]
                func fence(_ name: String, _ number: Int) async throws -> (MigrationFence, HandoverNotes) {
                    let target = try others[DatabaseName("db\(number)")]
                    var plan = MigrationPlan(
                        from: .init(.main, number: 0), to: .init(DatabaseName(name), number: number))
                    plan.keys = .misplaced(Placement(of: plan.from, in: .standard), plan.to.name)
                    let notes = HandoverNotes(plan, from: source.address, to: target.address)
                    let facts = (try await ServerFacts(of: source), try await ServerFacts(of: target))
                    return (MigrationFence(plan, from: facts.0, to: facts.1, notes), notes)
                }
                func claim(resuming: Bool) async throws -> [String: (MigrationFence, HandoverNotes)] {
                    var all: [String: (MigrationFence, HandoverNotes)] = [:]
                    for (name, number, _) in names where interrupted.contains(name) {
                        all[name] = try await fence(name, number)
                    }
                    let claims = all.values.map(\.0.claim)
                    try await source.withConnection {
                        try await SourceClaim.take(claims, resuming: resuming, in: source, over: $0)
                    }
                    return all
                }
                let fences = try await claim(resuming: false)
                for (name, number, key) in names {
                    guard let (fence, notes) = fences[name] else {
                        try await source.set(key, "newer")
                        continue
                    }
                    let target = try others[DatabaseName("db\(number)")]
                    try await source.set(key, "old")
                    try await target.withConnection { try await fence.claimTarget($0) }
                    let value = try await source.send("DUMP", key, as: RESPBytes.self)
                    let copied = HandoverNotes.Copied(
                        RESPBytes(key), as: RESPBytes(key), DumpedValue(value).digest, .never)
                    try await target.send("RESTORE", key, 0, value)
                    try await target.set(notes.copiedKey(0), HandoverNotes.Note(run: fence.run, keys: [copied]).bytes)
                    try await source.set(key, "newer")
                }
                // The run that was to finish this has claimed the source, and not yet a target.
                if isKilledAgain { _ = try await claim(resuming: true) }
                let file = server.folder + "/names.json"
                try Data(
                    #"""
                    {"databases": [{"name": "main", "number": 0, "key_patterns": ["session:*"]},
                        {"name": "far", "number": 4, "key_patterns": ["doc:*"], "url": "\#(other.url)"},
                        {"name": "further", "number": 5, "key_patterns": ["event:*"], "url": "\#(other.url)"}]}
                    """#.utf8
                ).write(to: URL(fileURLWithPath: file))
                let words = [
                    "migrate", "--from", "main", "--misplaced", "--yes", "--json", "--url", server.url, "--catalogue",
                    file,
                ]
                // Refused, and nothing is claimed by that.
                #expect(try await Bulkhead.run(words).exitCode == 2)
                let outcome = try await Bulkhead.run(words + ["--resume"])
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(try json(outcome)["arrivals"] as? [String: Int] == ["far": 1, "further": 1])
                #expect(try await others["db4"].get("doc:1", as: String.self) == "newer")
                #expect(try await others["db5"].get("event:1", as: String.self) == "newer")
                for database in [source, try others["db4"], try others["db5"]] {
                    for try await key in database.scan(match: "bulkhead:*") { Issue.record("\(key) is left") }
                }
            }
        }
    }

    @Test func `runs that begin in one millisecond have numbers of their own, and the highest keeps its claim`()
        async throws
    {
        let numbers = (0..<2).map { _ in MigrationFence.number(at: 1_790_000_000_000) }
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0 < MigrationFence.number(at: 1_790_000_000_001) })
        try await withToolServer { _, databases in
            let main = try databases[.main]
            func isClaimed(by run: UInt64) async throws -> Bool {
                try await main.run(SlotScript.claim([RESPBytes("notes")], run, "", isFull: false)) != .null
            }
            #expect(try await isClaimed(by: numbers[0] + 1))
            #expect(try await !isClaimed(by: numbers[0]))
            #expect(try await isClaimed(by: numbers[0] + 1))
            // One of an earlier version, whose numbers are shorter.
            #expect(try await !isClaimed(by: 1_790_000_000_000_999))
        }
    }

    @Test func `a run trusts what it follows, for each of its targets, and nothing behind a break`() {
        func expect(_ runs: [UInt64], _ former: UInt64?, kept: [UInt64], trusted: [UInt64]) {
            let chain = MigrationFence.chain(runs, replacing: [former])
            #expect(chain.kept == kept)
            #expect(chain.trusted == [trusted])
        }
        // One that is killed and resumed.
        expect([], nil, kept: [], trusted: [])
        expect([1], 1, kept: [1], trusted: [1])
        expect([2, 1], 2, kept: [2, 1], trusted: [2, 1])
        // Its target is new.
        expect([1], nil, kept: [1], trusted: [])
        // Another run was in between, by a name of the source that this one does not know.
        expect([3, 1], 1, kept: [], trusted: [])
    }

    /// A claim to the source for a server, which a transaction takes, and one for a cluster, which a script takes.
    @Test(arguments: [[false], [true], [false, true]])
    func `all claims of a run are taken in one step, and those of an ended process go in the same`(
        kinds: [Bool]
    ) async throws {
        try await withToolServer { _, databases in
            let main = try databases[.main]
            func claims(process: String) -> [SourceClaim] {
                kinds.enumerated().map { index, isOrdered in
                    let names = ["address-\(index)", "process-\(process)-\(index)"]
                    return SourceClaim(
                        names.map { RESPBytes(HandoverNotes.prefix + Array($0.utf8)) }, isOrdered: isOrdered)
                }
            }
            func take(_ claims: [SourceClaim], resuming: Bool) async throws {
                try await main.withConnection {
                    try await SourceClaim.take(claims, resuming: resuming, in: main, over: $0)
                }
            }
            let first = claims(process: "a")
            try await take(first, resuming: false)
            #expect(Set(first.map(\.run)).count == 1 && first.allSatisfy { $0.trusted.isEmpty })
            let refused = await #expect(throws: RedisError.self) { try await take(first, resuming: false) }
            #expect(refused?.message.contains("add --resume") == true)
            let second = claims(process: "b")
            try await take(second, resuming: true)
            #expect(second.allSatisfy { $0.trusted == [first[0].run] })
            let left = Set(second.flatMap(\.names) + [MigrationFence.chain])
            #expect(try await main.names.sorted() == left.map { String(decoding: $0, as: UTF8.self) }.sorted())
        }
    }
}
