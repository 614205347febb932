import Bulkhead
import BulkheadTestServer
import Testing

/// One program, one server, both protocols: RESP3 sends maps, pairs and doubles where RESP2 sends flat arrays and
/// strings, and a program that fell back to RESP2 must not see it.
@Suite struct ProtocolDifferenceTests {
    /// What `read` finds in each protocol is the same, and is what is expected.
    private func bothSides<Value: Equatable & Sendable>(
        _ expected: Value, _ databases: [RedisDatabase], sourceLocation: SourceLocation = #_sourceLocation,
        _ read: (RedisDatabase) async throws -> Value
    ) async throws {
        for database in databases {
            let found = try await read(database)
            #expect(found == expected, sourceLocation: sourceLocation)
        }
    }

    private func withBothProtocols(
        _ body: ([RedisDatabase]) async throws -> Void
    ) async throws {
        try await withDatabases(version: .resp2) { two, server in
            var configuration = testConfiguration(server)
            configuration.version = .resp3
            let three = RedisDatabases(configuration)
            try await body([try two[.main], try three[.main]])
            await three.close()
        }
    }

    @Test func `members with scores are the same in both protocols`() async throws {
        try await withBothProtocols { databases in
            try await databases[0].zadd("z", ["a": 1, "b": 2.5])
            let scored = [RedisScored("a", score: 1), RedisScored("b", score: 2.5)]
            try await bothSides(scored, databases) { try await $0.zrangeWithScores("z", from: 0, through: -1) }
            try await bothSides(scored, databases) { try await $0.run(.zscanPage("z", .start)).elements }
            let range = ["z", "0", "-1", "WITHSCORES"]
            try await bothSides(["a": 1, "b": 2.5], databases) {
                try await $0.send("ZRANGE", range, as: [String: Double].self)
            }
            try await bothSides(scored, databases) {
                try await $0.send("ZRANGE", range, as: [RedisScored<String>].self)
            }
            try await bothSides([:], databases) {
                try await $0.send("ZRANGE", "missing", 0, -1, "WITHSCORES", as: [String: Double].self)
            }
            try await bothSides(["a": 1, "b": 2.5], databases) {
                try await $0.send("ZRANDMEMBER", "z", 2, "WITHSCORES", as: [String: Double].self)
            }
            try await bothSides(2.5, databases) { try await $0.zscore("z", "b") }
            try await bothSides(1, databases) { try await $0.send("ZSCORE", "z", "a", as: Int.self) }
            try await bothSides("2.5", databases) { try await $0.send("ZSCORE", "z", "b", as: String.self) }
            try await bothSides(RESPBytes("2.5"), databases) {
                try await $0.send("ZSCORE", "z", "b", as: RESPBytes.self)
            }
            try await bothSides([1, nil], databases) { try await $0.send("ZMSCORE", "z", "a", "x", as: [Double?].self) }
            for database in databases {
                try await database.zadd("p", ["a": 1, "b": 2.5])
                let popped = try await database.send("ZPOPMIN", "p", 2, as: [String: Double].self)
                #expect(popped == ["a": 1, "b": 2.5])
                try await database.zadd("p", ["a": 1])
                #expect(try await database.send("ZPOPMIN", "p", as: [RedisScored<String>].self) == [scored[0]])
            }
        }
    }

    @Test func `fields with values are the same in both protocols`() async throws {
        try await withBothProtocols { databases in
            try await databases[0].hset("h", ["a": "1"])
            try await bothSides(["a": 1], databases) { try await $0.hgetall("h", as: Int.self) }
            let field = [RedisField<Int>].self
            try await bothSides(["a"], databases) {
                try await $0.run(.hscanPage("h", .start, as: Int.self)).elements.map(\.name)
            }
            try await bothSides([1], databases) { try await $0.send("HGETALL", "h", as: field).map(\.value) }
            try await bothSides(["a": 1], databases) {
                try await $0.send("HRANDFIELD", "h", 2, "WITHVALUES", as: [String: Int].self)
            }
            try await bothSides([1], databases) {
                try await $0.send("HRANDFIELD", "h", 2, "WITHVALUES", as: field).map(\.value)
            }
            try await bothSides(["a", "1"], databases) { try await $0.send("HGETALL", "h", as: [String].self) }
            try await bothSides(["maxclients": "10000"], databases) {
                try await $0.send("CONFIG", "GET", "maxclients", as: [String: String].self)
            }
        }
    }

    @Test func `streams are the same in both protocols`() async throws {
        try await withBothProtocols { databases in
            for stream in ["x", "y"] { try await databases[0].xadd(stream, ["f": "1", "f": "2"], id: "1-1") }
            let read = ["STREAMS", "x", "y", "0", "0"]
            try await bothSides(["x": ["1-1"], "y": ["1-1"]], databases) {
                try await $0.send("XREAD", read, as: [String: [RedisStreamEntry<String>]].self)
                    .mapValues { $0.map(\.id) }
            }
            try await bothSides(["x": ["1-1"]], databases) {
                try await $0.send("XREAD", "STREAMS", "x", "0", as: [String: [RedisStreamEntry<String>]].self)
                    .mapValues { $0.map(\.id) }
            }
            try await bothSides(["x", "y"], databases) {
                try await $0.send("XREAD", read, as: [StreamOfName].self).map(\.name)
            }
            try await bothSides(nil, databases) {
                try await $0.send("XREAD", "STREAMS", "x", "9-9", as: [String: [RESPValue]]?.self)
            }
            try await bothSides(["1", "2"], databases) { try await $0.xrange("x")[0].fields.map(\.value) }
            try await bothSides(["1", "2"], databases) { try await $0.xrevrange("x")[0].fields.map(\.value) }
            try await bothSides(1, databases) {
                let facts = try await $0.send("XINFO", "STREAM", "x", as: [String: RESPValue].self)
                return try Int(redis: facts["length"] ?? .null)
            }
        }
    }

    /// A program's own type for one of XREAD's streams.
    private struct StreamOfName: RedisDecodable {
        let name: String

        init(redis value: RESPValue) throws(RedisConversionError) {
            guard let parts = value.elements, parts.count == 2 else {
                throw RedisConversionError(expected: "a stream", found: value)
            }
            name = try String(redis: parts[0])
        }
    }

    @Test func `what pops says the same in both protocols`() async throws {
        try await withBothProtocols { databases in
            for database in databases {
                try await database.rpush("l", "a", "b")
                let first = try await database.blpop("l", timeout: .seconds(60))
                let last = try await database.brpop("l", timeout: .seconds(60))
                #expect(first?.key == "l" && first?.value == "a" && last?.value == "b")
            }
        }
    }
}
