public import BulkheadRESP

/// What BLPOP and BRPOP took, and from which list.
public struct RedisPopped<Value: RedisDecodable>: RedisDecodable {
    /// The list's key.
    public let key: RESPBytes
    /// The element, which is no longer in the list.
    public let value: Value

    /// Reads an array of a key and a value; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pair = try value.requireElements("a key and a value", count: 2)
        key = try RESPBytes(redis: pair[0])
        self.value = try Value(redis: pair[1])
    }
}

extension RedisPopped: Equatable where Value: Equatable {}
extension RedisPopped: Hashable where Value: Hashable {}
extension RedisPopped: Codable where Value: Codable {}
