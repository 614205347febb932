public import BulkheadCommands

extension BlockingRedisExecutor {
    /// The keys of the database, page by page.
    ///
    /// ```swift
    /// var keys = try databases.blocking(.knowledge).scan(match: "llama_index/*")
    /// while let key = try keys.next() { … }
    /// ```
    /// `count` is the work of one page on the server, default 10 there: while a page of 10,000 is made, every
    /// database of the server waits for about 5 ms. With another `pace` than ``RedisPace/full`` pages are as large as
    /// it allows, and at most `count`; without one, the database's own holds. Keys that are not UTF-8 need
    /// `as: RESPBytes.self`.
    /// - Complexity: O(N) in the database's keys over the whole scan, O(count) a page.
    public func scan<Key: RedisDecodable>(
        match pattern: String? = nil, count: Int? = nil, type: String? = nil, as keyType: Key.Type = String.self,
        pace: RedisPace? = nil
    ) -> BlockingRedisScan<Key> {
        BlockingRedisScan(ScanSteps(count, pace ?? scanPace), of: self) { cursor, count throws(RedisError) in
            try scanned(
                .scanPage(cursor, match: pattern, count: count, type: type, as: keyType), isFirst: cursor == .start)
        }
    }

    /// The fields of a hash with their values, page by page. Small hashes come in one page.
    public func hscan<Key: RedisArgument, Value: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Value.Type = String.self,
        pace: RedisPace? = nil
    ) -> BlockingRedisScan<RedisField<Value>> {
        BlockingRedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count throws(RedisError) in
            try scanned(.hscanPage(key, cursor, match: pattern, count: count, as: type), isFirst: cursor == .start)
        }
    }

    /// The members of a set, page by page. Small sets come in one page.
    public func sscan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Member.Type = String.self,
        pace: RedisPace? = nil
    ) -> BlockingRedisScan<Member> {
        BlockingRedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count throws(RedisError) in
            try scanned(.sscanPage(key, cursor, match: pattern, count: count, as: type), isFirst: cursor == .start)
        }
    }

    /// The members of a sorted set with their scores, page by page. Small sets come in one page.
    public func zscan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, match pattern: String? = nil, count: Int? = nil, as type: Member.Type = String.self,
        pace: RedisPace? = nil
    ) -> BlockingRedisScan<RedisScored<Member>> {
        BlockingRedisScan(ScanSteps(count, pace ?? scanPace), of: self, key) { cursor, count throws(RedisError) in
            try scanned(.zscanPage(key, cursor, match: pattern, count: count, as: type), isFirst: cursor == .start)
        }
    }
}
