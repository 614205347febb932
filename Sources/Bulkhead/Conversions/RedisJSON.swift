#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import BulkheadCommands
public import BulkheadRESP

/// A `Codable` value as JSON, wherever an argument or a reply can stand.
///
/// ```swift
/// try await database.hset("user:1", "profile", RedisJSONValue(profile))
/// let profile = try await database.hget("user:1", "profile", as: RedisJSONValue<Profile>.self)?.value
/// ```
/// For strings and fields of hashes there are shorter forms: `set(_:json:)`, `get(_:json:)`, `hset(_:_:json:)` and
/// `hget(_:_:json:)`.
public struct RedisJSONValue<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// The value as it is sent.
    private let bytes: RESPBytes
}

extension RedisJSONValue: Equatable where Value: Equatable {
    public static func == (left: RedisJSONValue, right: RedisJSONValue) -> Bool { left.value == right.value }
}
extension RedisJSONValue: Hashable where Value: Hashable {
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension RedisJSONValue: RedisArgument where Value: Encodable {
    /// Encodes a value; throws `invalid-argument` if that fails, naming the place and not the value.
    public init(_ value: Value, encoder: JSONEncoder = JSONEncoder()) throws(RedisError) {
        self.value = value
        do {
            bytes = RESPBytes(try encoder.encode(value))
        } catch {
            throw RedisError(.invalidArgument, "a value of \(Value.self) cannot be encoded as JSON\(error.place)")
        }
    }

    /// The JSON.
    public func append(to arguments: inout RedisArguments) { arguments.append(bytes) }
}

extension RedisJSONValue: RedisDecodable where Value: Decodable {
    /// Reads JSON; throws if it is not JSON of that type, or nests deeper than 500 levels.
    public init(redis reply: RESPValue) throws(RedisConversionError) {
        try self.init(redis: reply, decoder: JSONDecoder())
    }

    init(redis reply: RESPValue, decoder: JSONDecoder) throws(RedisConversionError) {
        bytes = try RESPBytes(redis: reply)
        let json = Array(bytes)
        // In UTF-16 and UTF-32, which the parser would read too, brackets are not found by their bytes.
        guard !json.contains(0), !json.nestsJSONDeeper(than: 500) else {
            throw RedisConversionError(expected: "JSON in UTF-8 of at most 500 levels", found: reply)
        }
        do {
            value = try decoder.decode(Value.self, from: Data(json))
        } catch {
            throw RedisConversionError(expected: "JSON of \(Value.self)", found: reply.kindInWords + error.place)
        }
    }
}

extension Error {
    /// Where a value could not be encoded or decoded: ` (profile.visits[3])`. Only names that a program declares are
    /// shown: keys of dictionaries are content.
    fileprivate var place: String {
        let path: [any CodingKey]? =
            switch self as any Error {
            case EncodingError.invalidValue(_, let context): context.codingPath
            case DecodingError.keyNotFound(let key, let context): context.codingPath + [key]
            case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
                DecodingError.dataCorrupted(let context):
                context.codingPath
            default: nil
            }
        guard let path, !path.isEmpty else { return "" }
        let words = path.reduce(into: "") { words, key in
            if let index = key.intValue {
                words += "[\(index)]"
            } else if Mirror(reflecting: key).displayStyle == .enum {
                words += (words.isEmpty ? "" : ".") + key.stringValue
            } else {
                words += "[…]"
            }
        }
        return " (\(words))"
    }
}

extension RedisCommand {
    /// Writes a value as JSON, as `set` does; throws `invalid-argument` if it cannot be encoded.
    public static func set(
        _ key: some RedisArgument, json value: some Encodable & Sendable, expiry: RedisExpiry? = nil,
        condition: RedisSetCondition? = nil, encoder: JSONEncoder = JSONEncoder()
    ) throws(RedisError) -> RedisCommand<Bool> {
        .set(key, try RedisJSONValue(value, encoder: encoder), expiry: expiry, condition: condition)
    }

    /// Reads a value from JSON, as `get` does; other content throws `unexpected-reply`.
    public static func get<Value: Decodable & Sendable>(
        _ key: some RedisArgument, json type: Value.Type, decoder: JSONDecoder = JSONDecoder()
    ) -> RedisCommand<Value?> {
        RedisCommand<RESPValue?>.get(key, as: RESPValue.self).map { reply throws(RedisConversionError) in
            guard let reply else { return nil }
            return try RedisJSONValue<Value>(redis: reply, decoder: decoder).value
        }
    }

    /// Writes a field of a hash as JSON, as `hset` does; throws `invalid-argument` if it cannot be encoded.
    public static func hset(
        _ key: some RedisArgument, _ field: some RedisArgument, json value: some Encodable & Sendable,
        encoder: JSONEncoder = JSONEncoder()
    ) throws(RedisError) -> RedisCommand<Int> {
        .hset(key, field, try RedisJSONValue(value, encoder: encoder))
    }

    /// Reads a field of a hash from JSON, as `hget` does; other content throws `unexpected-reply`.
    public static func hget<Value: Decodable & Sendable>(
        _ key: some RedisArgument, _ field: some RedisArgument, json type: Value.Type,
        decoder: JSONDecoder = JSONDecoder()
    ) -> RedisCommand<Value?> {
        RedisCommand<RESPValue?>.hget(key, field, as: RESPValue.self).map { reply throws(RedisConversionError) in
            guard let reply else { return nil }
            return try RedisJSONValue<Value>(redis: reply, decoder: decoder).value
        }
    }
}

extension RedisExecutor {
    /// Writes a value as JSON.
    ///
    /// ```swift
    /// try await database.set("profile:1", json: profile, expiry: .after(.seconds(3600)))
    /// ```
    /// - Returns: True if it was written; false if the condition did not hold.
    /// - Throws: `invalid-argument`, before anything is sent, if it cannot be encoded.
    @discardableResult
    public func set(
        _ key: some RedisArgument, json value: some Encodable & Sendable, expiry: RedisExpiry? = nil,
        condition: RedisSetCondition? = nil, encoder: JSONEncoder = JSONEncoder()
    ) async throws(RedisError) -> Bool {
        let command: RedisCommand<Bool>
        do {
            command = try .set(key, json: value, expiry: expiry, condition: condition, encoder: encoder)
        } catch {
            throw error.at(name, "SET")
        }
        return try await run(command)
    }

    /// Reads a value from JSON.
    ///
    /// ```swift
    /// let profile = try await database.get("profile:1", json: Profile.self)
    /// ```
    /// - Returns: The value; nil if there is no such key.
    /// - Throws: `unexpected-reply` if it is not JSON of that type.
    public func get<Value: Decodable & Sendable>(
        _ key: some RedisArgument, json type: Value.Type, decoder: JSONDecoder = JSONDecoder()
    ) async throws(RedisError) -> Value? {
        try await run(.get(key, json: type, decoder: decoder))
    }

    /// Writes a field of a hash as JSON.
    ///
    /// - Returns: 1 if the field is new; 0 if it was overwritten.
    /// - Throws: `invalid-argument`, before anything is sent, if it cannot be encoded.
    @discardableResult
    public func hset(
        _ key: some RedisArgument, _ field: some RedisArgument, json value: some Encodable & Sendable,
        encoder: JSONEncoder = JSONEncoder()
    ) async throws(RedisError) -> Int {
        let command: RedisCommand<Int>
        do {
            command = try .hset(key, field, json: value, encoder: encoder)
        } catch {
            throw error.at(name, "HSET")
        }
        return try await run(command)
    }

    /// Reads a field of a hash from JSON.
    ///
    /// - Returns: The value; nil if there is no such field or key.
    /// - Throws: `unexpected-reply` if it is not JSON of that type.
    public func hget<Value: Decodable & Sendable>(
        _ key: some RedisArgument, _ field: some RedisArgument, json type: Value.Type,
        decoder: JSONDecoder = JSONDecoder()
    ) async throws(RedisError) -> Value? {
        try await run(.hget(key, field, json: type, decoder: decoder))
    }
}

extension BlockingRedisExecutor {
    /// Writes a value as JSON.
    ///
    /// ```swift
    /// try database.set("profile:1", json: profile, expiry: .after(.seconds(3600)))
    /// ```
    /// - Returns: True if it was written; false if the condition did not hold.
    /// - Throws: `invalid-argument`, before anything is sent, if it cannot be encoded.
    @discardableResult
    public func set(
        _ key: some RedisArgument, json value: some Encodable & Sendable, expiry: RedisExpiry? = nil,
        condition: RedisSetCondition? = nil, encoder: JSONEncoder = JSONEncoder()
    ) throws(RedisError) -> Bool {
        let command: RedisCommand<Bool>
        do {
            command = try .set(key, json: value, expiry: expiry, condition: condition, encoder: encoder)
        } catch {
            throw error.at(name, "SET")
        }
        return try run(command)
    }

    /// Reads a value from JSON.
    ///
    /// ```swift
    /// let profile = try database.get("profile:1", json: Profile.self)
    /// ```
    /// - Returns: The value; nil if there is no such key.
    /// - Throws: `unexpected-reply` if it is not JSON of that type.
    public func get<Value: Decodable & Sendable>(
        _ key: some RedisArgument, json type: Value.Type, decoder: JSONDecoder = JSONDecoder()
    ) throws(RedisError) -> Value? {
        try run(.get(key, json: type, decoder: decoder))
    }

    /// Writes a field of a hash as JSON.
    ///
    /// - Returns: 1 if the field is new; 0 if it was overwritten.
    /// - Throws: `invalid-argument`, before anything is sent, if it cannot be encoded.
    @discardableResult
    public func hset(
        _ key: some RedisArgument, _ field: some RedisArgument, json value: some Encodable & Sendable,
        encoder: JSONEncoder = JSONEncoder()
    ) throws(RedisError) -> Int {
        let command: RedisCommand<Int>
        do {
            command = try .hset(key, field, json: value, encoder: encoder)
        } catch {
            throw error.at(name, "HSET")
        }
        return try run(command)
    }

    /// Reads a field of a hash from JSON.
    ///
    /// - Returns: The value; nil if there is no such field or key.
    /// - Throws: `unexpected-reply` if it is not JSON of that type.
    public func hget<Value: Decodable & Sendable>(
        _ key: some RedisArgument, _ field: some RedisArgument, json type: Value.Type,
        decoder: JSONDecoder = JSONDecoder()
    ) throws(RedisError) -> Value? {
        try run(.hget(key, field, json: type, decoder: decoder))
    }
}
