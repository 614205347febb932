public import BulkheadRESP

/// A reply of named fields, all of them kept: what a later server adds is found by its name.
public struct RedisRecord: RedisDecodable, Hashable {
    /// The fields in the order of the reply.
    public let fields: [(name: String, value: RESPValue)]

    /// Reads a map or a flat array of names and values; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        fields = try RedisPairs(value, of: "named fields").map { name, value throws(RedisConversionError) in
            (try String(redis: name), value.detached())
        }
    }

    /// The value of that name, as it came; nil if the server did not send it.
    public subscript(name: String) -> RESPValue? { fields.first { $0.name == name }?.value }

    /// True if both have the same fields in the same order.
    public static func == (left: RedisRecord, right: RedisRecord) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Hashes all fields.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(fields.count)
        for field in fields {
            hasher.combine(field.name)
            hasher.combine(field.value)
        }
    }

    /// The value of that name; throws if there is none, or it is no such type.
    package func required<Value: RedisDecodable>(_ name: String) throws(RedisConversionError) -> Value {
        guard let value = self[name] else {
            throw RedisConversionError(expected: "a record with \(name)", found: "\(fields.count) other fields")
        }
        return try Value(redis: value)
    }

    /// The value of that name; nil if there is none.
    package func optional<Value: RedisDecodable>(_ name: String) throws(RedisConversionError) -> Value? {
        guard let value = self[name] else { return nil }
        return try Value?(redis: value)
    }

    /// The value of that name; nil if there is none, or it is the one by which servers say so.
    package func optional<Value: RedisDecodable & Equatable>(
        _ name: String, unless nothing: Value
    ) throws(RedisConversionError) -> Value? {
        let value: Value? = try optional(name)
        return value == nothing ? nil : value
    }
}

/// What was found under a key: of several the one, or each.
public struct RedisKeyed<Value: RedisDecodable>: RedisDecodable {
    /// The key.
    public let key: RESPBytes
    /// What was found under it.
    public let value: Value

    /// Reads an array of a key and what belongs to it; throws if it is something else.
    @inlinable
    public init(redis reply: RESPValue) throws(RedisConversionError) {
        guard let parts = reply.withoutAttributes.elements, parts.count >= 2 else {
            throw RedisConversionError(expected: "a key and what was found there", found: reply)
        }
        key = try RESPBytes(redis: parts[0])
        // BZPOPMIN answers key, member and score in one row.
        value = try Value(redis: parts.count == 2 ? parts[1] : .array(RESPArray(parts.dropFirst())))
    }

    /// Reads a map from keys, or pairs; nothing for null, by which servers say that nothing came.
    @inlinable
    static func each(redis reply: RESPValue) throws(RedisConversionError) -> [RedisKeyed] {
        reply.isNull ? [] : try [RedisKeyed](redis: reply)
    }
}

extension RedisKeyed: Equatable where Value: Equatable {}

/// A number that a server answers for what became of something, with a name.
public protocol RedisOutcome: RedisDecodable, RawRepresentable, Hashable where RawValue == Int {}

/// When a key or a field ends.
public struct RedisExpiryTime: Sendable, Hashable, RedisDecodable {
    /// As servers say it: -2 without a key, -1 without an expiry.
    private let milliseconds: Int64

    /// There is no such key or field.
    public static let noKey = RedisExpiryTime(milliseconds: -2)
    /// It stays until it is deleted.
    public static let noExpiry = RedisExpiryTime(milliseconds: -1)

    /// It ends at this time: milliseconds since 1970, by the server's clock.
    public static func at(unixMilliseconds time: Int64) -> RedisExpiryTime {
        RedisExpiryTime(milliseconds: max(0, time))
    }

    private init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Milliseconds since 1970, by the server's clock; nil where there is no key, or it has no expiry.
    public var unixMilliseconds: Int64? { milliseconds < 0 ? nil : milliseconds }

    /// Reads a number, -2 for no key and -1 for no expiry.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        milliseconds = max(-2, try Int64(redis: value))
    }
}
