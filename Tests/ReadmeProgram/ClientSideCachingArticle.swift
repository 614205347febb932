// swift-format-ignore-file
// The programs of the article Client-side caching as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

func prices(of products: [String], _ databases: RedisDatabases) async throws -> [String: Double] {
    var limits = RedisCacheLimits()
    limits.maximumBytes = 16 << 20                                     // else 64 MiB
    limits.maximumAge = .seconds(60)                                   // else five minutes
    let cache = try await databases[.main].cached(within: limits)
    var prices: [String: Double] = [:]
    for product in products {
        prices[product] = try await cache.hget("product:\(product)", "price", as: Double.self)
    }
    print(cache.metrics())                                             // hits, misses, invalidations, entries, bytes
    return prices
}

func rename(_ user: String, to name: String, _ cache: RedisCache) async throws -> String? {
    try await cache.database.hset("user:\(user)", "name", name)
    try await cache.catchUp()                                          // one round trip
    return try await cache.hget("user:\(user)", "name")                // the new name, or a newer one
}

func printName(of user: String, _ databases: RedisDatabases) throws {
    let cache = try databases.blocking(.main).cached()
    print(try cache.hget("user:\(user)", "name") ?? "nobody")
}
