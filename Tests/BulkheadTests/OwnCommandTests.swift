import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

extension RedisCommand {
    /// How many bytes a key takes, as a type that is no reply by itself.
    fileprivate static func memory(_ key: String) -> RedisCommand<Measurement<UnitInformationStorage>?> {
        RedisCommand<Measurement<UnitInformationStorage>?>("MEMORY", ["USAGE", key]) {
            reply throws(RedisConversionError) in
            try Int?(redis: reply).map { Measurement(value: Double($0), unit: .bytes) }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A command of one's own` {
    @Test func `has a reply of any type, alone, in a pipeline, on a lease and for threads`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "value")
            let alone = try #require(try await main.run(.memory("key")))
            #expect(alone.value > 5)
            #expect(try await main.run(.memory("none")) == nil)
            let (piped, visits) = try await main.pipeline(.memory("key"), .incr("visits"))
            #expect(piped == alone && visits == 1)
            #expect(try await main.withConnection { try await $0.run(.memory("key")) } == alone)
            #expect(try databases.blocking(.main).run(.memory("key")) == alone)
        }
    }

    @Test func `throws what its conversion throws, with its name and its database, once it has run`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let refusing = RedisCommand<Int>.incr("visits").map { count throws(RedisConversionError) -> Int in
                throw RedisConversionError(expected: "an even number", found: "another one")
            }
            let error = await #expect(throws: RedisError.self) { try await main.run(refusing) }
            #expect(error?.code == .unexpectedReply && error?.command == "INCR" && error?.database == .main)
            #expect(error?.message.contains("expected an even number, found another one") == true)
            #expect(try await main.get("visits") == "1")
        }
    }

    @Test func `goes where a command goes by its words: none past its database, what blocks on a lease`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let select = RedisCommand<Void>("SELECT", [1]) { _ in }
            let error = await #expect(throws: RedisError.self) { try await main.run(select) }
            #expect(error?.code == .commandRefused && error?.isSafeToRetry == true)
            let pop = RedisCommand<Bool>("BLPOP", ["list", 0.01]) { $0 == .null }
            #expect(try await main.run(pop))
            #expect(databases.metrics()[.main]?.waits.count == 1)
        }
    }

    @Test func `is no typed one in a transaction if it gives the server's own value, and is one once it is mapped`()
        async throws
    {
        try await withDatabases { databases, _ in
            try await databases[.main].withConnection { connection in
                let raw = RedisCommand<RESPValue>("GET", ["key"]) { $0 }
                try await connection.send("MULTI")
                #expect(try await connection.run(raw) == .simpleString("QUEUED"))
                let mapped = raw.map { $0 == .null }
                let error = await #expect(throws: RedisError.self) { try await connection.run(mapped) }
                #expect(error?.code == .commandRefused)
                #expect(try await connection.send("EXEC") == .array([.null]))
            }
        }
    }

    @Test func `takes arrays: many arguments, or one where the array is a value`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let keys = ["a", "b"]
            for key in keys { try await main.set(key, "x") }
            #expect(try await main.send("EXISTS", keys, as: Int.self) == 2)
            #expect(try await main.send("EXISTS", ["a", "b", "c"], as: Int.self) == 2)
            #expect(try await main.send("EXISTS", keys + ["c"], as: Int.self) == 2)
            #expect(try databases.blocking(.main).send("EXISTS", keys, as: Int.self) == 2)
            let vector: [Float] = [0.5, 1]
            try await main.send("SET", "v", vector)
            #expect(try await main.get("v", as: [Float].self) == vector)
            #expect(try await main.send("ECHO", [104, 105] as [UInt8], as: String.self) == "hi")
        }
    }

    @Test(.enabled(if: ServerUnderTest.identity.flavour == .valkey && ServerUnderTest.isAtLeast(valkey: 8, 1)))
    func `writes where the old value is the one that was read`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "old")
            #expect(try await main.set("key", "new", condition: .ifEqual(to: "other")) == false)
            #expect(try await main.set("key", "new", condition: .ifEqual(to: Data("old".utf8))))
            #expect(try await main.get("key") == "new")
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 6, 2)))
    func `raises scores, and does not lower them`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.zadd("z", ["a": 2])
            try await main.zadd("z", ["a": 1], condition: .ifGreater)
            #expect(try await main.zscore("z", "a") == 2)
            try await main.zadd("z", ["a": 1], condition: .ifLess)
            #expect(try await main.zscore("z", "a") == 1)
        }
    }
}
