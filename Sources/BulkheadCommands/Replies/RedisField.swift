public import BulkheadRESP

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
extension RedisField: Codable where Value: Codable {}
