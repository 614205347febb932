public import BulkheadRESP

/// One entry of a stream: its id and its fields, in the order they were added; names may repeat.
public struct RedisStreamEntry<Value: RedisDecodable>: RedisDecodable {
    /// Milliseconds since 1970 and a number within them: `1526919030474-55`.
    public let id: String
    /// The fields in the order they were added; empty for a deleted entry that a consumer group still knows.
    public let fields: [RedisField<Value>]

    /// Reads an array of an id and a flat array of fields; throws if it is something else.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self = try Self(redis: value, like: [])
    }

    /// Reads entries. Those of a stream mostly have the same fields: an entry shares the bytes of the names that the
    /// entry before it has too.
    @inlinable
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [RedisStreamEntry] {
        guard case .array(let elements) = value else { return try eachElement(redis: value) }
        var entries: [RedisStreamEntry] = []
        entries.reserveCapacity(elements.count)
        for index in elements.indices {
            entries.append(try RedisStreamEntry(redis: elements[index], like: entries.last?.fields ?? []))
        }
        return entries
    }

    @inlinable
    init(redis value: RESPValue, like model: [RedisField<Value>]) throws(RedisConversionError) {
        let pair = try value.requireElements("an entry's id and fields", count: 2)
        id = try String.element(0, of: pair)
        // A deleted entry has null in place of its fields.
        let rest = pair[1]
        fields = rest.isNull ? [] : try RedisField.elements(redis: rest, like: model)
    }

    /// The first value of that name; nil if there is none.
    public subscript(name: String) -> Value? { fields.first { $0.name.elementsEqual(name.utf8) }?.value }
}

extension RedisStreamEntry: Equatable where Value: Equatable {}
extension RedisStreamEntry: Hashable where Value: Hashable {}
extension RedisStreamEntry: Codable where Value: Codable {}

/// An entry that a consumer was given, and how often others were given it before.
public struct RedisDeliveredEntry<Value: RedisDecodable>: RedisDecodable {
    /// The entry.
    public let entry: RedisStreamEntry<Value>
    /// How long ago it was given to somebody before; zero for a new entry.
    public let idle: Duration
    /// How often it was given to somebody before; 0 for a new entry, or one given back by `xnack` as untried.
    public let deliveries: Int

    /// Reads an array of an id, fields, milliseconds and a count; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, parts.count == 2 || parts.count == 4 else {
            throw RedisConversionError(expected: "an entry of two or four parts", found: value)
        }
        entry = try RedisStreamEntry(redis: .array([parts[0], parts[1]]))
        // Only what is given again has to say so.
        idle = parts.count == 2 ? .zero : .milliseconds(try Int64(redis: parts[2]))
        deliveries = parts.count == 2 ? 0 : try Int(redis: parts[3])
    }
}

extension RedisDeliveredEntry: Equatable where Value: Equatable {}
extension RedisDeliveredEntry: Hashable where Value: Hashable {}
