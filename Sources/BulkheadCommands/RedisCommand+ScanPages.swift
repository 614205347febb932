public import BulkheadRESP

/// Scans: everything there is, in small steps that hold up nobody.
///
/// The first step takes ``RedisScanCursor/start``, each other one the cursor of the step before it. Those of hashes,
/// sets and sorted sets throw WRONGTYPE if the key holds another type; a missing key is empty.
extension RedisCommand {
    /// Reads keys of this database, one step of a scan: those that fit the pattern and are of the type.
    ///
    /// `count` is about how many keys the server looks at in a step, 10 by default; patterns are those of KEYS.
    /// Throws if a key is not UTF-8: ask `as: RESPBytes.self` where any bytes may be keys.
    /// - Returns: What this step found, and the cursor of the next; that one is nil after the last.
    /// - Complexity: O(1) for a step, O(N) for a whole scan of N elements
    /// - Since: Redis 2.8.0; types 6.0.0
    @inlinable
    public static func scanPage<Key: RedisDecodable>(
        _ cursor: RedisScanCursor, match pattern: String? = nil, count: Int? = nil, type: String? = nil,
        as keyType: Key.Type = String.self
    ) -> RedisCommand<RedisScanPage<Key>> {
        RedisCommand<RedisScanPage<Key>>(
            "SCAN", route: .bulk,
            decode: { reply throws(RedisConversionError) in
                try RedisScanPage(redis: reply) { page throws(RedisConversionError) in
                    do throws(RedisConversionError) {
                        return try [Key](redis: page)
                    } catch {
                        throw error.naming("keys", ask: "ask with as: RESPBytes.self; one of them is no text")
                    }
                }
            }
        ) { arguments in
            arguments.append(String(cursor.number))
            arguments.append(match: pattern, count: count)
            if let type {
                arguments.append("TYPE")
                arguments.append(type)
            }
        }
    }

    /// Reads fields of a hash with their values, one step of a scan.
    ///
    /// - Returns: What this step found, and the cursor of the next; that one is nil after the last.
    /// - Complexity: O(1) for a step, O(N) for a whole scan of N elements
    /// - Since: Redis 2.8.0
    @inlinable
    public static func hscanPage<Value: RedisDecodable>(
        _ key: some RedisArgument, _ cursor: RedisScanCursor, match pattern: String? = nil, count: Int? = nil,
        as type: Value.Type = String.self
    ) -> RedisCommand<RedisScanPage<RedisField<Value>>> {
        RedisCommand<RedisScanPage<RedisField<Value>>>(
            "HSCAN", route: .bulk,
            decode: { reply throws(RedisConversionError) in
                try RedisScanPage(redis: reply) { page throws(RedisConversionError) in
                    try [RedisField<Value>](redis: page)
                }
            }
        ) { arguments in
            arguments.append(key)
            arguments.append(String(cursor.number))
            arguments.append(match: pattern, count: count)
        }
    }

    /// Reads members of a set, one step of a scan.
    ///
    /// - Returns: What this step found, and the cursor of the next; that one is nil after the last.
    /// - Complexity: O(1) for a step, O(N) for a whole scan of N elements
    /// - Since: Redis 2.8.0
    @inlinable
    public static func sscanPage<Member: RedisDecodable>(
        _ key: some RedisArgument, _ cursor: RedisScanCursor, match pattern: String? = nil, count: Int? = nil,
        as type: Member.Type = String.self
    ) -> RedisCommand<RedisScanPage<Member>> {
        RedisCommand<RedisScanPage<Member>>(
            "SSCAN", route: .bulk,
            decode: { reply throws(RedisConversionError) in
                try RedisScanPage(redis: reply) { page throws(RedisConversionError) in try [Member](redis: page) }
            }
        ) { arguments in
            arguments.append(key)
            arguments.append(String(cursor.number))
            arguments.append(match: pattern, count: count)
        }
    }

    /// Reads members of a sorted set with their scores, one step of a scan.
    ///
    /// - Returns: What this step found, and the cursor of the next; that one is nil after the last.
    /// - Complexity: O(1) for a step, O(N) for a whole scan of N elements
    /// - Since: Redis 2.8.0
    @inlinable
    public static func zscanPage<Member: RedisDecodable>(
        _ key: some RedisArgument, _ cursor: RedisScanCursor, match pattern: String? = nil, count: Int? = nil,
        as type: Member.Type = String.self
    ) -> RedisCommand<RedisScanPage<RedisScored<Member>>> {
        RedisCommand<RedisScanPage<RedisScored<Member>>>(
            "ZSCAN", route: .bulk,
            decode: { reply throws(RedisConversionError) in
                try RedisScanPage(redis: reply) { page throws(RedisConversionError) in
                    try [RedisScored<Member>](redis: page)
                }
            }
        ) { arguments in
            arguments.append(key)
            arguments.append(String(cursor.number))
            arguments.append(match: pattern, count: count)
        }
    }
}

extension RedisArguments {
    @usableFromInline mutating func append(match pattern: String?, count: Int?) {
        if let pattern {
            append("MATCH")
            append(pattern)
        }
        if let count {
            append("COUNT")
            append(count)
        }
    }
}
