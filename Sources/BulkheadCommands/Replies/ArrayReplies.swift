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

/// What is known of an array. Since Redis 8.8.0
public struct RedisArrayInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many values there are.
    public let count: Int
    /// One more than the greatest index.
    public let length: Int
    /// Where the next inserted value goes; 0 also if there is no greater index, where `arnext` gives nil.
    public let nextIndex: Int

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        count = try record.required("count")
        length = try record.required("len")
        nextIndex = try record.required("next-insert-index")
    }
}
