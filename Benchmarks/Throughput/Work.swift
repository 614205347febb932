import Bulkhead
import BulkheadBenchmarkSupport

/// The command that is measured.
enum Operation: String, Sendable {
    case get, set, incr, mget, hgetall, xread, scan
}

/// What one turn of a client does, through the public methods that users call.
///
/// A reply that is an error, or no value, throws: it must not count as a fast one.
struct Work: Sendable {
    let operation: Operation
    let valueSize: Int
    /// Whether get and mget read numbers instead of text.
    let readsFloats: Bool
    let keys: [String]
    private let text: String
    /// Read through in place of the database, where the settings say so.
    var cache: RedisCache?
    var blockingCache: BlockingRedisCache?

    static let key = "bulkhead-throughput"

    init(_ operation: Operation, valueSize: Int, keyCount: Int, readsFloats: Bool) {
        self.operation = operation
        self.valueSize = valueSize
        self.readsFloats = readsFloats
        keys = (0..<keyCount).map { "\(Self.key):\($0)" }
        text = String(repeating: "x", count: valueSize)
    }

    /// How many values one command is about.
    var elements: Int {
        switch operation {
        case .get, .set, .incr: 1
        case .mget, .hgetall, .xread, .scan: keys.count
        }
    }

    /// Puts in place what the command reads.
    func prepare(_ database: RedisDatabase) async throws {
        try await clean(database)
        switch operation {
        case .get, .set: try await database.set(Self.key, text)
        case .incr: break
        case .mget, .scan: try await database.mset(pairs: keys.map { (key: $0, value: text) })
        case .hgetall:
            try await database.hset(Self.key, pairs: keys.indices.map { (key: "field:\($0)", value: text) })
        case .xread:
            for _ in keys { try await database.xadd(Self.key, ["field": text]) }
        }
    }

    func clean(_ database: RedisDatabase) async throws {
        try await database.unlink([Self.key] + keys)
    }

    /// All but three commands are out of line: their calls would take room in the frame of every GET that waits.
    func run(on database: RedisDatabase) async throws {
        switch operation {
        case .get where !readsFloats && cache == nil: try check(try await database.get(Self.key) != nil)
        case .set: try await database.set(Self.key, text)
        case .incr: try await database.incr(Self.key)
        default: try await runOther(on: database)
        }
    }

    @inline(never)
    private func runOther(on database: RedisDatabase) async throws {
        if let cache { return try await run(through: cache) }
        switch operation {
        case .get: try check(try await database.get(Self.key, as: [Float].self) != nil)
        case .set, .incr: break
        case .mget where readsFloats: try check(try await database.mget(keys, as: [Float].self).last != .some(nil))
        case .mget: try check(try await database.mget(keys).last != .some(nil))
        case .hgetall: try check(try await database.hgetall(Self.key).count == keys.count)
        case .xread: try check(try await database.xread([Self.key: "0"]).first?.value.count == keys.count)
        case .scan: try check(!(try await database.scanPage(.start, count: keys.count).elements.isEmpty))
        }
    }

    private func run(through cache: RedisCache) async throws {
        if operation == .get {
            try check(try await cache.get(Self.key) != nil)
        } else {
            try check(try await cache.hgetall(Self.key).count == keys.count)
        }
    }

    private func run(through cache: BlockingRedisCache) throws {
        if operation == .get {
            try check(try cache.get(Self.key) != nil)
        } else {
            try check(try cache.hgetall(Self.key).count == keys.count)
        }
    }

    func run(on database: BlockingRedisDatabase) throws {
        if let blockingCache { return try run(through: blockingCache) }
        switch operation {
        case .get where readsFloats: try check(try database.get(Self.key, as: [Float].self) != nil)
        case .get: try check(try database.get(Self.key) != nil)
        case .set: try database.set(Self.key, text)
        case .incr: try database.incr(Self.key)
        case .mget where readsFloats: try check(try database.mget(keys, as: [Float].self).last != .some(nil))
        case .mget: try check(try database.mget(keys).last != .some(nil))
        case .hgetall: try check(try database.hgetall(Self.key).count == keys.count)
        case .xread: try check(try database.xread([Self.key: "0"]).first?.value.count == keys.count)
        case .scan: try check(!(try database.scanPage(.start, count: keys.count).elements.isEmpty))
        }
    }

    func runPipeline(of count: Int, on database: RedisDatabase) async throws {
        switch operation {
        case .get where readsFloats:
            try check(try await database.pipeline(commands(count) { .get(Self.key, as: [Float].self) }))
        case .get: try check(try await database.pipeline(commands(count) { .get(Self.key) }))
        case .set: try check(try await database.pipeline(commands(count) { .set(Self.key, text) }))
        case .incr: try check(try await database.pipeline(commands(count) { .incr(Self.key) }))
        case .mget where readsFloats:
            try check(try await database.pipeline(commands(count) { .mget(keys, as: [Float].self) }))
        case .mget: try check(try await database.pipeline(commands(count) { .mget(keys) }))
        case .hgetall: try check(try await database.pipeline(commands(count) { .hgetall(Self.key) }))
        case .xread: try check(try await database.pipeline(commands(count) { .xread([Self.key: "0"]) }))
        case .scan: try check(try await database.pipeline(commands(count) { .scanPage(.start, count: keys.count) }))
        }
    }

    func runPipeline(of count: Int, on database: BlockingRedisDatabase) throws {
        switch operation {
        case .get where readsFloats:
            try check(try database.pipeline(commands(count) { .get(Self.key, as: [Float].self) }))
        case .get: try check(try database.pipeline(commands(count) { .get(Self.key) }))
        case .set: try check(try database.pipeline(commands(count) { .set(Self.key, text) }))
        case .incr: try check(try database.pipeline(commands(count) { .incr(Self.key) }))
        case .mget where readsFloats:
            try check(try database.pipeline(commands(count) { .mget(keys, as: [Float].self) }))
        case .mget: try check(try database.pipeline(commands(count) { .mget(keys) }))
        case .hgetall: try check(try database.pipeline(commands(count) { .hgetall(Self.key) }))
        case .xread: try check(try database.pipeline(commands(count) { .xread([Self.key: "0"]) }))
        case .scan: try check(try database.pipeline(commands(count) { .scanPage(.start, count: keys.count) }))
        }
    }

    /// The words of the command, for a bare socket.
    var words: [String] {
        switch operation {
        case .get: ["GET", Self.key]
        case .set: ["SET", Self.key, text]
        case .incr: ["INCR", Self.key]
        case .mget: ["MGET"] + keys
        case .hgetall: ["HGETALL", Self.key]
        case .xread: ["XREAD", "STREAMS", Self.key, "0"]
        case .scan: ["SCAN", "0", "COUNT", String(keys.count)]
        }
    }

    private func commands<Reply>(_ count: Int, _ make: () -> RedisCommand<Reply>) -> [RedisCommand<Reply>] {
        (0..<count).map { _ in make() }
    }

    private func check<Reply>(_ results: [Result<Reply, RedisError>]) throws {
        for result in results { _ = try result.get() }
    }

    private func check(_ hasValue: Bool) throws {
        guard hasValue else {
            throw ProgramError("the value was gone: something else changes \(Self.key) on this server")
        }
    }
}
