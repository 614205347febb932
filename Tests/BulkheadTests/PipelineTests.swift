import Bulkhead
import Testing

@Suite struct PipelineTests {
    @Test func `a pipeline returns each command's own type`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let (isSet, visits, name, missing) = try await main.pipeline(
                .set("name", "alice"), .incr("visits"), .get("name"), .get("missing", as: Int.self))
            #expect(isSet)
            #expect(visits == 1)
            #expect(name == "alice")
            #expect(missing == nil)
            let (again, length) = try databases.blocking(.main).pipeline(.get("name"), .strlen("name"))
            #expect(again == "alice")
            #expect(length == 5)
        }
    }

    @Test func `literals of pairs keep their order in a pipeline, repeated names too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let (added, id, members, _) = try await main.pipeline(
                .hset("h", ["a": 1, "b": "x", "v": [0.5] as [Float]]), .xadd("x", ["f": "1", "f": "2"]),
                .zadd("z", ["m": 1]), .mset(["k": 1]))
            #expect(added == 3)
            #expect(members == 1)
            let entries = try await main.xrange("x")
            #expect(entries.map(\.id) == [id])
            #expect(entries[0].fields.map(\.value) == ["1", "2"])
        }
    }

    @Test func `one failing command does not touch the others`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.rpush("list", "a")
            let results = try await main.pipeline([.incr("n"), .incr("list"), .incr("n")])
            #expect(try results[0].get() == 1)
            let failure = #expect(throws: RedisError.self) { try results[1].get() }
            #expect(failure?.code == .wrongType)
            #expect(try results[2].get() == 2)
            let error = await #expect(throws: RedisError.self) {
                try await main.pipeline(.incr("list"), .incr("n"))
            }
            #expect(error?.code == .wrongType)
            #expect(error?.command == "INCR")
            #expect(error?.database == .main)
            #expect(try await main.get("n") == "3")
        }
    }

    @Test func `ten thousand commands go in one pipeline, in order`() async throws {
        try await withDatabases { databases, _ in
            let commands = (0..<10_000).map { _ in RedisCommand<Int>.incr("counter") }
            let results = try await databases[.main].pipeline(commands)
            #expect(try results.map { try $0.get() } == Array(1...10_000))
            let blocking = try databases.blocking(.main).pipeline(commands)
            #expect(try blocking.map { try $0.get() } == Array(10_001...20_000))
        }
    }

    @Test func `an empty pipeline gives no results`() async throws {
        try await withDatabases { databases, _ in
            let none = try await databases[.main].pipeline([RedisCommand<Int>]())
            #expect(none.isEmpty)
            let blockingNone = try databases.blocking(.main).pipeline([RedisCommand<Int>]())
            #expect(blockingNone.isEmpty)
        }
    }

    @Test func `the first command that may not be sent is named, and none before it was sent`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let commands: [RedisCommand<RESPValue>] = [
                .raw("INCR", ["n"]), .raw("KEYS", ["*"]), .raw("SELECT", [1]), .raw("WATCH", ["n"]),
            ]
            let error = await #expect(throws: RedisError.self) { try await main.pipeline(commands) }
            #expect(error?.code == .commandRefused)
            #expect(error?.command == "SELECT")
            #expect(error?.database == .main)
            let blockingError = #expect(throws: RedisError.self) { try databases.blocking(.main).pipeline(commands) }
            #expect(blockingError == error)
            let lastError = await #expect(throws: RedisError.self) {
                try await main.pipeline([commands[0], commands[3], commands[2]])
            }
            #expect(lastError?.command == "WATCH")
            #expect(try await main.exists("n") == 0)
        }
    }

    @Test func `failures in a pipeline say which command they belong to`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("bytes", [0xff] as [UInt8])
            try await main.set("text", "x")
            let results = try await main.pipeline([
                .raw("GET", ["text"], as: String.self), .raw("GET", ["bytes"], as: String.self),
                .raw("LPOP", ["text"], as: String.self), .ping(),
            ])
            #expect(results.count == 4)
            #expect(try results[0].get() == "x")
            let unreadable = #expect(throws: RedisError.self) { try results[1].get() }
            #expect(unreadable?.code == .unexpectedReply && unreadable?.command == "GET")
            let refused = #expect(throws: RedisError.self) { try results[2].get() }
            #expect(refused?.code == .wrongType && refused?.command == "LPOP" && refused?.database == .main)
            #expect(try results[3].get() == "PONG")
        }
    }

    @Test func `a pipeline in a lease keeps count of what it left behind`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            func id(_ connection: RedisConnection) async throws -> Int {
                try await connection.send("CLIENT", "ID", as: Int.self)
            }
            let first = try await main.withConnection(forKey: "k") { connection in
                _ = try await connection.pipeline([
                    .raw("PING", []), .raw("WATCH", ["k"]), .raw("MULTI", []), .raw("INCR", ["k"]), .raw("EXEC", []),
                    .raw("PING", []),
                ])
                return try await id(connection)
            }
            let second = try await main.withConnection(forKey: "k") { connection in
                let same = try await id(connection)
                _ = try await connection.pipeline([.raw("PING", []), .raw("WATCH", ["k"]), .raw("PING", [])])
                return same
            }
            #expect(second == first)
            #expect(try await main.withConnection(forKey: "k") { try await id($0) } != first)
        }
    }

    @Test func `a command that blocks is refused in a pipeline`() async throws {
        try await withDatabases { databases, _ in
            let error = await #expect(throws: RedisError.self) {
                try await databases[.main].pipeline(.blpop(["list"], timeout: .seconds(1)), .ping())
            }
            #expect(error?.code == .commandRefused)
            #expect(error?.command == "BLPOP")
        }
    }
}
