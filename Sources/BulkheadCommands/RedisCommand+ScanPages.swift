public import BulkheadRESP

/// One step of a scan: where to go on, and what this step found.
///
/// A step may be empty before the end. A scan returns every element that was there from its start to its end, some
/// perhaps twice, and says nothing about elements added or removed meanwhile.
public struct RedisScanPage<Element: Sendable>: Sendable {
    /// Nil after the last page.
    public let cursor: RedisScanCursor?
    /// What this step found; may be empty before the end.
    public let elements: [Element]

    @usableFromInline
    init(
        redis reply: RESPValue, _ convert: (RESPValue) throws(RedisConversionError) -> [Element]
    ) throws(RedisConversionError) {
        let pair = try reply.requireElements("a cursor and a page", count: 2)
        guard let number = try pair[0].requireBytes(for: "a cursor").text.flatMap({ UInt64($0) }) else {
            throw RedisConversionError(expected: "a cursor of 64 bits", found: pair[0])
        }
        cursor = number == 0 ? nil : RedisScanCursor(number: number)
        elements = try convert(pair[1])
    }
}

/// Where a scan goes on; meant for the same key of the same server.
public struct RedisScanCursor: Sendable, Hashable {
    @usableFromInline let number: UInt64
    /// The beginning.
    public static let start = RedisScanCursor(number: 0)
}

/// A field of a hash with its value, as HSCAN finds it.
public struct RedisField<Value: RedisDecodable>: Sendable {
    /// The field's name.
    public let name: RESPBytes
    /// Its value.
    public let value: Value

    @usableFromInline
    init(name: RESPBytes, value: Value) {
        self.name = name
        self.value = value
    }
}

extension RedisField: RedisDecodable {
    /// Reads an array of a name and a value; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pair = try value.requireElements("a field and its value", count: 2)
        self.init(name: try RESPBytes(redis: pair[0]), value: try Value(redis: pair[1]))
    }

    /// Reads fields with values: a map, pairs or a flat array, as either protocol sends them. Names may repeat.
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [RedisField] {
        try RedisPairs(value, of: "fields with values").map { name, value throws(RedisConversionError) in
            RedisField(name: try RESPBytes(redis: name), value: try Value(redis: value))
        }
    }
}

extension RedisField: Equatable where Value: Equatable {}
extension RedisField: Hashable where Value: Hashable {}
extension RedisScanPage: Equatable where Element: Equatable {}

/// Scans: everything there is, in small steps that hold up nobody.
///
/// The first step takes ``RedisScanCursor/start``, each other one the cursor of the step before it. Those of hashes,
/// sets and sorted sets throw WRONGTYPE if the key holds another type; a missing key is empty.
extension RedisCommand {
    /// Reads keys of this database, one step of a scan: those that fit the pattern and are of the type.
    ///
    /// `count` is about how many keys the server looks at in a step, 10 unless told; patterns are those of KEYS.
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
