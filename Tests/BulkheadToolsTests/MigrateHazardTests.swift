import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Each of these was a way to lose data in a tool that people used: the names say which.
@Suite("bulkhead migrate: what must never happen", .timeLimit(.minutes(10))) struct MigrateHazardTests {
    @Test(arguments: [
        ["--dryrun"], ["--help"], ["--dry-run"], ["--form", "main"], ["--cleanup"], ["extra"], ["--rename", "x:=y:"],
        ["--rename", "nothing"], ["--on-conflict", "merge"], ["--rate", "0"], ["--to", "main"], ["--to", "nowhere"],
    ])
    func `a word that is wrong, or only asks, changes nothing`(words: [String]) async throws {
        try await withSides(.move) { sides in
            for index in 0..<10 { try await sides.source.set("t:\(index)", "x") }
            let all = ["migrate", "--from", "main", "--to", "knowledge", "--url", sides.server.url] + words
            let outcome = try await Bulkhead.run(all)
            #expect([0, 64].contains(outcome.exitCode), "\(outcome.errors)")
            #expect(try await sides.source.dbsize() == 10)
            #expect(try await sides.target.dbsize() == 0)
        }
    }

    @Test func `what is asked for by name and pattern is what is moved, and nothing else`() async throws {
        try await withToolServer { server, databases in
            for number in ["t:1", "other:1", "llama_index/vector_1"] { try await databases[.main].set(number, "x") }
            let migrated = try await Migrated.run(
                ["--from", "0", "--to", "1", "--pattern", "llama_index/*"], from: server)
            #expect(migrated["moved"] == 1)
            #expect(try await databases[.knowledge].names == ["llama_index/vector_1"])
            #expect(try await databases[.main].dbsize() == 2)
            #expect(try await databases["db8"].dbsize() == 0)
        }
    }

    @Test(arguments: [Way.move, .across])
    func `a pattern is a glob for the whole name and no part of it`(way: Way) async throws {
        try await withSides(way) { sides in
            for key in ["t:chat:1", "my_chatroom_config", "at:1", "T:1"] { try await sides.source.set(key, "x") }
            #expect(try await sides.migrate()["moved"] == 1)
            #expect(try await sides.source.names == ["T:1", "at:1", "my_chatroom_config"])
        }
    }

    @Test(arguments: [Way.move, .rename, .replace, .across])
    func `no type is counted as moved and then deleted`(way: Way) async throws {
        try await withSides(way) { sides in
            let keys = try await EveryType.write(to: sides.source)
            let migrated = try await sides.migrate()
            #expect(migrated["failed"] == 0)
            #expect(try await sides.source.dbsize() + sides.target.dbsize() == keys.count)
        }
    }

    @Test(arguments: Way.allCases)
    func `a list keeps its order, and a second run adds nothing to it`(way: Way) async throws {
        try await withSides(way) { sides in
            try await sides.source.rpush("t:list", "a", "b", "c")
            _ = try await sides.migrate()
            _ = try await sides.migrate(["--on-conflict", "replace"].filter { _ in way != .replace })
            let name = String(decoding: way.name(of: Array("t:list".utf8)), as: UTF8.self)
            #expect(try await sides.target.lrange(name, from: 0, through: -1) == ["a", "b", "c"])
        }
    }

    @Test(arguments: [Way.move, .rename, .copy, .across])
    func `a key of the target is never merged with one that comes`(way: Way) async throws {
        for policy in ["fail", "skip", "replace"] {
            try await withSides(way) { sides in
                let name = String(decoding: way.name(of: Array("t:hash".utf8)), as: UTF8.self)
                try await sides.source.hset("t:hash", ["new": "1"])
                try await sides.target.hset(name, ["old": "1"])
                try await sides.target.expire(name, after: .seconds(50))
                let migrated = try await sides.migrate(["--on-conflict", policy])
                #expect(migrated.exitCode == (policy == "replace" ? 0 : 1))
                let isReplaced = policy == "replace"
                #expect(try await sides.target.hkeys(name) == [isReplaced ? "new" : "old"])
                // Nor does it leave its expiry to what replaces it.
                #expect(try await (sides.target.send("PTTL", name, as: Int.self) == -1) == isReplaced)
                #expect(try await sides.source.exists("t:hash") == (isReplaced && !way.copies ? 0 : 1))
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `an expiry of milliseconds stays one`(way: Way) async throws {
        try await withSides(way) { sides in
            try await sides.source.send("SET", "t:short", "x", "PX", 400)
            _ = try await sides.migrate()
            let name = way.name(of: Array("t:short".utf8))
            #expect(try await sides.target.send("PTTL", name, as: Int.self) != -1)
        }
    }

    @Test(arguments: Way.allCases)
    func `keys and values of any bytes arrive`(way: Way) async throws {
        try await withSides(way) { sides in
            for byte in UInt8.min ... .max { try await sides.source.set(Array("t:".utf8) + [byte], [byte, 0xff, 0]) }
            #expect(try await sides.migrate()["moved"] == 256)
            for byte in UInt8.min ... .max {
                let name = way.name(of: Array("t:".utf8) + [byte])
                #expect(try await sides.target.get(name, as: [UInt8].self) == [byte, 0xff, 0])
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: [Way.move, .rename, .across])
    func `a write during the move is in the source or in the target, never lost`(way: Way) async throws {
        try await withSides(way) { sides in
            let keys = 400
            for index in 0..<keys { try await sides.source.rpush("t:\(index)", "first") }
            let writes = Task { [source = sides.source] in
                var written = 0
                // A write that is cancelled was not acknowledged.
                while (try? await source.rpush("t:\(written % keys)", "\(written)")) != nil { written += 1 }
                return written
            }
            for _ in 0..<5 { _ = try await sides.migrate(["--on-conflict", "skip"]) }
            writes.cancel()
            let written = await writes.value
            var found: Set<String> = []
            for index in 0..<keys {
                found.formUnion(try await sides.source.lrange("t:\(index)", from: 0, through: -1))
                let moved = way == .rename ? "t2:\(index)" : "t:\(index)"
                found.formUnion(try await sides.target.lrange(moved, from: 0, through: -1))
            }
            #expect(written > 0)
            let lost = (0..<written).filter { !found.contains("\($0)") }
            #expect(lost.isEmpty, "\(lost.count) of \(written) writes")
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: [Way.move, .across])
    func `what is written again behind a move stays, and is reported`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<30 { try await sides.source.set("t:\(index)", "x") }
            // Slow enough that the write falls between the first key's move and the last's.
            async let migrated = sides.migrate(["--rate", "10"])
            var gone: String?
            while gone == nil {
                try await Task.sleep(for: .milliseconds(5))
                let left = Set(try await sides.source.names)
                gone = try await sides.target.names.first { $0.hasPrefix("t:") && !left.contains($0) }
            }
            let moved = try #require(gone)
            try await sides.source.set(moved, "again")
            let report = try await migrated
            #expect(report.exitCode == 1)
            #expect(report["written_meanwhile"] + report["failed"] == 1, "\(report.json)")
            #expect(try await sides.source.get(moved) == "again")
            #expect(try await sides.target.get(moved) == "x")
        }
    }

    @Test func `no database is emptied, and the others stay as they are`() async throws {
        try await withToolServer { server, databases in
            for entry in DatabaseCatalogue.everyNumber.entries {
                for index in 0..<5 { try await databases[entry.name].set("t:\(entry.number):\(index)", "x") }
            }
            let words = ["--from", "main", "--to", "knowledge", "--all"]
            #expect(try await Migrated.run(words, from: server)["moved"] == 5)
            for entry in DatabaseCatalogue.everyNumber.entries {
                let expected = entry.number == 0 ? 0 : entry.number == 1 ? 10 : 5
                #expect(try await databases[entry.name].dbsize() == expected)
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: [Way.move, .rename, .replace, .across])
    func `a moved key is in one database, not in both`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<2_000 { try await sides.source.set("t:\(index)", [0.5, 1] as [Float]) }
            #expect(try await sides.migrate()["moved"] == 2_000)
            #expect(try await sides.source.dbsize() == 0)
            #expect(try await sides.target.dbsize() == 2_000)
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `a target that a crash would set back is told of before, and how to mend it`() async throws {
        try await withSides(.across) { sides in
            try await sides.source.set("t:1", "x")
            let dry = try await sides.migrate(["--dry-run"])
            #expect(!dry.errors.contains("append-only"))
            let copied = try await sides.migrate(["--copy"])
            #expect(!copied.errors.contains("append-only"))
            try await sides.target.del("t:1")
            let moved = try await sides.migrate()
            #expect(moved.exitCode == 0)
            #expect(moved.errors.contains("append-only") && moved.errors.contains("--copy"), "\(moved.errors)")
            try await sides.target.send("CONFIG", "SET", "appendonly", "yes")
            try await sides.source.set("t:2", "x")
            #expect(try await sides.migrate().errors == "")
        }
        try await withSides(.move) { sides in
            try await sides.source.set("t:1", "x")
            #expect(try await sides.migrate().errors == "")
        }
    }

    @Test(arguments: [Way.rename, .across])
    func `a key that is about to expire does not become a lasting one`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<200 { try await sides.source.send("SET", "t:\(index)", "x", "PX", 1 + index) }
            _ = try await sides.migrate(["--on-conflict", "skip"])
            try await Task.sleep(for: .milliseconds(400))
            #expect(try await sides.source.names + sides.target.names == [])
        }
    }

    @Test func `a value that the server cannot copy stays where it is`() async throws {
        // The script's order is what counts: an error of COPY ends it before UNLINK.
        try await withSides(.rename) { sides in
            try await sides.source.set("t:1", "x")
            let facts = try await ServerFacts(of: sides.source)
            var plan = MigrationPlan(
                from: DatabaseEntry(.main, number: 0), to: DatabaseEntry("db99", number: 99))
            plan.rename = KeyRename("t:=t2:")
            let mover = ServerSideMover(plan, on: facts)
            for step in [ServerSideMover.Step(replaces: true), .init(replaces: true, recreates: true)] {
                let command = mover.command(step, "t:1")
                await #expect(throws: RedisError.self) { try await sides.source.run(command) }
                #expect(try await sides.source.get("t:1") == "x")
            }
        }
    }
}
