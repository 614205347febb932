public import BulkheadRESP

/// A field of a hash with its value, as HSCAN finds it.
public struct RedisField<Value: RedisDecodable>: Sendable {
    /// The field's name.
    public let name: RESPBytes
    /// Its value.
    public let value: Value

    @inlinable
    init(name: RESPBytes, value: Value) {
        self.name = name
        self.value = value
    }
}

extension RedisField: RedisDecodable {
    /// Reads an array of a name and a value; throws if it is something else.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pair = try value.requireElements("a field and its value", count: 2)
        self.init(name: try RESPBytes(redis: pair[0]), value: try Value(redis: pair[1]))
    }

    /// Reads fields with values: a map, pairs or a flat array, as either protocol sends them. Names may repeat.
    @inlinable
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [RedisField] {
        try elements(redis: value, like: [])
    }

    /// The same. A name that `model` has in the same place is not copied: the two share its bytes.
    @inlinable
    static func elements(redis value: RESPValue, like model: [RedisField]) throws(RedisConversionError) -> [RedisField]
    {
        let pairs = try RedisPairs(value, of: "fields with values")
        var fields: [RedisField] = []
        fields.reserveCapacity(pairs.count)
        for index in 0..<pairs.count {
            let (elements, place) = try pairs.place(index)
            let isKnown = index < model.count && elements.holds(model[index].name, at: place)
            let name = isKnown ? model[index].name : try RESPBytes(redis: elements[place])
            fields.append(RedisField(name: name, value: try Value.element(place + 1, of: elements)))
        }
        return fields
    }
}

extension RedisField: Equatable where Value: Equatable {}
extension RedisField: Hashable where Value: Hashable {}
extension RedisField: Codable where Value: Codable {}
