import Bulkhead
import BulkheadTestServer
import Testing

@Suite struct RawCommandTests {
    static let refused: [[String]] = [
        ["SELECT", "3"], ["select", "3"], ["SWAPDB", "0", "1"], ["FLUSHALL"], ["DEBUG", "FLUSHALL"], ["FLUSHDB"],
        ["RESET"], ["QUIT"],
        ["MONITOR"], ["CLIENT", "REPLY", "OFF"], ["client", "reply", "skip"], ["HELLO", "2"], ["AUTH", "x"],
        ["MOVE", "key", "1"], ["MIGRATE", "h", "1", "key", "1", "0"],
        ["COPY", "key", "other", "DB", "1"], ["SYNC"], ["PSYNC", "?", "-1"], [""],
    ]

    @Test(arguments: refused)
    func `what would break the binding or reach past it is refused, and nothing is sent`(words: [String]) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "value")
            // So that no handshake is counted below.
            try await main.withConnection { connection in _ = try await connection.ping() }
            try databases.blocking(.main).ping()
            let before = try await main.info(["stats"])["total_commands_processed"].flatMap { Int($0) }
            let command = RedisCommand<RESPValue>.raw(words[0], Array(words.dropFirst()))
            let error = await #expect(throws: RedisError.self) { try await main.run(command) }
            #expect(error?.code == .commandRefused)
            #expect(error?.database == .main)
            #expect(error?.isSafeToRetry == true)
            await #expect(throws: RedisError.self) { try await main.pipeline([.raw("PING", []), command]) }
            await #expect(throws: RedisError.self) {
                try await main.withConnection { connection in try await connection.run(command) }
            }
            #expect(throws: RedisError.self) { try databases.blocking(.main).run(command) }
            #expect(throws: RedisError.self) {
                try databases.blocking(.main).withConnection { connection in try connection.pipeline([command]) }
            }
            let after = try await main.info(["stats"])["total_commands_processed"].flatMap { Int($0) }
            // The first INFO itself, and nothing else.
            #expect(after == before.map { $0 + 1 })
            #expect(try await main.get("key") == "value")
            #expect(try await databases[.knowledge].dbsize() == 0)
        }
    }

    @Test func `a whole command line in one string is refused, and no error repeats it`() async throws {
        try await withDatabases { databases, _ in
            for line in ["SELECT 3", "AUTH secret", "SET\tkey secret", " FLUSHALL"] {
                let error = await #expect(throws: RedisError.self) { try await databases[.main].send(line) }
                #expect(error?.code == .commandRefused)
                #expect(error.map { "\($0)".contains("secret") } == false)
                #expect(error?.message.contains("one word") == true)
            }
        }
    }

    @Test func `a long name or a large argument changes nothing about the route`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.send("GEOADD", "places", 13.4, 52.5, "berlin")
            let near = try await main.send(
                "GEORADIUSBYMEMBER_RO", ["places", "berlin", 1, "km"], as: [String].self)
            #expect(near == ["berlin"])
            let large = [UInt8](repeating: 7, count: 1 << 20)
            try await main.send("SET", "large", large)
            #expect(try await main.strlen("large") == 1 << 20)
        }
    }

    @Test(arguments: [["MULTI"], ["WATCH", "key"], ["SUBSCRIBE", "channel"], ["CLIENT", "TRACKING", "ON"]])
    func `what needs a connection of its own says how to get one`(words: [String]) async throws {
        try await withDatabases { databases, _ in
            let command = RedisCommand<RESPValue>.raw(words[0], Array(words.dropFirst()))
            let error = await #expect(throws: RedisError.self) { try await databases[.main].run(command) }
            #expect(error?.code == .commandRefused)
            #expect(error?.message.contains("withConnection") == true)
            #expect(throws: RedisError.self) { try databases.blocking(.main).run(command) }
            let reply = try await databases[.main].withConnection { try await $0.run(command) }
            #expect(reply.errorMessage == nil)
            let blockingReply = try databases.blocking(.main).withConnection { try $0.run(command) }
            #expect(blockingReply.errorMessage == nil)
        }
    }

    @Test func `a command that blocks takes a connection of its own, and the shared one goes on`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            async let popped = main.send("BLPOP", "queue", 0, as: [String].self)
            for _ in 0..<100 { #expect(try await main.ping() == "PONG") }
            try await main.rpush("queue", "job")
            #expect(try await popped == ["queue", "job"])
        }
    }

    @Test func `a raw command reaches what has no method, with bytes of any kind`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let key: [UInt8] = [0, 13, 10, 255]
            try await main.set(key, [1, 0, 2] as [UInt8])
            #expect(try await main.send("OBJECT", "ENCODING", key, as: String.self) == "embstr")
            #expect(try await main.send("GET", key, as: [UInt8].self) == [1, 0, 2])
            let error = await #expect(throws: RedisError.self) { try await main.send("NOSUCH", "secret-value") }
            #expect(error?.code == .serverError && error?.stage == .answered)
            #expect(error.map { "\($0)".contains("secret-value") } == false)
        }
    }
}
