public import BulkheadCommands
public import BulkheadRESP

extension RedisExecutor {
    /// The keys of the database, and of each what a command reads.
    ///
    /// ```swift
    /// let vectors = knowledge.scanValues(match: "llama_index/*", type: "hash", pace: .considerate) { key in
    ///     .hget(key, "vector", as: [Float].self)
    /// }
    /// for try await found in vectors { index(found.key.text, try found.value ?? []) }
    /// ```
    /// Keys are scanned as ``scan(match:count:type:as:pace:)`` does; values come by pipelines, `slice` keys in one at
    /// most, and fewer where the pace wants it: it learns the cost of a value apart from that of a key. A key may be
    /// gone when its value is read; what the command then answers is the value. All of it takes the bulk lane.
    /// - Complexity: one round trip a page and one a slice.
    public func scanValues<Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, pace: RedisPace? = nil,
        slice: Int = 1_000, _ command: @escaping @Sendable (RESPBytes) -> RedisCommand<Value>
    ) -> RedisValueScan<Value> {
        RedisValueScan(
            keys: scan(match: pattern, count: count, type: type, as: RESPBytes.self, pace: pace),
            pacer: Pacer(pace ?? scanPace, most: slice), database: name, command: command
        ) { batch async throws(RedisError) in try await send(batch) }
    }
}

extension BlockingRedisExecutor {
    /// The keys of the database, and of each what a command reads, as the asynchronous form does.
    public func scanValues<Value>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, pace: RedisPace? = nil,
        slice: Int = 1_000, _ command: @escaping (RESPBytes) -> RedisCommand<Value>
    ) -> BlockingRedisValueScan<Value> {
        BlockingRedisValueScan(
            keys: scan(match: pattern, count: count, type: type, as: RESPBytes.self, pace: pace),
            pacer: Pacer(pace ?? scanPace, most: slice), database: name, command: command
        ) { batch throws(RedisError) in try send(batch) }
    }
}
