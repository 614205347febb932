import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What a typed reply must not hide: errors within it, and bytes that are equal only as text.
@Suite struct TypedReplyTests {
    /// One word in two ways to write it: equal as `String`s, different as bytes.
    private static let twins = ["caf\u{e9}", "cafe\u{301}"]

    @Test func `an error within a typed reply keeps its code`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.rpush("list", "a")
            let inTransaction = await #expect(throws: RedisError.self) {
                try await main.withConnection { connection in
                    try await connection.send("MULTI")
                    try await connection.send("INCR", "n")
                    try await connection.send("INCR", "list")
                    return try await connection.send("EXEC", as: [Int].self)
                }
            }
            #expect(inTransaction?.code == .wrongType)
            #expect(inTransaction?.command == "EXEC")
            for (script, code) in [
                ("return {1, {2, redis.error_reply('MYERR it')}}", "MYERR"),
                ("return {'text', {{redis.error_reply('OTHER it')}}}", "OTHER"),
            ] {
                let error = await #expect(throws: RedisError.self) {
                    try await main.send("EVAL", script, 0, as: [[Int]].self)
                }
                #expect(error?.code == RedisError.Code(server: code))
                #expect(error?.message.contains("within the reply") == true)
            }
            // A caller that asks for any value gets it as it is.
            let raw = try await main.send("EVAL", "return {1, redis.error_reply('MYERR it')}", 0)
            #expect(raw.elements?.count == 2)
        }
    }

    @Test func `fields and members that differ as bytes are never merged`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.hset("h", pairs: Self.twins.map { (key: $0, value: "v") })
            try await main.sadd("s", Self.twins)
            try await main.sadd("t", Self.twins)
            #expect(try await main.hlen("h") == 2)
            for command in [
                "HGETALL": { _ = try await main.hgetall("h") },
                "SMEMBERS": { _ = try await main.smembers("s") },
                "SUNION": { _ = try await main.sunion("s", "t") },
                "SINTER": { _ = try await main.sinter("s", "t") },
                "SDIFF": { _ = try await main.sdiff("s", "missing") },
                "HKEYS": { _ = try await main.send("HKEYS", "h", as: Set<String>.self) },
                "HRANDFIELD": {
                    _ = try await main.send("HRANDFIELD", "h", 2, "WITHVALUES", as: [String: String].self)
                },
            ] as [String: () async throws -> Void] {
                let error = await #expect(throws: RedisError.self, "\(command.key)") { try await command.value() }
                #expect(error?.code == .unexpectedReply, "\(command.key)")
                #expect(error?.message.contains("RESPBytes") == true, "\(command.key): \(error?.message ?? "")")
                #expect(error?.message.contains("caf") == false)
            }
            #expect(try await main.hgetall("h", fields: RESPBytes.self).count == 2)
            #expect(try await main.hgetall("h", fields: [UInt8].self).count == 2)
            #expect(try await main.smembers("s", as: RESPBytes.self).count == 2)
            #expect(Set(try await main.hkeys("h").map { Array($0.utf8) }).count == 2)
        }
    }

    @Test func `an element that is really repeated is one of a set`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.rpush("l", "a", "b", "a")
            #expect(try await main.send("LRANGE", "l", 0, -1, as: Set<String>.self) == ["a", "b"])
        }
    }

    @Test func `a key that is no text is named as the trouble, with the way to ask for it`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set([0xff, 0xfe] as [UInt8], "v")
            let random = await #expect(throws: RedisError.self) { try await main.randomkey() }
            let scanned = await #expect(throws: RedisError.self) { for try await _ in main.scan() {} }
            let blocking = #expect(throws: RedisError.self) {
                var scan = try databases.blocking(.main).scan()
                while try scan.next() != nil {}
            }
            for error in [random, scanned, blocking] {
                #expect(error?.code == .unexpectedReply)
                #expect(error?.message.contains("key") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("as: RESPBytes.self") == true, "\(error?.message ?? "")")
            }
            #expect(try await main.randomkey(as: RESPBytes.self) == [0xff, 0xfe])
            var keys: [RESPBytes] = []
            for try await key in main.scan(as: RESPBytes.self) { keys.append(key) }
            #expect(keys == [[0xff, 0xfe]])
        }
    }
}
