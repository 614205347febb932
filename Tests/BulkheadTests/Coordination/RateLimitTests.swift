import Bulkhead
import BulkheadCommands
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A rate limit` {
    /// So slow that no time passes while a test runs: one in ten hours.
    private let limit = RedisRateLimit(1, per: .seconds(36_000), burst: 5)

    @Test func `allows a burst and no more, and a refused request does not count`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            for left in (0..<5).reversed() {
                let answer =
                    left.isMultiple(of: 2)
                    ? try await main.allow("user:1", limit) : try blocking.allow("user:1", limit)
                #expect(answer.isAllowed && answer.remaining == left && answer.retryAfter == .zero)
            }
            var waits: [Duration] = []
            for _ in 0..<3 {
                let answer = try await main.allow("user:1", limit)
                #expect(!answer.isAllowed && answer.remaining == 0)
                #expect(answer.resetAfter > .seconds(170_000) && answer.resetAfter <= .seconds(180_000))
                waits.append(answer.retryAfter)
            }
            #expect(waits.allSatisfy { $0 > .seconds(30_000) && $0 <= .seconds(36_000) })
            #expect(waits == waits.sorted(by: >))
            // Another name has a limit of its own, and the key expires.
            #expect(try await main.allow("user:2", limit).remaining == 4)
            let left = try #require(try await main.ttl("limit:user:1").remaining)
            #expect(left > .seconds(170_000) && left <= .seconds(180_001))
        }
    }

    @Test func `allows as many as it says to callers that come at once`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let limit = RedisRateLimit(1, per: .seconds(36_000), burst: 20)
            let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 { group.addTask { try await main.allow("all", limit).isAllowed } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == 20)
        }
    }

    @Test func `counts costs, and looks without counting`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            #expect(try await main.allow("user:1", limit, cost: 0).remaining == 5)
            #expect(try await main.exists("limit:user:1") == 0)
            #expect(try await main.allow("user:1", limit, cost: 3).remaining == 2)
            #expect(try await main.allow("user:1", limit, cost: 3).isAllowed == false)
            #expect(try await main.allow("user:1", limit, cost: 2).remaining == 0)
            let looked = try await main.allow("user:1", limit, cost: 0)
            #expect(looked.isAllowed && looked.remaining == 0)
        }
    }

    @Test func `allows again as time passes, evenly`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let limit = RedisRateLimit(1, per: .milliseconds(20), burst: 2)
            let start = ContinuousClock.now
            var allowed = 0
            while allowed < 20 {
                let answer = try await main.allow("user:1", limit)
                if answer.isAllowed { allowed += 1 } else { try await Task.sleep(for: answer.retryAfter) }
            }
            // Never faster than the limit, however slow the machine is. The server's clock is another one.
            #expect(.now - start >= .milliseconds(20 * 18 - 10))
        }
    }

    @Test func `forgives a clock that was set back`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            // As if a clock of the year 2100 had written it.
            try await main.set("limit:user:1", "4102444800000000")
            let answer = try await main.allow("user:1", limit)
            #expect(!answer.isAllowed && answer.resetAfter == .seconds(180_000))
            #expect(answer.retryAfter == .seconds(36_000))
        }
    }

    @Test func `that cannot be is refused before anything is sent`() async throws {
        let databases = try RedisDatabases(url: "redis://127.0.0.1:1")
        let main = try databases[.main]
        for limit in [
            RedisRateLimit(0, per: .seconds(1)), RedisRateLimit(1, per: .zero), RedisRateLimit(1, per: .seconds(-1)),
            RedisRateLimit(1, per: .seconds(1), burst: 0), RedisRateLimit(1, per: .seconds(1), burst: .max),
            RedisRateLimit(.max, per: .seconds(400 * 86_400)), RedisRateLimit(-1, per: .seconds(1)),
            RedisRateLimit(.max, per: .seconds(1)),
        ] {
            let error = await #expect(throws: RedisError.self) { try await main.allow("user:1", limit) }
            #expect(error?.code == .invalidArgument, "\(String(describing: error))")
        }
        for cost in [-1, 6, .max] {
            let error = await #expect(throws: RedisError.self) { try await main.allow("user:1", limit, cost: cost) }
            #expect(error?.code == .invalidArgument)
        }
        await databases.close()
    }

    @Test func `at a replica says so, and a key of another type too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.lpush("limit:list", "x")
            var error = await #expect(throws: RedisError.self) { try await main.allow("list", limit) }
            #expect(error?.code == .wrongType, "\(String(describing: error))")
            try await databases.server(of: .main).replicaof("127.0.0.1", port: 1)
            error = await #expect(throws: RedisError.self) { try await main.allow("user:1", limit) }
            #expect(error?.code == .readOnly, "\(String(describing: error))")
        }
    }
}
