import Bulkhead
import Testing

@Suite struct ScanTests {
    @Test func `a scan finds every key of its database and of no other, in both forms`() async throws {
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            let keys = Set((0..<1_000).map { "llama_index/vector_\($0)" })
            try await knowledge.mset(pairs: keys.map { (key: $0, value: "v") })
            try await knowledge.set("other", "v")
            try await databases[.main].set("llama_index/vector_main", "v")
            var found: Set<String> = []
            for try await key in knowledge.scan(match: "llama_index/*", count: 100) { found.insert(key) }
            #expect(found == keys)
            var scan = try databases.blocking(.knowledge).scan(match: "llama_index/*", count: 100)
            var foundBlocking: Set<String> = []
            while let key = try scan.next() { foundBlocking.insert(key) }
            #expect(foundBlocking == keys)
            #expect(try scan.next() == nil)
        }
    }

    @Test func `a scan by type finds only that type`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("string", 1)
            try await main.rpush("list", "a")
            var found: [String] = []
            for try await key in main.scan(type: "list") { found.append(key) }
            #expect(found == ["list"])
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `hashes, sets and sorted sets are scanned with their values`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            let main = try databases[.main]
            // More than a listpack holds, so that there are several pages.
            let names = (0..<1_000).map { "m\($0)" }
            try await main.hset("hash", pairs: names.map { (key: $0, value: $0 + "!") })
            try await main.sadd("set", names)
            try await main.zadd("zset", pairs: names.enumerated().map { (key: $1, value: Double($0) + 0.5) })
            var fields: [String: String] = [:]
            for try await field in main.hscan("hash", count: 100) { fields[field.name.description] = field.value }
            #expect(fields == Dictionary(uniqueKeysWithValues: names.map { ($0, $0 + "!") }))
            var members: Set<String> = []
            for try await member in main.sscan("set", count: 100) { members.insert(member) }
            #expect(members == Set(names))
            var scores: [String: Double] = [:]
            for try await scored in main.zscan("zset", count: 100) { scores[scored.member] = scored.score }
            #expect(scores["m0"] == 0.5 && scores["m999"] == 999.5 && scores.count == 1_000)
            var blocking = try databases.blocking(.main).zscan("zset", count: 100)
            var count = 0
            while try blocking.next() != nil { count += 1 }
            #expect(count >= 1_000)
        }
    }

    @Test func `keys that are not UTF-8 are bytes, and an error where text was asked for`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let key: [UInt8] = [255, 0, 10]
            try await main.set(key, 1)
            var found: [[UInt8]] = []
            for try await bytes in main.scan(as: [UInt8].self) { found.append(bytes) }
            #expect(found == [key])
            let error = await #expect(throws: RedisError.self) {
                for try await _ in main.scan() {}
            }
            #expect(error?.code == .unexpectedReply)
            #expect(error?.message.contains("RESPBytes") == true)
        }
    }
}
