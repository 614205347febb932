/// Hashes: fields with values under one key.
///
/// All throw WRONGTYPE if the key holds another type. A missing key is an empty hash. Where no field is named nothing
/// is sent: counts are 0, reads are empty, and `hset` throws `command-refused`.
extension RedisCommand {
    /// Writes one field.
    ///
    /// - Returns: 1 if the field is new; 0 if it was overwritten.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hset(
        _ key: some RedisArgument, _ field: some RedisArgument, _ value: some RedisArgument
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("HSET") { arguments in
            arguments.append(key)
            arguments.append(field)
            arguments.append(value)
        }
    }

    /// Writes several fields, values of any kind: `["name": "Ada", "vector": [0.5, 1.5] as [Float]]`.
    ///
    /// - Returns: How many fields are new.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0; several fields 4.0.0
    @inlinable
    public static func hset(
        _ key: some RedisArgument, _ fields: KeyValuePairs<String, any RedisArgument>
    ) -> RedisCommand<Int> {
        hset(key, pairs: fields.erased)
    }

    /// Writes several fields: the pairs of a dictionary or another sequence.
    ///
    /// - Returns: How many fields are new.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0; several fields 4.0.0
    @inlinable
    public static func hset(
        _ key: some RedisArgument, pairs: some Sequence<(key: some RedisArgument, value: some RedisArgument)>
    ) -> RedisCommand<Int> {
        RedisCommand<Int>(
            "HSET", least: 4, else: .refused(reason: "a hash is written by at least one field")
        ) { arguments in
            arguments.append(key)
            arguments.append(pairs: pairs)
        }
    }

    /// Writes a field unless it exists.
    ///
    /// - Returns: False if the field exists; it is left as it was.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hsetnx(
        _ key: some RedisArgument, _ field: some RedisArgument, _ value: some RedisArgument
    ) -> RedisCommand<Bool> {
        RedisCommand<Bool>("HSETNX") { arguments in
            arguments.append(key)
            arguments.append(field)
            arguments.append(value)
        }
    }

    /// Reads one field.
    ///
    /// - Returns: Its value; nil if there is no such field or key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hget<Value: RedisDecodable>(
        _ key: some RedisArgument, _ field: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("HGET") { arguments in
            arguments.append(key)
            arguments.append(field)
        }
    }

    /// Reads several fields.
    ///
    /// - Returns: One value for each field, in their order; nil where there is none.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hmget<Field: RedisArgument, Value: RedisDecodable>(
        _ key: some RedisArgument, _ fields: [Field], as type: Value.Type = String.self
    ) -> RedisCommand<[Value?]> {
        RedisCommand<[Value?]>("HMGET", least: 3, else: .answered(.nothing)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: fields)
        }
    }

    /// Reads several fields, named one by one.
    ///
    /// - Returns: One value for each field, in their order; nil where there is none.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hmget<Field: RedisArgument, Value: RedisDecodable>(
        _ key: some RedisArgument, _ fields: Field..., as type: Value.Type = String.self
    ) -> RedisCommand<[Value?]> {
        hmget(key, fields, as: type)
    }

    /// Reads a whole hash.
    ///
    /// Names whose bytes differ can be equal as `String`: then it throws, and `fields: RESPBytes.self` reads them.
    /// - Returns: Its fields and values; empty if there is no such key.
    /// - Complexity: O(N) for a hash of N fields
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hgetall<Field: RedisDecodable & Hashable, Value: RedisDecodable>(
        _ key: some RedisArgument, fields: Field.Type = String.self, as type: Value.Type = String.self
    ) -> RedisCommand<[Field: Value]> {
        RedisCommand<[Field: Value]>("HGETALL", route: .bulk) { $0.append(key) }
    }

    /// Deletes fields; the key goes with its last field.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0; several fields 2.4.0
    @inlinable
    public static func hdel<Field: RedisArgument>(
        _ key: some RedisArgument, _ fields: [Field]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("HDEL", least: 3, else: .answered(.zero)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: fields)
        }
    }

    /// Deletes fields, named one by one; the key goes with its last field.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0; several fields 2.4.0
    @inlinable
    public static func hdel<Field: RedisArgument>(
        _ key: some RedisArgument, _ fields: Field...
    ) -> RedisCommand<Int> {
        hdel(key, fields)
    }

    /// Asks whether a field exists.
    ///
    /// - Returns: False if there is no such field or key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hexists(_ key: some RedisArgument, _ field: some RedisArgument) -> RedisCommand<Bool> {
        RedisCommand<Bool>("HEXISTS") { arguments in
            arguments.append(key)
            arguments.append(field)
        }
    }

    /// Counts the fields.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hlen(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("HLEN") { $0.append(key) }
    }

    /// Measures the value of a field.
    ///
    /// - Returns: Its length in bytes; 0 if there is no such field or key.
    /// - Complexity: O(1)
    /// - Since: Redis 3.2.0
    @inlinable
    public static func hstrlen(_ key: some RedisArgument, _ field: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("HSTRLEN") { arguments in
            arguments.append(key)
            arguments.append(field)
        }
    }

    /// Reads the names of all fields.
    ///
    /// - Returns: The names, in no order; empty if there is no such key.
    /// - Complexity: O(N) for a hash of N fields
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hkeys<Field: RedisDecodable>(
        _ key: some RedisArgument, as type: Field.Type = String.self
    ) -> RedisCommand<[Field]> {
        RedisCommand<[Field]>("HKEYS", route: .bulk) { $0.append(key) }
    }

    /// Reads the values of all fields.
    ///
    /// - Returns: The values, in no order; empty if there is no such key.
    /// - Complexity: O(N) for a hash of N fields
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hvals<Value: RedisDecodable>(
        _ key: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<[Value]> {
        RedisCommand<[Value]>("HVALS", route: .bulk) { $0.append(key) }
    }

    /// Adds to the number in a field; a missing field counts from 0.
    ///
    /// Throws if the value is not a decimal integer of 64 bits or would leave that range; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 2.0.0
    @inlinable
    public static func hincrby(
        _ key: some RedisArgument, _ field: some RedisArgument, by amount: Int
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("HINCRBY") { arguments in
            arguments.append(key)
            arguments.append(field)
            arguments.append(amount)
        }
    }

    /// Adds to the number in a field, with a fraction; a missing field counts from 0.
    ///
    /// Throws if the value is not a number, or the sum would be infinite; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 2.6.0
    @inlinable
    public static func hincrbyfloat(
        _ key: some RedisArgument, _ field: some RedisArgument, by amount: Double
    ) -> RedisCommand<Double> {
        RedisCommand<Double>("HINCRBYFLOAT") { arguments in
            arguments.append(key)
            arguments.append(field)
            arguments.append(amount)
        }
    }
}
