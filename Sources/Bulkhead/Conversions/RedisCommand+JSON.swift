#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import BulkheadCommands
import BulkheadRESP

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
