import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

@Suite("bulkhead migrate: what arrives", .timeLimit(.minutes(10))) struct MigrateTypesTests {
    @Test(arguments: Way.allCases)
    func `every type arrives as it was, with its expiry to the millisecond`(way: Way) async throws {
        try await withSides(way) { sides in
            let keys = try await EveryType.write(to: sides.source)
            var before: [Snapshot] = []
            for key in keys { before.append(try await Snapshot(key, sides.source)) }
            let migrated = try await sides.migrate(["--verify"])
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            #expect(migrated["moved"] == keys.count)
            #expect(migrated["verified"] == keys.count)
            #expect(try await sides.source.dbsize() == (way.copies ? keys.count : 0))
            #expect(try await sides.target.dbsize() == keys.count)
            for (key, snapshot) in zip(keys, before) {
                let after = try await Snapshot(way.name(of: key), sides.target)
                #expect(after == snapshot, "\(ShownBytes(key))")
            }
        }
    }

    @Test(arguments: [Way.move, .rename, .replace, .copy, .across])
    func `a stream keeps its ids, groups, consumers and pending entries`(way: Way) async throws {
        try await withSides(way) { sides in
            _ = try await EveryType.write(to: sides.source)
            let before = try await sides.source.send("XINFO", "GROUPS", "t:stream")
            _ = try await sides.migrate()
            let name = way.name(of: Array("t:stream".utf8))
            #expect(try await sides.target.send("XINFO", "GROUPS", name) == before)
            let pending = try await sides.target.send("XPENDING", name, "readers", as: [RESPValue].self)
            #expect(pending.first == .integer(7))
            #expect(try await sides.target.send("XLEN", name, as: Int.self) == 39)
        }
    }

    @Test(arguments: Way.allCases)
    func `a hash keeps the times of its fields`(way: Way) async throws {
        guard EveryType.hasFieldTimes else { return }
        try await withSides(way) { sides in
            _ = try await EveryType.write(to: sides.source)
            let query: [any RedisArgument] = ["FIELDS", 3, "f1", "f2", "f3"]
            let before = try await sides.source.send("HPEXPIRETIME", ["t:hash times"] + query)
            _ = try await sides.migrate()
            let name: any RedisArgument = way.name(of: Array("t:hash times".utf8))
            let after = try await sides.target.send("HPEXPIRETIME", [name] + query)
            #expect(after == before)
        }
    }

    /// Before 7.2 the comparison that a move ends with counts as a use.
    @Test(
        .enabled(if: TestTier.hasTime),
        arguments: ServerUnderTest.isAtLeast(redis: 7, 2) ? [Way.across, .acrossCopy] : [.acrossCopy])
    func `between servers a key is as long unused as it was`(way: Way) async throws {
        try await withSides(way) { sides in
            try await sides.source.set("t:old", "x")
            try await Task.sleep(for: .milliseconds(2_200))
            #expect(try await sides.migrate().exitCode == 0)
            #expect(try await sides.target.send("OBJECT", "IDLETIME", "t:old", as: Int.self) >= 2)
        }
    }

    @Test func `between servers that count uses a key keeps its count`() async throws {
        // A count that decays would be another one where a minute ends between the two looks.
        let arguments = ["--maxmemory-policy", "allkeys-lfu", "--lfu-decay-time", "0"]
        try await withToolServer(arguments: arguments) { server, databases in
            try await withToolServer(arguments: arguments) { other, others in
                try await databases[.main].set("t:hot", "x")
                for _ in 0..<2_000 { _ = try await databases[.main].get("t:hot") }
                let before = try await databases[.main].send("OBJECT", "FREQ", "t:hot", as: Int.self)
                let migrated = try await Migrated.run(
                    ["--from", "main", "--all", "--to-url", other.url], from: server)
                #expect(migrated.exitCode == 0, "\(migrated.errors)")
                let after = try await others[.main].send("OBJECT", "FREQ", "t:hot", as: Int.self)
                #expect(before > 6)
                #expect(after == before)
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: Way.allCases)
    func `a key of which nothing is left to live is not made permanent`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<50 { try await sides.source.send("SET", "t:\(index)", "x", "PX", 1 + index * 8) }
            let migrated = try await sides.migrate()
            #expect(migrated["found"] <= 50)
            try await Task.sleep(for: .milliseconds(500))
            for database in [sides.source, sides.target] {
                for index in 0..<50 { #expect(try await database.exists("t:\(index)", "t2:\(index)") == 0) }
            }
        }
    }

    @Test func `every key goes by one command whatever its size, and no value leaves the server`() async throws {
        try await withSides(.move) { sides in
            let keys = try await EveryType.write(to: sides.source)
            try await sides.source.send("CONFIG", "RESETSTAT")
            #expect(try await sides.migrate().exitCode == 0)
            let statistics = try await sides.source.send("INFO", "commandstats", as: String.self)
            let calls = statistics.split(whereSeparator: \.isNewline).compactMap { line -> (String, Int)? in
                let parts = line.dropFirst("cmdstat_".count).split(whereSeparator: { ":=,".contains($0) })
                return parts.count > 2 && parts[1] == "calls" ? (String(parts[0]), Int(parts[2]) ?? 0) : nil
            }
            let counts = Dictionary(calls) { $1 }
            // One more is the question whether MOVE is allowed.
            #expect(counts["move"] == keys.count + 1)
            for name in ["dump", "restore", "get", "hgetall", "lrange", "smembers", "xrange", "keys", "migrate"] {
                #expect(counts[name] == nil, "\(name)")
            }
        }
    }
}
