#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import BulkheadCommands

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
