import Bulkhead

/// Orders of one name, whatever that lives on: `{order:7}` keeps all keys of order 7 together in a cluster.
func takeOrders(_ database: RedisDatabase) async throws {
    let orders = (0..<100).map { "{order:\($0)}" }
    _ = try await database.pipeline(orders.map { RedisCommand<Bool>.set("\($0):stock", 10) })
    let sell = RedisScript<Int>("return redis.call('DECRBY', KEYS[1], ARGV[1])")
    for order in orders {
        let (left, _) = try await database.transaction(.decr("\(order):stock"), .rpush("\(order):log", "sold"))
        guard left == 9 else { throw Unexpected(what: "\(left) left of \(order)") }
        _ = try await database.run(sell, keys: ["\(order):stock"], arguments: [2])
    }
    try await database.withLock("{orders}", lease: .seconds(30)) { lock in
        let count = try await database.exists(orders.map { "\($0):log" })
        try await database.run(.set("{orders}:count", count), behind: RedisFence("{orders}", number: lock.number))
    }
    var keys = 0
    for try await _ in database.scan(match: "{order:*") { keys += 1 }
    let stock = try await database.mget(orders.map { "\($0):stock" }, as: Int.self).compactMap(\.self).reduce(0, +)
    let sold = try await database.get("{orders}:count", as: Int.self) ?? 0
    print("\(database.name): \(sold) orders, \(keys) keys, \(stock) left")
    try await database.unlink(orders.flatMap { ["\($0):stock", "\($0):log"] })
}

struct Unexpected: Error { let what: String }

let databases = try RedisDatabases.fromEnvironment()  // the catalogue: REDIS_CATALOGUE
for entry in databases.catalogue.entries { try await takeOrders(databases[entry.name]) }
await databases.close()
