import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What a kill leaves between two servers is made by hand here; Tests/migration-kills makes it by killing.
@Suite("bulkhead migrate: after a kill between two servers", .timeLimit(.minutes(10))) struct MigrateResumeTests {
    /// Two keys, `t:0` and `t:1`, of which the first was copied and noted and not deleted.
    private struct Halves {
        let sides: Sides
        let notes: HandoverNotes
        let note: HandoverNotes.Note

        /// Names the note in the source, as the deletion's transaction does.
        func markAsDeleted() async throws {
            try await sides.source.set(notes.deletedKey(0), String(note.id, radix: 16))
        }

        var namesLeft: [String] {
            get async throws { try await sides.source.names + sides.target.names }
        }
    }

    /// - Parameter isClaimed: false where the run that was killed is not the last one there was.
    private func withHalves(isClaimed: Bool = true, _ body: (Halves) async throws -> Void) async throws {
        try await withSides(.across) { sides in
            for index in 0..<2 { try await sides.source.set("t:\(index)", "\(index)", expiry: .after(.seconds(1_000))) }
            var plan = MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1))
            plan.keys = .patterns([KeyPattern("t:*")])
            let notes = HandoverNotes(plan, from: sides.source.address, to: sides.target.address)
            let fence = MigrationFence(
                plan, from: try await ServerFacts(of: sides.source), to: try await ServerFacts(of: sides.target), notes)
            if isClaimed {
                try await sides.source.withConnection {
                    try await SourceClaim.take([fence.claim], resuming: false, in: sides.source, over: $0)
                }
                try await sides.target.withConnection { try await fence.claimTarget($0) }
            }
            let value = try await sides.source.send("DUMP", "t:0", as: RESPBytes.self)
            let expiry = try await Snapshot(Array("t:0".utf8), sides.source).expiry
            let note = HandoverNotes.Note(
                run: fence.run, keys: [HandoverNotes.Copied("t:0", as: "t:0", DumpedValue(value).digest, expiry)])
            try await sides.target.send("RESTORE", "t:0", expiry.absolute, value, "ABSTTL")
            try await sides.target.set(notes.copiedKey(0), note.bytes)
            try await body(Halves(sides: sides, notes: notes, note: note))
        }
    }

    @Test func `a run that does not know of it is refused, and says what to add`() async throws {
        try await withHalves { halves in
            let migrated = try await halves.sides.migrate()
            #expect(migrated.exitCode == 2)
            #expect(migrated.errors.contains("add --resume"), "\(migrated.errors)")
            #expect(try await halves.sides.source.exists("t:0", "t:1") == 2)
        }
    }

    @Test func `a copy that nobody has touched is no conflict`() async throws {
        try await withHalves { halves in
            let migrated = try await halves.sides.migrate(["--resume"])
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            #expect(migrated["moved"] == 2)
            #expect(try await halves.namesLeft == ["t:0", "t:1"])
        }
    }

    @Test func `what was written to the source since goes before the old copy`() async throws {
        try await withHalves { halves in
            try await halves.sides.source.set("t:0", "newer")
            let migrated = try await halves.sides.migrate(["--resume"])
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            #expect(try await halves.sides.target.get("t:0") == "newer")
            #expect(try await halves.namesLeft == ["t:0", "t:1"])
        }
    }

    @Test(arguments: [true, false])
    func `a copy that somebody has written to is a conflict, and kept`(isValue: Bool) async throws {
        try await withHalves { halves in
            if isValue {
                try await halves.sides.target.set("t:0", "theirs", expiry: .keep)
            } else {
                try await halves.sides.target.send("PERSIST", "t:0")
            }
            let migrated = try await halves.sides.migrate(["--resume", "--on-conflict", "skip"])
            #expect(migrated.exitCode == 1)
            #expect(migrated["skipped"] == 1)
            #expect(try await halves.sides.target.get("t:0") == (isValue ? "theirs" : "0"))
            #expect(try await halves.sides.source.get("t:0") == "0")
        }
    }

    @Test func `the last copy there is, is never taken back`() async throws {
        try await withHalves { halves in
            try await halves.sides.source.del("t:0")
            let migrated = try await halves.sides.migrate(["--resume"])
            #expect(migrated.exitCode == 0, "\(migrated.errors)")
            #expect(try await halves.sides.target.get("t:0") == "0")
        }
    }

    @Test(arguments: [[], ["--resume"]])
    func `after the deletion nothing is unfinished, and what is written then is new`(words: [String]) async throws {
        // The killed run was the last one, or its claim is gone.
        try await withHalves(isClaimed: !words.isEmpty) { halves in
            try await halves.markAsDeleted()
            try await halves.sides.source.set("t:0", "new")
            let migrated = try await halves.sides.migrate(words + ["--on-conflict", "skip"])
            #expect(migrated["skipped"] == 1, "\(migrated.errors) \(migrated.json)")
            #expect(try await halves.sides.target.get("t:0") == "0")
            #expect(try await halves.sides.source.get("t:0") == "new")
        }
    }

    @Test func `a note that was outlived by its migration takes back no key that has arrived`() async throws {
        try await withHalves(isClaimed: false) { halves in
            // Somebody has finished the migration by another name of the server, and then a new key came.
            try await halves.sides.source.set("t:0", "new")
            let migrated = try await halves.sides.migrate(["--resume", "--on-conflict", "skip"])
            #expect(migrated["skipped"] == 1, "\(migrated.errors) \(migrated.json)")
            #expect(try await halves.sides.target.get("t:0") == "0")
            #expect(try await halves.sides.source.get("t:0") == "new")
        }
    }

    @Test(arguments: ["t:0", "*"])
    func `a run of another pattern finishes what one has begun, and leaves no note`(pattern: String) async throws {
        try await withHalves { halves in
            let words = ["--from", "main"] + halves.sides.words + ["--pattern", pattern]
            #expect(try await Migrated.run(words, from: halves.sides.server).exitCode == 2)
            let migrated = try await Migrated.run(words + ["--resume"], from: halves.sides.server)
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            try await halves.sides.source.set("t:0", "new")
            let again = try await halves.sides.migrate(["--resume", "--on-conflict", "skip"])
            #expect(again["skipped"] == 1, "\(again.errors) \(again.json)")
            #expect(try await halves.sides.target.get("t:0") == "0")
            #expect(try await halves.sides.source.get("t:0") == "new")
        }
    }

    @Test func `without a note what is the same on both sides is finished, the rest is a conflict`() async throws {
        try await withHalves { halves in
            try await halves.sides.target.del(halves.notes.copiedKey(0))
            try await halves.sides.source.set("t:2", "a")
            try await halves.sides.target.set("t:2", "b")
            let migrated = try await halves.sides.migrate(["--resume", "--on-conflict", "skip"])
            #expect(migrated["moved"] == 2)
            #expect(migrated["skipped"] == 1)
            #expect(try await halves.sides.source.names == ["t:2"])
            #expect(try await halves.sides.target.names == ["t:0", "t:1", "t:2"])
        }
    }

    @Test func `notes are not moved as keys, and none are left`() async throws {
        try await withSides(.across) { sides in
            for index in 0..<500 { try await sides.source.set("k:\(index)", "x") }
            let words = ["--from", "main", "--all"] + sides.words
            let migrated = try await Migrated.run(words, from: sides.server)
            #expect(migrated["found"] == 500)
            #expect(try await sides.source.dbsize() == 0)
            #expect(try await sides.target.dbsize() == 500)
        }
    }

    @Test(arguments: [false, true])
    func `a key that changes between copy and deletion stays, its copy not`(isTargetWritten: Bool) async throws {
        try await withSides(.across) { sides in
            try await sides.source.set("t:0", "old")
            var plan = MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1))
            plan.conflicts = .skip
            let mover = CrossServerMover(
                plan, from: try await ServerFacts(of: sides.source), to: try await ServerFacts(of: sides.target),
                HandoverNotes(plan, from: "", to: ""))
            var slice = MigrationSlice(["t:0"])
            try await sides.source.withConnection { source in
                try await sides.target.withConnection { target in
                    let lane = MigrationLane(number: 0, source: source, target: target)
                    try await mover.start([lane], of: plan, in: sides.source)
                    let writer = Task {
                        var count = 0
                        while !Task.isCancelled {
                            try await sides.source.set("t:0", "newer \(count)")
                            if isTargetWritten { _ = try await sides.target.send("SET", "t:0", "theirs", "XX") }
                            count += 1
                        }
                    }
                    try await mover.move(&slice, on: lane)
                    writer.cancel()
                    _ = await writer.result
                }
            }
            // Whoever is faster: the key is in one place, or was written on both sides and each keeps its own.
            let values = (try await sides.source.get("t:0"), try await sides.target.get("t:0"))
            switch slice.outcomes[0] {
            case .changed, .failed, .conflict:
                #expect(values.0?.hasPrefix("newer") == true)
                #expect(values.1 == (isTargetWritten ? values.1 : nil))
            case .moved: #expect(values.1 != nil)
            case .expired, .impossible, nil: Issue.record("it was there all the time")
            }
            #expect(values.1 == nil || values.1 != "old")
        }
    }
}
