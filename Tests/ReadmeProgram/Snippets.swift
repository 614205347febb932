// swift-format-ignore-file
// The README's other programs as they stand there, so that the compiler reads them; ReadmeTests compares the two.

import Bulkhead
import BulkheadTestServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

func whereTheServerIs() throws {
    let usual = try RedisDatabases.fromEnvironment()                         // REDIS_URL, REDIS_HOST, REDIS_SOCKET …
    let byURL = try RedisDatabases(url: "redis://app:secret@cache:6379?connect_timeout=1")
    let bySocket = try RedisDatabases(url: "unix:///run/redis/redis.sock")

    var configuration = RedisConfiguration(host: "cache", port: 6379)        // or in code
    configuration.password = "secret"                                        // never printed
    configuration.clientName = "web"
    let databases = RedisDatabases(configuration)
    _ = (usual, byURL, bySocket, databases)
}

func howLongACommandMayTake(_ main: RedisDatabase) async throws {
    let session = try await main.within(.milliseconds(50)).get("session:42")  // past that: timed-out, with its stage
    _ = session
}

extension DatabaseName {
    static let sessions: DatabaseName = "sessions"
}

func namesOfOnesOwn(_ configuration: RedisConfiguration) throws {
    let catalogue = try DatabaseCatalogue([
        DatabaseEntry(.sessions, number: 0, purpose: "Logins", keyPatterns: ["session:*"], mayBeFlushed: true),
        DatabaseEntry(.knowledge, number: 1, purpose: "Vectors"),             // flushdb() is refused
    ])
    let fromFile = try DatabaseCatalogue(contentsOfFile: "/etc/app/redis-databases.json")
    let databases = RedisDatabases(configuration, catalogue: catalogue)
    _ = (fromFile, databases)
}

func scans(_ knowledge: RedisDatabase, count: (String) -> Void, index: (String, [Float]) -> Void) async throws {
    for try await key in knowledge.scan(match: "llama_index/*", pace: .considerate) { count(key) }  // 40 µs a step

    let vectors = knowledge.scanValues(match: "llama_index/*", pace: .gentle) { .hget($0, "vector", as: [Float].self) }
    for try await found in vectors { index(found.key, try found.value ?? []) }                // 25 µs a step
}

func commands(_ databases: RedisDatabases, _ main: RedisDatabase) async throws {
    let visits = try await main.incr("visits")
    let names = try await main.mget("user:1", "user:2")                      // [String?]
    let top = try await main.zrangeWithScores("scores", from: 0, through: 9, reversed: true)
    try await main.hset("user:1", pairs: ["name": "Ada", "plan": "paid"] as [String: String])    // a dictionary

    let (user, count) = try await main.pipeline(.get("user:1"), .incr("visits"))   // one round trip, typed
    let encoding = try await main.send("OBJECT", "ENCODING", "user:1", as: String.self)  // any other command

    let blocking = try databases.blocking(.main)                             // no async: scripts, tools, threads
    try blocking.set("key", "value")
    _ = (visits, names, top, user, count, encoding)
}

struct Profile: Codable {
    var name: String
}

func valuesInJSON(_ main: RedisDatabase, _ profile: Profile) async throws {
    try await main.set("profile:1", json: profile)
    let read = try await main.get("profile:1", json: Profile.self)
    _ = read
}

extension RedisCommand {
    static func visitors(on day: String) -> RedisCommand<Int> { .raw("PFCOUNT", ["visitors:\(day)"], as: Int.self) }
}

func commandsOfOnesOwn(_ main: RedisDatabase) async throws {
    let visitors = try await main.run(.visitors(on: "monday"))
    _ = visitors
}

func transactionsAndScripts(_ main: RedisDatabase) async throws {
    let (left, _) = try await main.transaction(.decr("stock"), .rpush("orders", "42"))  // atomically
    let sold = try await main.transaction(watching: ["stock"]) { reads in               // again if others were faster
        let stock = try await reads.get("stock", as: Int.self) ?? 0
        return stock > 0 ? RedisTransaction(.set("stock", stock - 1)) : nil              // nil: nothing is written
    }
    let take = RedisScript<Int>("return redis.call('DECRBY', KEYS[1], ARGV[1])")        // EVALSHA, else EVAL
    let rest = try await main.run(take, keys: ["stock"], arguments: [1])
    _ = (left, sold, rest)
}

func messages(_ main: RedisDatabase) async throws {
    for try await event in try await main.subscribe(to: .channels("orders"), as: Int.self) {
        switch event {
        case .message(let order): print(order.channel, order.content)
        case .gap: print("reconnected, or too slow: look what is new")
        }
    }
}

func caching(_ main: RedisDatabase) async throws {
    let cache = try await main.cached()                                      // make it once, and share it
    let price = try await cache.hget("product:7", "price", as: Double.self)  // from memory, the second time
    _ = price
}

func vectors(_ knowledge: RedisDatabase, _ text: String, _ embedding: [Float]) async throws {
    try await knowledge.hset("doc:1", ["text": text, "vector": embedding])      // FLOAT32, as Python writes it
    let exact = try await knowledge.nearest(10, to: embedding, in: .field("vector"), match: "doc:*")
    let fast = try await knowledge.vsim("pages", near: embedding, count: 10)    // after vadd("pages", …)
    _ = (exact, fast)
}

func streamsAsQueues(_ main: RedisDatabase) async throws {
    var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker-1")
    consumer.concurrency = 8                                                 // handlers at once; nothing is read ahead
    consumer.deadLetters = RedisDeadLetters(after: 5, to: "orders:dead")     // what fails again and again goes there
    try await main.consume(consumer) { entry in                              // until its task is cancelled
        try await main.hincrby("totals", entry["account"] ?? "unknown", by: 1)
    }                                                                        // returned: acknowledged; threw: again
}

func oneAtATime(_ main: RedisDatabase) async throws {
    try await main.withLock("orders:42", lease: .seconds(10)) { lock in      // extended as long as it runs
        try await main.run(.set("orders:42", "billed"), behind: RedisFence("orders:42", number: lock.number))
    }
}

func whatGoesOn(_ databases: RedisDatabases) {
    let p99 = databases.metrics()[.main]?.latencies.percentile(99)
    _ = p99
}

func aServerForTests() throws {
    let server = try RedisTestServer.start()         // REDIS_TEST_SERVER, else redis-server or valkey-server on PATH
    defer { server.stop() }
    let databases = try RedisDatabases(url: server.url)
    _ = databases
}

func errors(_ main: RedisDatabase) async throws(RedisError) {
    do throws(RedisError) {
        try await main.rpush("orders", "42")
    } catch where error.isSafeToRetry { print("not sent: try again later") }
    catch where error.isAmbiguous { print("pushed or not, nobody knows: \(error)") }
}
