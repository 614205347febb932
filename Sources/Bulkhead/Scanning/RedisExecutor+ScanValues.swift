public import BulkheadCommands
import BulkheadRESP

extension RedisExecutor {
    /// The keys of the database, and of each what a command reads.
    ///
    /// ```swift
    /// let vectors = knowledge.scanValues(match: "llama_index/*", type: "hash", pace: .considerate) { key in
    ///     .hget(key, "vector", as: [Float].self)
    /// }
    /// for try await found in vectors { index(found.key, try found.value ?? []) }
    /// ```
    /// Keys are scanned as ``scan(match:count:type:as:pace:)`` does; values come by pipelines, `slice` keys in one at
    /// most, and fewer where the pace wants it: it learns the cost of a value apart from that of a key. A key may be
    /// gone when its value is read; what the command then answers is the value. Keys that are not UTF-8 need
    /// `as: RESPBytes.self`. All of it takes the bulk lane.
    /// - Complexity: one round trip a page and one a slice.
    public func scanValues<Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, pace: RedisPace? = nil,
        slice: Int = 1_000, _ command: @escaping @Sendable (String) -> RedisCommand<Value>
    ) -> RedisValueScan<String, Value> {
        scanValues(
            match: pattern, count: count, type: type, as: String.self, pace: pace, slice: slice, command)
    }

    /// The same with keys of another type than `String`.
    public func scanValues<Key: RedisDecodable, Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, as keyType: Key.Type,
        pace: RedisPace? = nil, slice: Int = 1_000, _ command: @escaping @Sendable (Key) -> RedisCommand<Value>
    ) -> RedisValueScan<Key, Value> {
        RedisValueScan(
            keys: scan(match: pattern, count: count, type: type, as: keyType, pace: pace),
            pacer: Pacer(pace ?? scanPace, most: slice), database: name, command: command
        ) { batch async throws(RedisError) in try await pipeline(batch) }
    }
}

extension BlockingRedisExecutor {
    /// The keys of the database, and of each what a command reads, as the asynchronous form does.
    public func scanValues<Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, pace: RedisPace? = nil,
        slice: Int = 1_000, _ command: @escaping (String) -> RedisCommand<Value>
    ) -> BlockingRedisValueScan<String, Value> {
        scanValues(
            match: pattern, count: count, type: type, as: String.self, pace: pace, slice: slice, command)
    }

    /// The same with keys of another type than `String`.
    public func scanValues<Key: RedisDecodable, Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, as keyType: Key.Type,
        pace: RedisPace? = nil, slice: Int = 1_000, _ command: @escaping (Key) -> RedisCommand<Value>
    ) -> BlockingRedisValueScan<Key, Value> {
        BlockingRedisValueScan(
            keys: scan(match: pattern, count: count, type: type, as: keyType, pace: pace),
            pacer: Pacer(pace ?? scanPace, most: slice), database: name, command: command
        ) { batch throws(RedisError) in try pipeline(batch) }
    }
}
