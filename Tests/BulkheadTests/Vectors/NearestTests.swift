import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct NearestTests {
    @Test(arguments: [RedisPace.full, .considerate, .gentle])
    func `the nearest are those of all that are there, in any database, at any pace, in both forms`(pace: RedisPace)
        async throws
    {
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            var random = RandomVectors(seed: 1)
            let vectors = (0..<1_500).map { (key: "doc:\($0)", vector: random.vector(24)) }
            let query = random.vector(24)
            for chunk in [vectors.prefix(700), vectors.dropFirst(700)] {
                _ = try await knowledge.pipeline(chunk.map { .hset($0.key, ["vector": $0.vector, "n": 1]) })
            }
            // In another database, under another name, and of other shapes.
            try await databases[.main].hset("doc:main", "vector", query)
            try await knowledge.hset("other:1", "vector", query)
            try await knowledge.set("doc:string", query)
            try await knowledge.hset("doc:short", "vector", [1, 2] as [Float])
            try await knowledge.hset("doc:empty", "text", "no vector")
            try await knowledge.hset("doc:text", "vector", "nothing of the kind")

            for distance in [RedisVectorDistance.cosine, .l2, .innerProduct] {
                let measure = try #require(VectorQuery(query, by: distance))
                let expected = vectors.map { (key: $0.key, distance: measure.distance(to: $0.vector) ?? .infinity) }
                    .sorted { ($0.distance, $0.key) < ($1.distance, $1.key) }.prefix(12)
                let found = try await knowledge.nearest(
                    12, to: query, in: .field("vector"), match: "doc:*", by: distance, pace: pace)
                #expect(found.neighbours.map(\.key) == expected.map(\.key))
                #expect(found.neighbours.map(\.distance) == expected.map(\.distance))
                #expect(found.compared == 1_500 && found.skipped == 3)
                let blocking = try databases.blocking(.knowledge).nearest(
                    12, to: query, in: .field("vector"), match: "doc:*", by: distance, pace: pace)
                #expect(blocking == found)
            }
        }
    }

    @Test func `strings hold vectors as well, and a long one is not read to its end`() async throws {
        try await withDatabases { databases, _ in
            let cache = try databases[.analytics]
            try await cache.set("a", [1, 0] as [Float])
            try await cache.set("b", [0, 1] as [Float])
            try await cache.set("long", String(repeating: "x", count: 1 << 20))
            try await cache.set("text", "[1, 1]")
            try await cache.hset("hash", "vector", [1, 0] as [Float])
            let found = try await cache.nearest(5, to: [2, 0.5], in: .string(), as: RESPBytes.self)
            #expect(found.neighbours.map(\.key) == ["a", "b"])
            #expect(found.compared == 2 && found.skipped == 2)
            let texts = try await cache.nearest(5, to: [2, 2], in: .string(.text))
            #expect(texts.neighbours.map(\.key) == ["text"] && texts.skipped == 3)
            #expect(texts.neighbours.allSatisfy { $0.distance < 1e-6 })
        }
    }

    @Test func `a key that is no text is no trouble until it is among the nearest`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.hset("near", "vector", [1, 0] as [Float])
            try await main.hset([0xff, 0xfe] as [UInt8], "vector", [0, 1] as [Float])
            let found = try await main.nearest(1, to: [1, 0], in: .field("vector"))
            #expect(found.neighbours.map(\.key) == ["near"] && found.compared == 2)
            let all = try await main.nearest(2, to: [1, 0], in: .field("vector"), as: RESPBytes.self)
            #expect(all.neighbours.map(\.key) == ["near", [0xff, 0xfe]])
            let error = await #expect(throws: RedisError.self) {
                try await main.nearest(2, to: [1, 0], in: .field("vector"))
            }
            #expect(error?.code == .unexpectedReply && error?.database == .main)
            #expect(error?.message.contains("as: RESPBytes.self") == true)
        }
    }

    @Test func `a search that cannot find anything is refused before anything is sent`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for (count, vector) in [(0, [1]), (-1, [1]), (3, []), (3, [.nan]), (3, [0, 0])] as [(Int, [Float])] {
                let error = await #expect(throws: RedisError.self) {
                    try await main.nearest(count, to: vector, in: .field("vector"))
                }
                #expect(error?.code == .invalidArgument && error?.stage == .refused && error?.database == .main)
                #expect(throws: try #require(error)) {
                    try databases.blocking(.main).nearest(count, to: vector, in: .field("vector"))
                }
            }
            #expect(databases.metrics()[.main]?.answered == 0)
        }
    }

    @Test func `what fails for all keys ends the search, and is not counted as keys without vectors`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.hset("a", "vector", [1] as [Float])
            try await databases.server(of: .main).aclSetuser("default", ["-hget"])
            let error = await #expect(throws: RedisError.self) {
                try await main.nearest(1, to: [1], in: .field("vector"))
            }
            #expect(error?.code == .noPermission && error?.database == .main)
            #expect(throws: RedisError.self) {
                try databases.blocking(.main).nearest(1, to: [1], in: .field("vector"))
            }
        }
    }
}
