import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// `--misplaced --resume` beside notes of other runs: those of a run between two named databases are not its own.
@Suite("migrate --misplaced: what other runs have left", .serialized, .timeLimit(.minutes(10)))
struct MisplacedResumeTests {
    /// `main` on one server, and `far`, which has the pattern `doc:*`, on another one or in a cluster.
    private struct Place {
        let source: RedisDatabase
        let target: RedisDatabase
        let folder: String
        let words: [String]

        /// Runs the program.
        func move(_ more: [String]) async throws -> Migrated {
            let outcome = try await Bulkhead.run(words + ["--misplaced", "--yes"] + more)
            let json = try? JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            return Migrated(exitCode: outcome.exitCode, json: json ?? [:], errors: outcome.errors)
        }

        /// A run that was started with `--to`, or with `--misplaced`.
        func mover(isMisplaced: Bool, resumes: Bool = false) async throws -> any KeyMover {
            let from = DatabaseEntry(.main, number: 0)
            var plan = MigrationPlan(from: from, to: DatabaseEntry("far", number: 0))
            plan.resumes = resumes
            if isMisplaced {
                let far = DatabaseEntry("far", number: 1, keyPatterns: ["doc:*"])
                let catalogue = try DatabaseCatalogue([from, far])
                plan.keys = .misplaced(Placement(of: from, in: catalogue), "far")
            }
            let facts = (try await ServerFacts(of: source), try await ServerFacts(of: target))
            if facts.1.isCluster { return ClusterMover(plan, from: source, facts.0, to: target, facts.1) }
            let notes = HandoverNotes(plan, from: source.address, to: target.address)
            return CrossServerMover(plan, from: facts.0, to: facts.1, notes)
        }

        /// Begins a run, and gives it with its connections to go on.
        func withRun(
            isMisplaced: Bool, _ body: @Sendable (any KeyMover, MigrationLane) async throws -> Void
        ) async throws {
            let mover = try await mover(isMisplaced: isMisplaced)
            let plan = MigrationPlan(from: .init(.main, number: 0), to: .init("far", number: 0))
            try await source.withConnection { [source, target] mine in
                // Between clusters no connection is held.
                if mover is ClusterMover {
                    let lane = MigrationLane(number: 0, source: mine, target: mine)
                    try await mover.start([lane], of: plan, in: source)
                    return try await body(mover, lane)
                }
                try await target.withConnection { theirs in
                    let lane = MigrationLane(number: 0, source: mine, target: theirs)
                    try await mover.start([lane], of: plan, in: source)
                    try await body(mover, lane)
                }
            }
        }

        var notes: [String] {
            get async throws {
                try await (source.names + target.names).filter { $0.hasPrefix("bulkhead:") }
            }
        }
    }

    private func withPlace(
        isCluster: Bool = false, _ body: (Place, RedisTestServer?) async throws -> Void
    ) async throws {
        try await withToolServer { server, _ in
            let cluster = isCluster ? try RedisTestCluster.start() : nil
            defer { cluster?.stop() }
            let other = isCluster ? nil : try RedisTestServer.start()
            defer { other?.stop() }
            let nodes = (cluster?.addresses ?? []).map { "\"\($0)\"" }.joined(separator: ", ")
            let far = other.map { #""url": "unix://\#($0.socketPath)""# } ?? #""cluster": [\#(nodes)]"#
            let path = server.folder + "/names.json"
            let json = #"""
                {"databases": [{"name": "main", "number": 0, "url": "unix://\#(server.socketPath)"},
                    {"name": "far", "number": 0, "key_patterns": ["doc:*"], \#(far)}]}
                """#
            try Data(json.utf8).write(to: URL(fileURLWithPath: path))
            let databases = RedisDatabases(
                RedisConfiguration(), catalogue: try DatabaseCatalogue(contentsOfFile: path))
            let place = Place(
                source: try databases[.main], target: try databases["far"], folder: server.folder,
                words: ["migrate", "--from", "main", "--catalogue", path, "--json", "-q"])
            try await ending(by: { await databases.close() }) { try await body(place, other) }
        }
    }

    @Test(arguments: [false, true], ["fail", "skip", "replace"])
    func `it does not end a run that was started for one database, and says so`(
        isCluster: Bool, _ conflicts: String
    ) async throws {
        try await withPlace(isCluster: isCluster) { place, _ in
            try await place.source.set("other:1", "moves")
            try await place.withRun(isMisplaced: false) { mover, lane in
                let before = try await place.notes
                for words in [["--resume"], []] {
                    let settled = try await place.move(words + ["--on-conflict", conflicts])
                    #expect(settled.exitCode == 0, "\(settled.errors)")
                    if words.isEmpty { continue }
                    let why = "far: its notes stay: a migration between these databases without --misplaced was"
                    #expect(settled.said.contains(why), "\(settled.errors)")
                    #expect(settled.said.contains("of an earlier version, by --from, --to and --resume"))
                }
                // A key for it cannot go there meanwhile.
                try await place.source.set("doc:1", "waits")
                for words in [["--resume"], []] {
                    let refused = try await place.move(words + ["--on-conflict", conflicts])
                    #expect(refused.exitCode == 2)
                    let why = "far: a migration between these databases without --misplaced was"
                    #expect(refused.said.contains(why), "\(refused.errors)")
                    #expect(refused.said.contains("Nothing was moved"), "\(refused.errors)")
                }
                let dry = try await place.move(["--dry-run", "--resume"])
                #expect(dry["moved"] == 1, "\(dry.errors)")
                #expect(try await place.notes == before)
                // That run goes on, and ends as ever.
                var slice = MigrationSlice(["other:1"])
                try await mover.move(&slice, on: lane)
                try await mover.finish([lane])
                #expect(try await place.target.get("other:1") == "moves")
            }
            let moved = try await place.move([])
            #expect(moved.exitCode == 0 && moved["moved"] == 1, "\(moved.errors)")
            #expect(try await place.notes == [])
        }
    }

    @Test func `it says that it leaves the notes of a migration to a database without patterns`() async throws {
        try await withPlace { place, other in
            let other = try #require(other)
            try await place.source.set("other:1", "moves")
            try await place.source.set("doc:1", "moves")
            let databases = RedisDatabases(try RedisConfiguration(url: other.url), catalogue: .everyNumber)
            let target = try databases["db4"]
            let plan = MigrationPlan(from: .init(.main, number: 0), to: .init("db4", number: 4))
            let facts = (try await ServerFacts(of: place.source), try await ServerFacts(of: target))
            let mover = CrossServerMover(
                plan, from: facts.0, to: facts.1,
                HandoverNotes(plan, from: place.source.address, to: target.address))
            try await place.source.withConnection {
                try await SourceClaim.take(mover.claims, resuming: false, in: place.source, over: $0)
            }
            let moved = try await place.move(["--resume"])
            #expect(moved.exitCode == 0 && moved["moved"] == 1, "\(moved.errors)")
            #expect(moved.said.contains("main keeps notes of another migration"), "\(moved.errors)")
            #expect(try await place.source.exists(mover.fence.names) == mover.fence.names.count)
            await databases.close()
        }
    }

    @Test func `notes of its own that it leaves are not called those of another command`() async throws {
        try await withPlace { place, other in
            let other = try #require(other)
            try await place.withRun(isMisplaced: true) { _, _ in }
            other.stop()
            let settled = try await place.move(["--resume"])
            #expect(settled.said.contains("main keeps notes of an earlier run with --misplaced"), "\(settled.errors)")
            #expect(!settled.said.contains("another migration"), "\(settled.errors)")
            #expect(try await place.source.names.contains { $0.hasPrefix("bulkhead:") })
        }
    }

    @Test func `it ends a run of its own where nothing is left to move, also if the target takes no more keys`()
        async throws
    {
        try await withPlace { place, other in
            let other = try #require(other)
            try await place.withRun(isMisplaced: true) { _, _ in }
            #expect(try await place.notes.isEmpty == false)
            let talk = try ServerConversation(with: other)
            for setting in ["maxmemory-policy noeviction", "maxmemory 1"] { _ = try talk.text("CONFIG SET \(setting)") }
            let settled = try await place.move(["--resume"])
            #expect(settled.exitCode == 0, "\(settled.errors)")
            #expect(try await place.notes == [], "\(settled.errors)")
        }
    }

    @Test func `on resume with replacement what an earlier run has noted is put in order, too`() async throws {
        try await withPlace { place, _ in
            for key in ["a:1", "b:1"] { try await place.source.set(key, "old") }
            let old = try #require(try await place.mover(isMisplaced: false) as? CrossServerMover)
            let (source, target) = (place.source, place.target)
            try await source.withConnection { mine in
                try await target.withConnection { theirs in
                    let lane = MigrationLane(number: 0, source: mine, target: theirs)
                    var slice = MigrationSlice(["a:1"])
                    try await old.start([lane], of: old.plan, in: source)
                    let dumped = try await old.read(try await old.findConflicts([0], &slice, lane), &slice, lane)
                    _ = try await old.restore(dumped, old.note(of: dumped, slice), &slice, lane)
                }
            }
            try await source.set("a:1", "newer")
            let words = place.words + ["--to", "far", "--resume", "--on-conflict", "replace"]
            let moved = try await Bulkhead.run(words + ["--pattern", "b:*"])
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(try await target.names == ["b:1"])
        }
    }

    // MARK: Claims by some of their names

    private func claim(_ address: String, _ process: String, isOrdered: Bool, isMisplaced: Bool = true) -> SourceClaim {
        SourceClaim(
            [address, process].map { RESPBytes(HandoverNotes.prefix + Array($0.utf8)) }, isOrdered: isOrdered,
            isMisplaced: isMisplaced)
    }

    private func take(_ claim: SourceClaim, in database: RedisDatabase) async throws -> SourceClaim {
        try await database.withConnection {
            try await SourceClaim.take([claim], resuming: true, in: database, over: $0)
        }
        return claim
    }

    @Test(arguments: [false, true])
    func `who finds a claim by the process alone trusts no run before it, and the next one neither`(
        isOrdered: Bool
    ) async throws {
        try await withToolServer { _, databases in
            let main = try databases[.main]
            _ = try await take(claim("here", "one", isOrdered: isOrdered), in: main)
            _ = try await take(claim("there", "one", isOrdered: isOrdered), in: main)
            // The claim of the first is lost, and what that has noted is not.
            try await main.del("bulkhead:migration:here")
            let third = try await take(claim("here", "one", isOrdered: isOrdered), in: main)
            #expect(third.trusted.isEmpty)
            let fourth = try await take(claim("here", "one", isOrdered: isOrdered), in: main)
            #expect(fourth.trusted == [third.run])
        }
    }

    @Test(arguments: [false, true])
    func `the name of an ended process that another run has taken is looked at before it goes`(
        isOrdered: Bool
    ) async throws {
        try await withToolServer { _, databases in
            let main = try databases[.main]
            _ = try await take(claim("here", "one", isOrdered: isOrdered), in: main)
            let other = try await take(claim("there", "one", isOrdered: isOrdered), in: main)
            // It was started for one database: that nobody has asked to end.
            let plain = SourceClaim.Token(run: other.run, process: other.names[1], isMisplaced: false).bytes
            try await main.set("bulkhead:migration:one", plain)
            let names = try await main.names
            let refused = await #expect(throws: RedisError.self) {
                _ = try await take(claim("here", "two", isOrdered: isOrdered), in: main)
            }
            #expect(refused?.message.contains("without --misplaced") == true)
            #expect(try await main.names == names)
            // Who may take its place has a higher number, and trusts nothing from before.
            let far = UInt64.max - 9
            let token = SourceClaim.Token(run: far, process: other.names[1], isMisplaced: false).bytes
            try await main.set("bulkhead:migration:one", token)
            let next = try await take(claim("here", "two", isOrdered: isOrdered, isMisplaced: false), in: main)
            #expect(next.trusted.isEmpty && (!isOrdered || next.run > far))
            #expect(try await main.exists("bulkhead:migration:one") == 0)
        }
    }

    @Test func `in a slot the name of an ended process goes in the step of the claim, unless a newer run has it`()
        async throws
    {
        try await withToolServer { _, databases in
            let main = try databases[.main]
            let (notes, old): ([RESPBytes], RESPBytes) = (["notes", "two"], "one")
            try await main.run(SlotScript.claim(["notes", old], 5, "1", isFull: false))
            // Nothing is done before its key is known.
            let asked = try await main.run(SlotScript.claim(notes, 6, "2", isFull: false))
            #expect(asked.bytes?.elementsEqual("1".utf8) == true)
            #expect(try await main.names == ["notes", "one"])
            try await main.run(SlotScript.claim(["elsewhere", old], 7, "1", isFull: false))
            let lost = SlotScript.claim(notes, 6, "2", isFull: false, replacing: ("1", old))
            #expect(try await main.run(lost) == .null)
            let taken = SlotScript.claim(notes, 8, "2", isFull: false, replacing: ("1", old))
            let fields = try [String: String](redis: try await main.run(taken))
            #expect(fields == ["owner": "8", "process": "2", "since": "5"])
            #expect(try await main.names == ["elsewhere", "notes", "two"])
        }
    }
}
