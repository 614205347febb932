// swift-format-ignore-file
// The programs of the article Scripts as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

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
