import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

/// A second run may begin while one works, or after it was killed with a command on its way.
@Suite("bulkhead migrate: two runs at once", .timeLimit(.minutes(10))) struct MigrateRivalTests {
    /// A run with connections of its own, to be driven step by step.
    private struct Run {
        let mover: CrossServerMover
        let source: RedisDatabase
        let lane: MigrationLane
        var slice = MigrationSlice(["t:0", "t:1"])
        var copied: [DumpedKey] = []

        func begin() async throws { try await mover.start([lane], of: mover.plan, in: source) }

        /// As far as the deletion, which has not been sent.
        mutating func copy() async throws {
            try await begin()
            let free = try await mover.findConflicts([0, 1], &slice, lane)
            let dumped = try await mover.read(free, &slice, lane)
            let note = mover.note(of: dumped, slice)
            let restored = try #require(try await mover.restore(dumped, note, &slice, lane))
            copied = try await mover.verify(restored, &slice, lane)
            #expect(copied.count == 2)
        }

        mutating func delete() async throws -> Bool {
            try await mover.delete(copied, mover.note(of: copied, slice), &slice, lane)
        }

        mutating func takeBack() async throws(RedisError) {
            try await mover.takeBack(copied, &slice, lane)
        }

        /// All of it.
        mutating func perform() async throws {
            try await begin()
            try await mover.move(&slice, on: lane)
            try await mover.finish([lane])
        }
    }

    private func withRun(
        _ sides: Sides, resumes: Bool = false, conflicts: MigrationPlan.Conflicts = .skip,
        _ body: (inout Run) async throws -> Void
    ) async throws {
        var plan = MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1))
        plan.conflicts = conflicts
        plan.resumes = resumes
        let mover = CrossServerMover(
            plan, from: try await ServerFacts(of: sides.source), to: try await ServerFacts(of: sides.target),
            HandoverNotes(plan, from: sides.source.address, to: sides.target.address))
        try await sides.source.withConnection { source in
            try await sides.target.withConnection { target in
                let lane = MigrationLane(number: 0, source: source, target: target)
                var run = Run(mover: mover, source: sides.source, lane: lane)
                try await body(&run)
            }
        }
    }

    /// A run that stands before its deletion.
    private func withStanding(
        conflicts: MigrationPlan.Conflicts = .skip, _ body: (Sides, inout Run) async throws -> Void
    ) async throws {
        try await withSides(.across) { sides in
            for index in 0..<2 { try await sides.source.set("t:\(index)", "\(index)") }
            try await withRun(sides, conflicts: conflicts) { run in
                try await run.copy()
                try await body(sides, &run)
            }
        }
    }

    @Test(arguments: [false, true])
    func `what a later run has finished, an earlier one does not take back`(isNoteLost: Bool) async throws {
        try await withStanding { sides, old in
            // Without its note the copy is a key like any other, and equal.
            if isNoteLost { try await sides.target.del(old.mover.notes.copiedKey(0)) }
            try await withRun(sides, resumes: true) { new in
                try await new.perform()
                for outcome in new.slice.outcomes {
                    if case .moved? = outcome { continue }
                    Issue.record("\(String(describing: outcome))")
                }
            }
            #expect(try await old.delete() == false)
            await #expect(throws: RedisError.self) { try await old.takeBack() }
            #expect(try await sides.target.names == ["t:0", "t:1"])
            #expect(try await sides.source.names == [])
        }
    }

    @Test func `what a later run has taken back, an earlier one does not delete`() async throws {
        try await withStanding { sides, old in
            try await withRun(sides, resumes: true) { new in
                try await new.begin()
                #expect(try await sides.target.exists("t:0", "t:1") == 0)
                // As the EXEC of a client would that was killed when it had sent it.
                #expect(try await old.delete() == false)
                #expect(try await sides.source.exists("t:0", "t:1") == 2)
                await #expect(throws: RedisError.self) { try await old.takeBack() }
                try await new.mover.move(&new.slice, on: new.lane)
                await #expect(throws: RedisError.self) { try await old.mover.finish([old.lane]) }
                try await new.mover.finish([new.lane])
            }
            #expect(try await sides.target.names == ["t:0", "t:1"])
            #expect(try await sides.source.names == [])
        }
    }

    @Test func `an earlier run whose deletion has failed takes nothing back once a later one has begun`() async throws {
        try await withStanding { sides, old in
            try await sides.source.set("t:0", "newer")
            #expect(try await old.delete() == false)
            try await withRun(sides, resumes: true) { new in
                try await new.perform()
                await #expect(throws: RedisError.self) { try await old.takeBack() }
            }
            #expect(try await sides.target.get("t:0") == "newer")
            #expect(try await sides.target.get("t:1") == "1")
        }
    }

    @Test func `an earlier run that replaces does not put an old value over what has arrived`() async throws {
        try await withStanding(conflicts: .replace) { sides, old in
            try await withRun(sides, resumes: true, conflicts: .replace) { new in try await new.perform() }
            try await sides.target.set("t:0", "the application's")
            old.slice = MigrationSlice(["t:0", "t:1"])
            let error = await #expect(throws: RedisError.self) { try await old.mover.move(&old.slice, on: old.lane) }
            #expect(error?.message.contains("another migration") == true)
            #expect(try await sides.target.get("t:0") == "the application's")
        }
    }

    @Test func `a copy whose original somebody has deleted stays, and is told of`() async throws {
        try await withStanding { sides, run in
            try await sides.source.del("t:0")
            #expect(try await run.delete() == false)
            try await run.takeBack()
            guard case .moved(let arrival) = run.slice.outcomes[0] else {
                Issue.record("not told")
                return
            }
            #expect(arrival.differences?.contains("deleted") == true)
            #expect(run.slice.outcomes[1] == nil)
            #expect(try await sides.target.get("t:0") == "0")
            #expect(try await sides.target.exists("t:1") == 0)
            #expect(try await sides.source.get("t:1") == "1")
        }
    }

    @Test func `a second run is refused while one has not ended, and with resume takes its place`() async throws {
        try await withStanding { sides, old in
            let refused = try await sides.migrate()
            #expect(refused.exitCode == 2)
            #expect(refused.said.contains("add --resume"), "\(refused.errors)")
            let second = try await sides.migrate(["--resume"])
            #expect(second.exitCode == 0, "\(second.errors)")
            #expect(try await sides.target.names == ["t:0", "t:1"])
            #expect(try await sides.source.names == [])
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `programs that move the same keys at once lose none`() async throws {
        let keys = 2_000
        for round in 0..<6 {
            try await withSides(.across) { sides in
                for index in 0..<keys { try await sides.source.set("t:\(index)", "\(index)") }
                let words = ["--resume", "--pace", "full", "--on-conflict", round % 3 == 2 ? "replace" : "skip"]
                async let first = sides.migrate(words)
                // Sooner or later into the other one's work.
                try await Task.sleep(for: .milliseconds(round * 15))
                async let second = sides.migrate(words)
                let both = [try await first, try await second]
                let found = Set(try await sides.source.names + sides.target.names)
                let lost = (0..<keys).filter { !found.contains("t:\($0)") }
                #expect(lost.isEmpty, "\(lost.count) keys are in neither database")
                for one in both where one.exitCode == 2 {
                    #expect(one.said.contains("another migration"), "\(one.errors)")
                }
                let last = try await sides.migrate(words)
                #expect(last.exitCode == 0, "\(last.errors) \(last.json)")
                #expect(try await sides.source.names == [])
                #expect(try await sides.target.names.count == keys)
            }
        }
    }
}
