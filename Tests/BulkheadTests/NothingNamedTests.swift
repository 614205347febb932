import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// Commands that name no key, field or member: answered here or refused here, never sent.
@Suite struct NothingNamedTests {
    private static let none: [String] = []
    private static let noPairs: [String: String] = [:]

    /// Nobody listens there: what is sent fails.
    private func withNobody(_ body: (RedisDatabase, BlockingRedisDatabase) async throws -> Void) async throws {
        var configuration = RedisConfiguration(unixSocket: "/nowhere/at/all.sock")
        configuration.commandTimeout = .seconds(300)
        let databases = RedisDatabases(configuration)
        try await body(try databases[.main], try databases.blocking(.main))
        await databases.close()
    }

    @Test func `counts of nothing are 0, and reads of nothing are empty, without a server`() async throws {
        try await withNobody { main, blocking async throws in
            let none = Self.none
            for command in [
                .del(none), .unlink(none), .exists(none), .touch(none), .hdel("h", none), .sadd("s", none),
                .srem("s", none), .zrem("z", none), .zadd("z", [:]), .zadd("z", [:], condition: .ifAbsent),
                .xdel("x", none),
            ] as [RedisCommand<Int>] {
                #expect(try await main.run(command) == 0, "\(command.name)")
                #expect(try blocking.run(command) == 0, "\(command.name)")
            }
            #expect(try await main.mget(none) == [])
            #expect(try await main.hmget("h", none) == [])
            #expect(try await main.smismember("s", none) == [])
            #expect(try await main.sunion(none) == [])
            #expect(try await main.sinter(none) == [])
            #expect(try await main.sdiff(none) == [])
            #expect(try blocking.mget(none) == [])
            #expect(try await main.pipeline([.del(none), .unlink(none)]).map { try $0.get() } == [0, 0])
            #expect(try blocking.pipeline(.del(none), .mget(none)).0 == 0)
        }
    }

    @Test func `writes of nothing are refused in words, without a server`() async throws {
        try await withNobody { main, blocking in
            let none = Self.none
            for command in [
                .hset("h", [:]), .hset("h", pairs: Self.noPairs), .lpush("l", none), .rpush("l", none),
            ] as [RedisCommand<Int>] {
                let error = await #expect(throws: RedisError.self) { try await main.run(command) }
                #expect(error?.code == .commandRefused && error?.isSafeToRetry == true)
                #expect(error?.message.contains("at least one") == true)
                let other = #expect(throws: RedisError.self) { try blocking.run(command) }
                #expect(other?.code == .commandRefused)
                let batch = await #expect(throws: RedisError.self) { try await main.pipeline([command, .dbsize()]) }
                #expect(batch?.code == .commandRefused && batch?.command == command.name)
            }
            for work in [
                { try await main.mset([:]) }, { try await main.mset(pairs: Self.noPairs) },
                { _ = try await main.xadd("x", [:]) },
                { _ = try await main.xadd("x", pairs: Self.noPairs, trim: .maximumLength(3)) },
                { _ = try await main.blpop(none, timeout: .seconds(1)) },
                { _ = try await main.brpop(none, timeout: .seconds(1)) },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: RedisError.self) { try await work() }
                #expect(error?.code == .commandRefused)
                #expect(error?.message.contains("at least one") == true)
            }
        }
    }

    @Test func `in a pipeline what is known stands in its place among what is asked`() async throws {
        try await withDatabases { databases, _ in
            let none = Self.none
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            let (a, b, c, d, e) = try await main.pipeline(
                .del(none), .incr("n"), .mget(none), .incr("n"), .exists(none))
            #expect(a == 0 && b == 1 && c == [] && d == 2 && e == 0)
            let commands: [RedisCommand<Int>] = [.incr("n"), .del(none), .incr("n"), .del(none)]
            #expect(try await main.pipeline(commands).map { try $0.get() } == [3, 0, 4, 0])
            #expect(try blocking.pipeline(commands).map { try $0.get() } == [5, 0, 6, 0])
            let leased = try await main.withConnection { connection in
                let single = try await connection.del(none)
                return try await connection.pipeline(commands).map { try $0.get() } + [single]
            }
            #expect(leased == [7, 0, 8, 0, 0])
            let held = try blocking.withConnection { connection in
                let only = try connection.pipeline([.del(none)] as [RedisCommand<Int>]).map { try $0.get() }
                return try connection.pipeline(commands).map { try $0.get() } + only + [try connection.del(none)]
            }
            #expect(held == [9, 0, 10, 0, 0, 0])
            // Where something is named the server is asked.
            #expect(try await main.del(["n"]) == 1)
        }
    }

    @Test func `a lease that is over refuses what is known too`() async throws {
        try await withDatabases { databases, _ in
            let kept = try await databases[.main].withConnection { $0 }
            let error = await #expect(throws: RedisError.self) { try await kept.del(Self.none) }
            #expect(error?.code == .closed)
            let pipeline = await #expect(throws: RedisError.self) { try await kept.pipeline([.del(Self.none)]) }
            #expect(pipeline?.code == .closed)
        }
    }
}
