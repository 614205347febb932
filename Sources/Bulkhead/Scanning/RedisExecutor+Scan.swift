public import BulkheadCommands

extension RedisExecutor {
    /// The keys of the database, page by page.
    ///
    /// ```swift
    /// for try await key in try databases[.knowledge].scan(match: "llama_index/*") { … }
    /// ```
    /// `count` is the work of one page on the server, default 10 there: while a page of 10,000 is made, every
    /// database of the server waits for about 5 ms. With another `pace` than ``RedisPace/full`` pages are as large as
    /// it allows, and at most `count`; without one, the database's own holds. Keys that are not UTF-8 need
    /// `as: RESPBytes.self`.
    /// - Complexity: O(N) in the database's keys over the whole scan, O(count) a page.
    public func scan<Key: RedisDecodable>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, as keyType: Key.Type = String.self,
        pace: RedisPace? = nil
    ) -> RedisScan<Key> {
        RedisScan(ScanSteps(count, pace ?? scanPace), of: self) { cursor, count async throws(RedisError) in
            try await run(.scanPage(cursor, match: pattern, count: count, type: type, as: keyType))
        }
    }

    /// The fields of a hash with their values, page by page. Small hashes come in one page.
    public func hscan<Key: RedisArgument, Value: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Value.Type = String.self,
        pace: RedisPace? = nil
    ) -> RedisScan<RedisField<Value>> {
        RedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count async throws(RedisError) in
            try await run(.hscanPage(key, cursor, match: pattern, count: count, as: type))
        }
    }

    /// The members of a set, page by page. Small sets come in one page.
    public func sscan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Member.Type = String.self,
        pace: RedisPace? = nil
    ) -> RedisScan<Member> {
        RedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count async throws(RedisError) in
            try await run(.sscanPage(key, cursor, match: pattern, count: count, as: type))
        }
    }

    /// The members of a sorted set with their scores, page by page. Small sets come in one page.
    public func zscan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Member.Type = String.self,
        pace: RedisPace? = nil
    ) -> RedisScan<RedisScored<Member>> {
        RedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count async throws(RedisError) in
            try await run(.zscanPage(key, cursor, match: pattern, count: count, as: type))
        }
    }
}
