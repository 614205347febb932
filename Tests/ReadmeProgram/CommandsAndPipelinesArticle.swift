// swift-format-ignore-file
// The programs of the article Commands and pipelines as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

func open(_ page: String, for session: String, in main: RedisDatabase) async throws(RedisError) -> Int {
    try await main.set("seen:\(session)", page, expiry: .after(.seconds(1800)))
    return try await main.incr("visits:\(page)")
}

struct Page {
    let user: String?
    let basket: [String: Int]
    let visits: Int
}

func page(_ name: String, for session: String, in main: RedisDatabase) async throws(RedisError) -> Page {
    let (user, basket, visits) = try await main.pipeline(
        .get("session:\(session)"), .hgetall("basket:\(session)", as: Int.self), .incr("visits:\(name)"))
    return Page(user: user, basket: basket, visits: visits)
}

func prices(of articles: [String], in main: RedisDatabase) async throws(RedisError) -> [String: Int] {
    var prices: [String: Int] = [:]
    let results = try await main.pipeline(articles.map { .get("price:\($0)", as: Int.self) })
    for (article, result) in zip(articles, results) {
        // A price that cannot be read harms no other.
        if case .success(let price?) = result { prices[article] = price }
    }
    return prices
}

func warm(_ sessions: [String], in main: RedisDatabase) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for session in sessions {
            group.addTask { _ = try await main.expire("session:\(session)", after: .seconds(1800)) }
        }
        try await group.waitForAll()
    }
}

extension RedisCommand {
    static func encoding(of key: String) -> RedisCommand<String?> {
        .raw("OBJECT", ["ENCODING", key], as: String?.self)
    }
}

func look(at key: String, in main: RedisDatabase) async throws(RedisError) -> (String?, Int?) {
    let type = try await main.send("OBJECT", "ENCODING", key, as: String?.self)
    let (same, size) = try await main.pipeline(.encoding(of: key), .memoryUsage(key))
    return (type == same ? type : nil, size)
}
