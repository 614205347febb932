import Bulkhead
import BulkheadConsole
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A snapshot file of a real server, and the servers to restore it to.
@Suite("bulkhead restore", .timeLimit(.minutes(10))) struct RestoreTests {
    /// Keys of every type in `knowledge`, some others in `analytics`, saved; the file, and the server that wrote it.
    private func withFile(
        _ body: (String, RedisTestServer, RedisDatabases) async throws -> Void
    ) async throws {
        try await withToolServer { server, databases in
            try await fill(databases[.knowledge])
            try await databases[.analytics].set("other", "1")
            try await databases[.main].send("SAVE")
            try await body(server.folder + "/dump.rdb", server, databases)
        }
    }

    private func fill(_ database: RedisDatabase) async throws {
        try await database.set("string", "value")
        try await database.set("int", "-12345")
        try await database.set(RESPBytes([0, 255, 10]), String(repeating: "abc", count: 10_000))
        try await database.send("RPUSH", "list", "a", "b", "c")
        try await database.send("SADD", "set", "1", "2", "x")
        try await database.send("HSET", "hash", "field", "value")
        try await database.send("ZADD", "zset", "1.5", "a", "-inf", "b")
        try await database.send("XADD", "stream", "1-1", "f", "v")
        try await database.send("XGROUP", "CREATE", "stream", "group", "0")
        try await database.send("XREADGROUP", "GROUP", "group", "worker", "STREAMS", "stream", ">")
        try await database.set("session", "x", expiry: .after(.seconds(5_000)))
        for start in stride(from: 0, to: 2_000, by: 500) {
            _ = try await database.pipeline((start..<start + 500).map { .set("doc:\($0)", "text \($0)") })
        }
    }

    private static let keys = 2_009

    private func json(_ outcome: Bulkhead.Outcome) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: outcome.output) as? [String: Any], "\(outcome.errors)")
    }

    @Test func `every type comes back equal with its expiry, and no other database is touched`() async throws {
        try await withFile { file, server, databases in
            try await databases["db5"].set("bystander", "1")
            let outcome = try await Bulkhead.run(
                "restore", file, "--into", "7", "--file-database", "1", "--verify", "--json", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let document = try json(outcome)
            #expect(document["restored"] as? Int == Self.keys)
            #expect((document["verified"] as? [String: Any])?["same"] as? Int == Self.keys)
            let same = try await Bulkhead.run("diff", "knowledge", "7", "--url", server.url)
            #expect(same.exitCode == 0, "\(same.text)")
            for (name, count) in [("knowledge", Self.keys), ("analytics", 1), ("db5", 1), ("main", 0)] {
                #expect(try await databases[DatabaseName(name)].dbsize() == count)
            }
            let left = try await databases[.knowledge].send("PTTL", "session", as: Int.self)
            let right = try await databases["db7"].send("PTTL", "session", as: Int.self)
            #expect(abs(left - right) < 1_000)
        }
    }

    @Test func `a key that has expired meanwhile is counted and not created`() async throws {
        try await withToolServer { server, databases in
            let knowledge = try databases[.knowledge]
            let file = server.folder + "/dump.rdb"
            try await knowledge.set("long", "x")
            // On a slow machine it may end before the file is written.
            for milliseconds in [300, 3_000, 30_000] {
                try await knowledge.set("brief", "x", expiry: .after(.milliseconds(milliseconds)))
                try await knowledge.send("SAVE")
                if try summary(file).databases[1]?.keys == 2 { break }
            }
            while try await knowledge.exists("brief") == 1 { try await Task.sleep(for: .milliseconds(10)) }
            let outcome = try await Bulkhead.run(
                "restore", file, "--into", "5", "--json", "--verify", "--url", server.url)
            let document = try json(outcome)
            #expect(outcome.exitCode == 0)
            #expect(document["expired"] as? Int == 1)
            #expect(document["restored"] as? Int == 1)
            #expect(try await databases["db5"].dbsize() == 1)
        }
    }

    @Test func `names that are taken stop everything, unless they are to be skipped or replaced`() async throws {
        try await withFile { file, server, databases in
            let target = try databases["db7"]
            try await target.set("string", "mine", expiry: .after(.seconds(77)))
            let words = ["restore", file, "--into", "7", "--file-database", "1", "--url", server.url, "--json"]
            let refused = try await Bulkhead.run(words)
            #expect(refused.exitCode == 1)
            #expect(refused.errors.contains("nothing was restored"))
            #expect(try await target.dbsize() == 1)

            let skipped = try await Bulkhead.run(words + ["--on-conflict", "skip"])
            #expect(skipped.exitCode == 0)
            #expect(try json(skipped)["skipped"] as? Int == 1)
            #expect(try json(skipped)["restored"] as? Int == Self.keys - 1)
            #expect(try await target.get("string") == "mine")

            // Again, as after an interruption: all is there.
            let again = try await Bulkhead.run(words + ["--on-conflict", "skip"])
            #expect(try json(again)["skipped"] as? Int == Self.keys)

            let replaced = try await Bulkhead.run(words + ["--on-conflict", "replace", "--verify"])
            #expect(replaced.exitCode == 0)
            #expect(try await target.get("string") == "value")
            #expect(try await target.send("PTTL", "string", as: Int.self) == -1)
        }
    }

    @Test func `a dry run tells what would be done and writes nothing`() async throws {
        try await withFile { file, server, databases in
            try await databases["db7"].set("string", "mine")
            let words = ["restore", file, "--into", "7", "--file-database", "1", "--dry-run", "--url", server.url]
            let outcome = try await Bulkhead.run(words + ["--json", "--on-conflict", "skip"])
            #expect(outcome.exitCode == 0)
            let document = try json(outcome)
            #expect(document["untried"] as? Int == Self.keys - 1)
            #expect(document["conflicts"] as? Int == 1)
            #expect(try await databases["db7"].dbsize() == 1)
            #expect(try await Bulkhead.run(words).exitCode == 1)
        }
    }

    @Test func `only keys that fit the pattern, as a whole name and not as a part of it`() async throws {
        try await withFile { file, server, databases in
            let outcome = try await Bulkhead.run(
                "restore", file, "--into", "7", "--file-database", "1", "--pattern", "s*", "--url", server.url,
                "--json")
            #expect(try json(outcome)["restored"] as? Int == 4)
            #expect(try await databases["db7"].exists("string", "set", "stream", "session") == 4)
        }
    }

    @Test func `of a damaged file nothing is restored, and the offset is told`() async throws {
        try await withFile { file, server, databases in
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            let damaged = server.folder + "/damaged.rdb"
            for change in [{ $0.count - 4 }, { $0.count / 2 }, { _ in 40 }] as [(Data) -> Int] {
                try bytes.prefix(change(bytes)).write(to: URL(fileURLWithPath: damaged))
                let outcome = try await Bulkhead.run(
                    "restore", damaged, "--into", "7", "--file-database", "1", "--url", server.url)
                #expect(outcome.exitCode == 65)
                #expect(outcome.errors.contains("at byte"))
            }
            bytes[bytes.count - 20] ^= 1
            try bytes.write(to: URL(fileURLWithPath: damaged))
            let flipped = try await Bulkhead.run(
                "restore", damaged, "--into", "7", "--file-database", "1", "--url", server.url)
            #expect(flipped.exitCode == 65, "\(flipped.errors)")
            #expect(try await databases["db7"].dbsize() == 0)
        }
    }

    @Test func `a file of several databases asks which, and one that is not there is refused`() async throws {
        try await withFile { file, server, _ in
            let several = try await Bulkhead.run("restore", file, "--into", "7", "--url", server.url)
            #expect(several.exitCode == 64)
            #expect(several.errors.contains("it has 1 (\(Units.grouped(Self.keys)) keys), 3 (1 key)"))
            let missing = try await Bulkhead.run(
                "restore", file, "--into", "7", "--file-database", "9", "--url", server.url)
            #expect(missing.exitCode == 64)
            let nowhere = try await Bulkhead.run("restore", file + "x", "--into", "7", "--url", server.url)
            #expect(nowhere.exitCode == 74)
        }
    }

    @Test func `what a server refuses of every key ends the run and says how to go on`() async throws {
        try await withFile { file, server, databases in
            try await databases[.main].send("CONFIG", "SET", "min-replicas-to-write", "1")
            let outcome = try await Bulkhead.run(
                "restore", file, "--into", "7", "--file-database", "1", "--url", server.url, "--json")
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("NOREPLICAS"))
            let document = try json(outcome)
            let counts = ["restored", "skipped", "expired", "failed", "untried"].compactMap { document[$0] as? Int }
            #expect(counts.reduce(0, +) == document["found"] as? Int)
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `the base of an append-only file is restored with the words that it is not all`() async throws {
        try await withToolServer(arguments: ["--appendonly", "yes"]) { server, databases in
            try await databases[.main].set("early", "in the base")
            try await databases[.main].send("BGREWRITEAOF")
            let folder = server.folder + "/appendonlydir"
            func base() throws -> String? {
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".2.base.rdb") }.first
            }
            let isRewritten = try await eventually {
                let state = try await databases[.main].info("persistence")
                return try state["aof_rewrite_in_progress"] == "0" && base() != nil
            }
            #expect(isRewritten)
            try await databases[.main].set("late", "in the increments")
            let file = folder + "/" + (try #require(try base()))
            let outcome = try await Bulkhead.run("restore", file, "--into", "knowledge", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try await databases[.knowledge].names == ["early"])
            let said = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(said.contains("is the base of an append-only file: what was written after it is in the other"))
            // An ordinary snapshot has no such words.
            try await databases[.main].send("SAVE")
            let plain = ["restore", server.folder + "/dump.rdb", "--into", "5", "--file-database", "0"]
            #expect(!(try await Bulkhead.run(plain + ["--url", server.url])).errors.contains("append-only"))
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `functions come along on request`() async throws {
        try await withToolServer { server, databases in
            let code = "#!lua name=lib\nredis.register_function('f', function() return 7 end)"
            try await databases[.main].send("FUNCTION", "LOAD", code)
            try await databases[.main].set("key", "value")
            try await databases[.main].send("SAVE")
            try await databases[.main].send("FUNCTION", "FLUSH")
            let words = ["restore", server.folder + "/dump.rdb", "--into", "5", "--url", server.url]
            #expect(try await Bulkhead.run(words).exitCode == 0)
            #expect(try await databases[.main].send("FUNCTION", "LIST").elements?.isEmpty == true)
            let outcome = try await Bulkhead.run(words + ["--with-functions", "--on-conflict", "replace"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try await databases[.main].send("FCALL", "f", 0, as: Int.self) == 7)
        }
    }
}
