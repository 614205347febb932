import Bulkhead
import BulkheadModules
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct SearchPlaceTests {
    @Test func `what makes an index or reads by one is refused outside of number 0, before anything is sent`()
        async throws
    {
        try await withDatabases { databases, _ in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            func check(_ error: RedisError?, _ command: String) {
                #expect(error?.code == .commandRefused && error?.stage == .refused, "\(String(describing: error))")
                #expect(error?.command == command && error?.database == .knowledge)
                #expect(error?.message.contains("number 1") == true)
            }
            check(
                await #expect(throws: RedisError.self) {
                    try await knowledge.ftCreate("idx", [.vector("vector", .flat(dimensions: 2))])
                }, "FT.CREATE")
            check(
                await #expect(throws: RedisError.self) { try await knowledge.send("ft.search", "idx", "*") },
                "FT.SEARCH")
            check(
                #expect(throws: RedisError.self) { try databases.blocking(.knowledge).ftSearchKeys("idx", "*") },
                "FT.SEARCH")
            check(
                await #expect(throws: RedisError.self) {
                    try await knowledge.pipeline(.set("a", 1), .raw("FT.AGGREGATE", ["idx", "*"]))
                }, "FT.AGGREGATE")
            check(
                await #expect(throws: RedisError.self) {
                    try await knowledge.transaction(.set("a", 1), .raw("FT.PROFILE", ["idx"]))
                }, "FT.PROFILE")
            check(
                await #expect(throws: RedisError.self) {
                    try await knowledge.withConnection { connection in
                        try await connection.send("FT.SEARCH", "idx", "*")
                    }
                }, "FT.SEARCH")
            #expect(try await knowledge.dbsize() == 0)
            // What reads no documents is the server's to answer, and so is all of it in number 0.
            for (database, words) in [(knowledge, ["FT.SUGLEN", "s"]), (main, ["FT.SEARCH", "idx", "*"])] {
                let error = await #expect(throws: RedisError.self) {
                    try await database.send(words[0], words[1...].map { $0 })
                }
                #expect(error?.stage == .answered)
            }
        }
    }

    @Test func `where a server keeps indexes apart by number, it answers itself`() async throws {
        try await withDatabases { configuration in
            configuration.keepsSearchIndexesApart = true
        } _: { databases, _ in
            let error = await #expect(throws: RedisError.self) {
                try await databases[.knowledge].send("FT.SEARCH", "idx", "*")
            }
            #expect(error?.stage == .answered)
        }
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: ModuleServer.options != nil, "\(ModuleServer.absence)"))
struct SearchByModuleTests {
    private static let metrics: [(name: String, distance: RedisVectorDistance)] = [
        ("COSINE", .cosine), ("L2", .l2), ("IP", .innerProduct),
    ]

    @Test func `a scan finds what the search module's exact index finds, at the same distances`() async throws {
        let server = try RedisTestServer.start(try #require(ModuleServer.options))
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server))
        let main = try databases[.main]
        var random = RandomVectors(seed: 3)
        let query = random.vector(32)
        for (metric, distance) in Self.metrics {
            try await main.ftCreate(
                metric, [.vector("vector", .flat(dimensions: 32, metric: metric))], on: .hashes("\(metric):"))
            _ = try await main.pipeline((0..<300).map { .hset("\(metric):\($0)", "vector", random.vector(32)) })
            let found = try await main.nearest(8, to: query, in: .field("vector"), match: "\(metric):*", by: distance)
            let result = try await main.ftSearch(
                metric, "*=>[KNN 8 @vector $query AS distance]",
                search: RedisSearch(fields: ["distance"], order: ("distance", .ascending), limit: 8),
                options: RedisQueryOptions(dialect: 2).with("query", query), as: Float.self)
            #expect(found.neighbours.map(\.key) == result.hits.map(\.key))
            for (neighbour, hit) in zip(found.neighbours, result.hits) {
                let theirs = try #require(hit.fields["distance"])
                #expect(abs(neighbour.distance - theirs) < 1e-4, "\(metric) of \(neighbour.key)")
            }
        }
        await databases.close()
    }
}
