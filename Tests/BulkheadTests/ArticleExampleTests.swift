// swift-format-ignore-file
// The programs of the articles Transactions and Scripts as they stand there; ArticleTests compares them.

import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

func ship(_ order: String, from main: RedisDatabase) async throws(RedisError) -> Int {
    let (left, _) = try await main.transaction(.decr("stock"), .rpush("orders", order))
    return left
}

func count(_ pages: [String], in main: RedisDatabase) async throws(RedisError) {
    let results = try await main.transaction(pages.map { RedisCommand<Int>.incr("visits:\($0)") })
    for (page, result) in zip(pages, results) {
        if case .failure(let error) = result { print("\(page) was not counted: \(error)") }
    }
}

func sell(_ order: String, from main: RedisDatabase) async throws -> Bool {
    let sold = try await main.transaction(watching: ["stock"], attempts: 16) { reads in
        let left = try await reads.get("stock", as: Int.self) ?? 0
        return left > 0 ? RedisTransaction(.set("stock", left - 1), .rpush("orders", order)) : nil
    }
    return sold != nil
}

func report(_ error: RedisError) -> String {
    switch error.code {
    case .transactionAborted: "nothing has run, because of \(error.command ?? "a command")"
    case .transactionConflict: "nothing has run, because others were faster each time"
    case _ where error.isAmbiguous: "nobody knows whether it has run: look before you repeat it"
    case _ where error.isSafeToRetry: "nothing was sent"
    default: "\(error.command ?? "a command") failed, and the others may have run: \(error)"
    }
}

let countingCalls = RedisScript<Int>("""
    local calls = redis.call('INCR', KEYS[1])
    if calls == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
    return calls
    """)

func mayCall(_ client: String, _ main: RedisDatabase) async throws(RedisError) -> Bool {
    let calls = try await main.run(countingCalls, keys: ["calls:\(client)"], arguments: [60_000])
    return calls <= 100
}

func countAll(_ clients: [String], _ main: RedisDatabase) async throws(RedisError) -> [RESPValue] {
    var batch = RedisBatch()
    for client in clients { batch.append(countingCalls, keys: ["calls:\(client)"], arguments: [60_000]) }
    return try await main.pipeline(batch)
}

let looking = RedisScript<String?>("return redis.call('GET', KEYS[1])", isReadOnly: true)

func useALibrary(_ databases: RedisDatabases) async throws(RedisError) -> Int {
    let shop = try RedisFunctionLibrary("""
        #!lua name=shop
        redis.register_function('take', function(keys, arguments)
            return redis.call('DECRBY', keys[1], arguments[1])
        end)
        """)
    try await databases.server(of: .main).load(shop)                        // in place of the one that is there

    let take = shop.function("take", as: Int.self)
    return try await databases[.main].run(take, keys: ["stock"], arguments: [1])
}

@Suite(.timeLimit(.minutes(10))) struct `The programs of the articles` {
    @Test func `about transactions do what they say`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("stock", 2)
            #expect(try await ship("1", from: main) == 1)
            #expect(try await sell("2", from: main))
            #expect(try await !sell("3", from: main))
            #expect(try await main.lrange("orders", from: 0, through: -1) == ["1", "2"])
            try await count(["home", "help", "home"], in: main)
            #expect(try await main.mget("visits:home", "visits:help", "stock") == ["2", "1", "0"])
            let aborted = await #expect(throws: RedisError.self) {
                try await main.transaction(.incr("a"), .raw("GET", []))
            }
            #expect(aborted.map(report) == "nothing has run, because of GET")
            let failed = await #expect(throws: RedisError.self) {
                try await main.transaction(.incr("a"), .incr("orders"))
            }
            #expect(failed.map(report)?.hasPrefix("INCR failed, and the others may have run") == true)
        }
    }

    @Test func `about scripts do what they say`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            #expect(try await mayCall("a", main))
            #expect(try await main.ttl("calls:a").remaining != nil)
            #expect(try await countAll(["a", "b", "a"], main) == [.integer(2), .integer(1), .integer(3)])
            try await main.set("calls:b", 100)
            #expect(try await !mayCall("b", main))
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `about functions do what they say`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.main].set("stock", 5)
            #expect(try await useALibrary(databases) == 4)
            #expect(try await useALibrary(databases) == 3)
            #expect(try await databases[.main].run(looking, keys: ["stock"]) == "3")
        }
    }
}
