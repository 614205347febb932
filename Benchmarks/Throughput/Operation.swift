import Bulkhead

/// The command that is measured, through the public methods that users call.
enum Operation: String, Sendable {
    case get, set, incr, mget, hgetall

    static let key = "bulkhead-throughput"
    static let keysOfMget = (0..<10).map { "\(key):\($0)" }

    /// Puts in place what the command reads.
    func prepare(_ database: RedisDatabase, value: String) async throws {
        try await clean(database)
        switch self {
        case .get, .set: try await database.set(Self.key, value)
        case .incr: break
        case .mget: try await database.mset(pairs: Self.keysOfMget.map { (key: $0, value: value) })
        case .hgetall: try await database.hset(Self.key, pairs: (0..<10).map { (key: "field:\($0)", value: value) })
        }
    }

    func clean(_ database: RedisDatabase) async throws {
        try await database.unlink([Self.key] + Self.keysOfMget)
    }

    func run(on database: RedisDatabase, value: String) async throws {
        switch self {
        case .get: _ = try await database.get(Self.key)
        case .set: try await database.set(Self.key, value)
        case .incr: try await database.incr(Self.key)
        case .mget: _ = try await database.mget(Self.keysOfMget)
        case .hgetall: _ = try await database.hgetall(Self.key)
        }
    }

    func run(on database: BlockingRedisDatabase, value: String) throws {
        switch self {
        case .get: _ = try database.get(Self.key)
        case .set: try database.set(Self.key, value)
        case .incr: try database.incr(Self.key)
        case .mget: _ = try database.mget(Self.keysOfMget)
        case .hgetall: _ = try database.hgetall(Self.key)
        }
    }

    func runPipeline(of count: Int, on database: RedisDatabase, value: String) async throws {
        switch self {
        case .get: try check(try await database.pipeline(commands(count) { .get(Self.key) }))
        case .set: try check(try await database.pipeline(commands(count) { .set(Self.key, value) }))
        case .incr: try check(try await database.pipeline(commands(count) { .incr(Self.key) }))
        case .mget: try check(try await database.pipeline(commands(count) { .mget(Self.keysOfMget) }))
        case .hgetall: try check(try await database.pipeline(commands(count) { .hgetall(Self.key) }))
        }
    }

    func runPipeline(of count: Int, on database: BlockingRedisDatabase, value: String) throws {
        switch self {
        case .get: try check(try database.pipeline(commands(count) { .get(Self.key) }))
        case .set: try check(try database.pipeline(commands(count) { .set(Self.key, value) }))
        case .incr: try check(try database.pipeline(commands(count) { .incr(Self.key) }))
        case .mget: try check(try database.pipeline(commands(count) { .mget(Self.keysOfMget) }))
        case .hgetall: try check(try database.pipeline(commands(count) { .hgetall(Self.key) }))
        }
    }

    private func commands<Reply>(_ count: Int, _ make: () -> RedisCommand<Reply>) -> [RedisCommand<Reply>] {
        (0..<count).map { _ in make() }
    }

    /// A reply that is an error must not count as a fast one.
    private func check<Reply>(_ results: [Result<Reply, RedisError>]) throws {
        for result in results { _ = try result.get() }
    }
}
