public import BulkheadRESP

/// A value of an array with its index. Since Redis 8.8.0
public struct RedisArrayElement<Value: RedisDecodable>: RedisDecodable {
    /// The index, from 0.
    public let index: Int
    /// The value.
    public let value: Value

    private init(_ index: RESPValue, _ value: RESPValue) throws(RedisConversionError) {
        self.index = try Int(redis: index)
        self.value = try Value(redis: value)
    }

    /// Reads an array of both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("an index and a value", count: 2)
        try self.init(parts[0], parts[1])
    }

    /// Reads pairs, or a flat array: the documentation speaks of one, and shows the other.
    public static func elements(redis reply: RESPValue) throws(RedisConversionError) -> [RedisArrayElement] {
        try RedisPairs(reply, of: "indexes with values").map { index, value throws(RedisConversionError) in
            try RedisArrayElement(index, value)
        }
    }
}

extension RedisArrayElement: Equatable where Value: Equatable {}
