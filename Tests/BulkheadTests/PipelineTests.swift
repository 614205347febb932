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
