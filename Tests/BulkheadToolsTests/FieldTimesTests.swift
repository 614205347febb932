import Bulkhead
import BulkheadRDB
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What ends on its own while two sides are compared is no difference, and what is gone otherwise is one.
@Suite("Values with times of their own", .timeLimit(.minutes(10))) struct FieldTimesTests {
    /// A hash of one field with a time, as Redis 7.4 dumps it.
    private static func hash(endingAt time: Int64) -> DumpedValue {
        var body: [UInt8] = []
        withUnsafeBytes(of: time.littleEndian) { body.append(contentsOf: $0) }
        body += [1, 1, 1, UInt8(ascii: "f"), 1, UInt8(ascii: "v")]
        let version = RDBVersion(.redis, 12)
        return DumpedValue(DumpPayload(type: .hashMetadata, body: body[...], version: version).bytes)
    }

    @Test func `a hash whose last field has ended by the target's clock alone is not taken for moved`() {
        let query = KeyExpiryQuery(ServerFacts())
        let dump = KeyDump(value: Self.hash(endingAt: 5_000), expiry: .never, use: nil)
        let key = DumpedKey(place: 0, dump, restored: [])
        func difference(_ source: Int64, _ target: Int64) -> String? {
            key.difference(from: nil, (source: source, target: target), query, query)
        }
        #expect(difference(5_000, 5_000) == nil)
        #expect(difference(4_999, 5_000)?.contains("clock") == true)
        #expect(difference(9_000, 4_999)?.contains("does not have it") == true)
    }

    @Test func `a key that one side has removed as expired is no difference by the clock that is ahead`() {
        let key = ComparedKey(key: "k", value: Self.hash(endingAt: 5_000), expiry: .never)
        #expect(key.outcome(against: nil, now: 5_000, tolerance: 0) == .expired)
        #expect(key.outcome(against: nil, now: 4_999, tolerance: 0) == .onlyLeft)
        let later = KeyDump(value: Self.hash(endingAt: 9_000), expiry: .never, use: nil)
        #expect(key.outcome(against: later, now: 4_999, tolerance: 0) != .same)
    }

    // MARK: Real servers

    /// Fields, hashes and keys that end one after the other within two seconds, beside ones that stay.
    private func fill(_ database: RedisDatabase) async throws {
        let now = try await database.milliseconds()
        for index in 0..<100 {
            let end = now + 500 + Int64(index) * 15
            let keys = ["t:some:\(index)", "t:all:\(index)", "t:later:\(index)"]
            try await database.send("HSET", keys[0], "stays", "x", "goes", "y")
            try await database.send("HPEXPIREAT", keys[0], end, "FIELDS", 1, "goes")
            try await database.send("HSET", keys[1], "goes", "y")
            try await database.send("HPEXPIREAT", keys[1], end, "FIELDS", 1, "goes")
            try await database.send("HSET", keys[2], "stays", "x", "goes", "y")
            try await database.send("HPEXPIREAT", keys[2], now + 3_600_000, "FIELDS", 1, "goes")
            try await database.set("t:key:\(index)", "x")
            try await database.send("PEXPIREAT", "t:key:\(index)", end)
        }
    }

    /// Until all that ends has ended.
    private func end(_ database: RedisDatabase, prefix: String = "t:") async throws {
        for _ in 0..<3_000 {
            let all = try await database.send("HLEN", prefix + "all:99").integer
            let some = try await database.send("HLEN", prefix + "some:99").integer
            let keys = try await database.send("EXISTS", prefix + "key:99").integer
            if all == 0, some == 1, keys == 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the fields do not end")
    }

    /// Main with hashes whose fields end, and a backup of it.
    private func filledAndSaved(
        _ databases: RedisDatabases, _ server: RedisTestServer, in folder: String
    ) async throws -> (RedisDatabase, file: String) {
        let database = try databases[.main]
        try await fill(database)
        let file = folder + "/main.rdb"
        let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url, "--quiet")
        #expect(backup.exitCode == 0, text(backup))
        return (database, file)
    }

    private func text(_ outcome: Bulkhead.Outcome) -> Comment { "\(outcome.text)\(outcome.errors)" }

    @Test(.enabled(if: EveryType.hasFieldTimes))
    func `what ends between a backup and a comparison is no difference`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await withBackupFolder { folder in
                let (database, file) = try await filledAndSaved(databases, server, in: folder)
                // On a slow machine some have ended before the backup, which is none of its business.
                let ending = try manifest(file).keys - 200
                #expect(ending > 0)
                let early = try await Bulkhead.run("diff", file, "main", "--url", server.url)
                #expect(early.exitCode == 0, text(early))
                try await end(database)
                let late = try await Bulkhead.run("diff", file, "main", "--url", server.url)
                #expect(late.exitCode == 0, text(late))
                let words = late.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                // A hash whose fields had all ended when the file was made may stand in it, and is the same.
                let found = try #require(words.firstMatch(of: /(\d+) the same, (\d+) expired/), text(late))
                let (same, expired) = (Int(found.1) ?? 0, Int(found.2) ?? 0)
                #expect(same + expired == 200 + ending && same >= 200 && expired > 0, text(late))
                // And a field that was deleted before its time is one.
                try await database.send("HDEL", "t:later:7", "goes")
                let deleted = try await Bulkhead.run("diff", file, "main", "--url", server.url)
                #expect(deleted.exitCode == 1, text(deleted))
                #expect(deleted.text.contains("1 different"), text(deleted))
                #expect(deleted.text.contains("t:later:7"), text(deleted))
            }
        }
    }

    @Test(.enabled(if: EveryType.hasFieldTimes))
    func `a restore whose fields end while it runs verifies`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await withBackupFolder { folder in
                let (_, file) = try await filledAndSaved(databases, server, in: folder)
                for name in ["knowledge", "4", "5", "6"] {
                    let words = ["restore", file, "--into", name, "--verify", "--yes", "--url", server.url]
                    let restored = try await Bulkhead.run(words)
                    #expect(restored.exitCode == 0, text(restored))
                }
                let late = try await Bulkhead.run("diff", "main", "4", "--url", server.url)
                #expect(late.exitCode == 0, text(late))
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), .enabled(if: EveryType.hasFieldTimes), arguments: Way.allCases)
    func `fields that end while their hash is moved or copied are no failure`(way: Way) async throws {
        try await withSides(way) { sides in
            try await fill(sides.source)
            let migrated = try await sides.migrate(["--verify"])
            #expect(migrated.exitCode == 0, "\(migrated.json) \(migrated.errors)")
            #expect(migrated["failed"] == 0)
            #expect(migrated["found"] == migrated["moved"] + migrated["expired"])
            try await end(sides.target, prefix: String(decoding: way.name(of: Array("t:".utf8)), as: UTF8.self))
            for index in 0..<100 {
                let left = try await sides.target.send("HLEN", way.name(of: Array("t:later:\(index)".utf8)))
                #expect(left.integer == 2)
            }
        }
    }

    @Test(.enabled(if: EveryType.hasFieldTimes))
    func `a copy whose fields have all ended does not differ from a source that is gone, and another one does`()
        async throws
    {
        try await withToolServer(arguments: ServerUnderTest.debugArguments) { _, databases in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            // Else the server would remove it.
            try await knowledge.send("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            try await knowledge.send("HSET", "ended", "goes", "x")
            try await knowledge.send("HPEXPIRE", "ended", 10, "FIELDS", 1, "goes")
            try await knowledge.send("HSET", "stays", "goes", "x")
            let end = try await knowledge.milliseconds() + 10
            while try await knowledge.milliseconds() < end { try await Task.sleep(for: .milliseconds(1)) }
            let reader = DumpReader(of: try await ServerFacts(of: main), isAtomic: false)
            let entries = databases.catalogue.entries
            let plan = MigrationPlan(
                from: try #require(entries.first { $0.name == .main }),
                to: try #require(entries.first { $0.name == .knowledge }))
            func difference(_ key: RESPBytes) async throws -> String? {
                try await main.withConnection { source in
                    try await knowledge.withConnection { target in
                        try await MigrationLane(number: 0, source: source, target: target)
                            .difference(key, plan, reader)
                    }
                }
            }
            #expect(try await difference("ended") == nil)
            #expect(try await difference("stays")?.contains("does not have it") == true)
            #expect(try await difference("nowhere") == nil)
        }
    }

    @Test(.enabled(if: EveryType.hasFieldTimes))
    func `a side that has not removed yet what has ended is the same as one that has`() async throws {
        try await withToolServer { server, databases in
            try await withToolServer(arguments: ServerUnderTest.debugArguments) { other, others in
                let late = try others[.main]
                try await late.send("DEBUG", "SET-ACTIVE-EXPIRE", 0)
                try await fill(databases[.main])
                let words = [
                    "migrate", "--from", "main", "--all", "--copy", "--to-url", other.url, "--url", server.url,
                ]
                let copied = try await Bulkhead.run(words + ["--quiet"])
                #expect(copied.exitCode == 0, text(copied))
                try await end(databases[.main])
                for (left, right) in [(server, other), (other, server)] {
                    let diff = try await Bulkhead.run(
                        "diff", "main", "main", "--url", left.url, "--right-url", right.url)
                    #expect(diff.exitCode == 0, text(diff))
                }
            }
        }
    }

    @Test func `a consumer that asks and gets nothing makes no difference`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await withBackupFolder { folder in
                let database = try databases[.main]
                try await database.send("XADD", "stream", "1-1", "field", "x")
                try await database.send("XGROUP", "CREATE", "stream", "group", "0")
                let read: [any RedisArgument] = ["GROUP", "group", "ann", "STREAMS", "stream", ">"]
                try await database.send("XREADGROUP", read)
                let file = folder + "/main.rdb"
                let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url, "--quiet")
                #expect(backup.exitCode == 0, text(backup))
                // The server's clock has to go on for the consumer's to be another one.
                let before = try await database.milliseconds()
                while try await database.milliseconds() <= before {}
                try await database.send("XREADGROUP", read)
                let same = try await Bulkhead.run("diff", file, "main", "--url", server.url)
                #expect(same.exitCode == 0, text(same))
                try await database.send("XACK", "stream", "group", "1-1")
                let acknowledged = try await Bulkhead.run("diff", file, "main", "--url", server.url)
                #expect(acknowledged.exitCode == 1, text(acknowledged))
            }
        }
    }
}
