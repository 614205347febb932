import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct PacedScanTests {
    @Test(arguments: [RedisPace.full, .considerate, .gentle, RedisPace(budget: .milliseconds(5), leaving: 0.5)])
    func `at every pace a scan finds every key of its database and of no other, in both forms`(pace: RedisPace)
        async throws
    {
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            let keys = Set((0..<3_000).map { "llama_index/vector_\($0)" })
            try await knowledge.mset(pairs: keys.map { (key: $0, value: "v") })
            try await databases[.main].set("llama_index/vector_main", "v")
            var found: Set<String> = []
            for try await key in knowledge.scan(match: "llama_index/*", pace: pace) { found.insert(key) }
            #expect(found == keys)
            var scan = try databases.blocking(.knowledge).scan(match: "llama_index/*", pace: pace)
            found = []
            while let key = try scan.next() { found.insert(key) }
            #expect(found == keys)
            #expect(try scan.next() == nil)
        }
    }

    @Test func `a paced scan finds all that is there throughout, while others write, delete and the table is rehashed`()
        async throws
    {
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            let keys = Set((0..<4_000).map { "stays:\($0)" })
            try await knowledge.mset(pairs: keys.map { (key: $0, value: "v") })
            let others = (0..<20_000).map { "goes:\($0)" }
            for pace in [RedisPace.considerate, .gentle] {
                var found: Set<String> = []
                var elements = 0
                for try await key in knowledge.scan(pace: pace) {
                    elements += 1
                    if key.hasPrefix("stays:") { found.insert(key) } else { #expect(key.hasPrefix("goes:")) }
                    // The table grows to six times its size, is scanned while it does, and shrinks again.
                    if elements % 1_000 == 0 {
                        try await knowledge.mset(pairs: others.map { (key: $0, value: "v") })
                    } else if elements % 1_000 == 500 {
                        try await knowledge.unlink(others)
                    }
                }
                #expect(found == keys)
                #expect(elements > 1_000)
            }
        }
    }

    @Test func `on a table that rests, a paced scan repeats no key`() async throws {
        try await withDatabases { databases, server in
            let knowledge = try databases[.knowledge]
            try await knowledge.mset(pairs: (0..<3_000).map { (key: "k\($0)", value: "v") })
            // A table that is not being rehashed is scanned bucket by bucket.
            var found: [String: Int] = [:]
            for try await key in knowledge.scan(pace: .considerate) { found[key, default: 0] += 1 }
            for try await key in knowledge.scan(pace: .considerate) { found[key, default: 0] += 1 }
            #expect(found.count == 3_000)
            #expect(found.values.allSatisfy { $0 == 2 })
        }
    }

    @Test func `a count beside a pace is the most that a step takes`() async throws {
        try await withDatabases { databases, server in
            let main = try databases[.main]
            try await main.mset(pairs: (0..<500).map { (key: "k\($0)", value: "v") })
            try await main.send("CONFIG", "RESETSTAT")
            for try await _ in main.scan(count: 5, pace: RedisPace(budget: .milliseconds(100))) {}
            let info = try await main.info("commandstats")
            // calls=…,usec=…: a bucket may hold several keys, so that a step finds some more than it asks for.
            let calls = try #require(info["cmdstat_scan"]?.split(separator: ",").first?.dropFirst("calls=".count))
            #expect(try #require(Int(calls)) >= 50)
        }
    }

    @Test func `other scans are paced too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let names = (0..<2_000).map { "m\($0)" }
            try await main.hset("hash", pairs: names.map { (key: $0, value: $0) })
            try await main.sadd("set", names)
            try await main.zadd("zset", pairs: names.map { (key: $0, value: 1.0) })
            var fields: Set<String> = []
            for try await field in main.hscan("hash", pace: .gentle) { fields.insert(field.value) }
            var members: Set<String> = []
            for try await member in main.sscan("set", pace: .gentle) { members.insert(member) }
            var scored: Set<String> = []
            var scan = try databases.blocking(.main).zscan("zset", pace: .gentle)
            while let member = try scan.next() { scored.insert(member.member) }
            #expect(fields == Set(names) && members == Set(names) && scored == Set(names))
        }
    }

    @Test(arguments: [RedisPace.full, .considerate])
    func `values come with their keys, in slices, in both forms`(pace: RedisPace) async throws {
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            let count = 700
            for index in 0..<count {
                try await knowledge.hset("vector:\(index)", ["vector": [Float(index), 0.5] as [Float]])
            }
            try await knowledge.set("vector:text", "no hash")
            var found: [String: [Float]] = [:]
            var refused: [String] = []
            let scan = knowledge.scanValues(match: "vector:*", count: 100, pace: pace, slice: 30) {
                .hget($0, "vector", as: [Float].self)
            }
            for try await entry in scan {
                switch entry.result {
                case .success(let vector): found[entry.key] = vector
                case .failure(let error):
                    #expect(error.code == .wrongType)
                    refused.append(entry.key)
                }
            }
            #expect(found.count == count && refused == ["vector:text"])
            #expect(found.allSatisfy { $1 == [Float($0.dropFirst(7))!, 0.5] })
            var blocking = try databases.blocking(.knowledge).scanValues(type: "hash", pace: pace, slice: 30) {
                .hget($0, "vector", as: [Float].self)
            }
            var seen: Set<String> = []
            while let entry = try blocking.next() {
                #expect(try entry.value?.count == 2)
                seen.insert(entry.key)
            }
            #expect(seen == Set(found.keys))
        }
    }

    @Test func `a scan whose slice failed goes on with the same keys`() async throws {
        try await withDatabases { databases, server in
            let keys = Set((0..<200).map { "k\($0)" })
            try await databases[.main].mset(pairs: keys.map { (key: $0, value: "v") })
            var scan = try databases.blocking(.main).within(.milliseconds(100)).scanValues(pace: .considerate) {
                .get($0)
            }
            var found: Set<String> = []
            for _ in 0..<50 { if let entry = try scan.next() { found.insert(entry.key) } }
            try server.pause()
            let error = #expect(throws: RedisError.self) {
                while let entry = try scan.next() { found.insert(entry.key) }
            }
            #expect(error?.code == .timedOut)
            server.resume()
            while found.count < keys.count {
                do {
                    guard let entry = try scan.next() else { break }
                    found.insert(entry.key)
                } catch {
                    // A busy machine needs more than the little time this scan has.
                    #expect((error as? RedisError)?.code == .timedOut)
                }
            }
            #expect(found == keys)
        }
    }
}
