// swift-format-ignore-file
// The programs of the article Ten everyday tasks as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

private struct Tasks {
    func session(_ main: RedisDatabase) async throws -> String? {
        try await main.set("session:42", "alice", expiry: .after(.seconds(3600)))
        return try await main.get("session:42")
    }

    func names(_ main: RedisDatabase) async throws -> [String?] {
        try await main.mget("user:1", "user:2")
    }

    func user(_ main: RedisDatabase) async throws -> [String: String] {
        try await main.hset("user:1", ["name": "Ada", "plan": "paid"])
        return try await main.hgetall("user:1")
    }

    func best(_ main: RedisDatabase) async throws {
        for best in try await main.zrangeWithScores("scores", from: 0, through: 9, reversed: true) {
            print(best.member, best.score)
        }
    }

    func greeting(_ main: RedisDatabase) async throws -> (String?, Int) {
        try await main.pipeline(.get("user:1"), .incr("visits"))
    }

    func sell(_ main: RedisDatabase) async throws -> Bool {
        try await main.transaction(watching: ["stock"]) { reads in
            let left = try await reads.get("stock", as: Int.self) ?? 0
            return left > 0 ? RedisTransaction(.set("stock", left - 1)) : nil
        } != nil
    }

    func take(_ main: RedisDatabase) async throws -> Int {
        let take = RedisScript<Int>("return redis.call('DECRBY', KEYS[1], ARGV[1])")
        return try await main.run(take, keys: ["stock"], arguments: [2])
    }

    func sessions(_ main: RedisDatabase) async throws {
        for try await key in main.scan(match: "session:*") { print(key) }
    }

    func news(_ main: RedisDatabase) async throws {
        for try await case .message(let news) in try await main.subscribe(to: .channels("news")) {
            print(news.channel, news.content)
        }
    }

    func work(_ main: RedisDatabase) async throws {
        try await main.consume(RedisStreamConsumer(stream: "orders", group: "billing", name: "worker-1")) { order in
            print(order.id, order["account"] ?? "nobody")
        }
    }
}
