import Bulkhead

/// The keys of a round: strings, lists, hashes and sets in turn, each with a base that says whose it is, every second
/// one with an expiry. A writer adds tokens to them.
struct Keys {
    let count: Int
    /// Milliseconds since 1970; the keys' expiries follow it.
    let start: Int64

    func name(_ index: Int) -> String { "t:\(index)" }
    func base(_ index: Int) -> String { "base\(index)" }

    /// Nil for those that never expire.
    func expiry(_ index: Int) -> Int64? {
        index.isMultiple(of: 2) ? nil : start + 3_600_000 + Int64(index) * 7
    }

    /// Writes them all, so that they are on disk when this returns.
    func write(to database: BlockingRedisDatabase) throws {
        for part in stride(from: 0, to: count, by: 1_000) {
            var batch = RedisBatch()
            for index in part..<min(count, part + 1_000) {
                batch.append(command(adding: base(index), to: index))
                if let time = expiry(index) {
                    batch.append(RedisCommand<RESPValue>.raw("PEXPIREAT", [name(index), time], as: RESPValue.self))
                }
            }
            _ = try database.pipeline(batch)
        }
    }

    /// Adds a token to a key, which is made if it is not there.
    func command(adding token: String, to index: Int) -> RedisCommand<RESPValue> {
        switch index % 4 {
        case 0: .raw("APPEND", [name(index), token + " "], as: RESPValue.self)
        case 1: .raw("RPUSH", [name(index), token], as: RESPValue.self)
        case 2: .raw("HSET", [name(index), token, "1"], as: RESPValue.self)
        default: .raw("SADD", [name(index), token], as: RESPValue.self)
        }
    }

    /// What a key holds in a database: its tokens, its base among them, and when it expires.
    struct Found {
        var tokens: [String] = []
        var expiry: Int64?
    }

    /// Reads them all. PEXPIRETIME is of 7.0, so the expiry is asked by PTTL and exact to a few milliseconds.
    func read(from database: BlockingRedisDatabase) throws -> [Found] {
        var found: [Found] = []
        for part in stride(from: 0, to: count, by: 1_000) {
            let places = part..<min(count, part + 1_000)
            var batch = RedisBatch()
            batch.append(RedisCommand<RESPValue>.raw("TIME", [], as: RESPValue.self))
            for index in places {
                let key = name(index)
                switch index % 4 {
                case 0: batch.append(RedisCommand<RESPValue>.raw("GET", [key], as: RESPValue.self))
                case 1: batch.append(RedisCommand<RESPValue>.raw("LRANGE", [key, 0, -1], as: RESPValue.self))
                case 2: batch.append(RedisCommand<RESPValue>.raw("HKEYS", [key], as: RESPValue.self))
                default: batch.append(RedisCommand<RESPValue>.raw("SMEMBERS", [key], as: RESPValue.self))
                }
                batch.append(RedisCommand<RESPValue>.raw("PTTL", [key], as: RESPValue.self))
            }
            let replies = try database.pipeline(batch)
            let time = (replies[0].elements ?? []).map { $0.bytes.flatMap { Int64($0.text ?? "") } ?? 0 }
            let now = time.count == 2 ? time[0] * 1_000 + time[1] / 1_000 : 0
            for place in 0..<places.count {
                let value = replies[1 + 2 * place]
                var one = Found()
                if let text = value.bytes?.text {
                    one.tokens = text.split(separator: " ").map(String.init)
                } else {
                    one.tokens = (value.elements ?? []).compactMap { $0.bytes?.text }
                }
                if case .integer(let left) = replies[2 + 2 * place], left >= 0 { one.expiry = now + left }
                found.append(one)
            }
        }
        return found
    }
}
