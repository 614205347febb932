public import BulkheadRESP

/// Strings: bytes of any kind, up to 512 MB, that are also counters.
///
/// All but SET, MGET and MSET throw WRONGTYPE if the key holds another type. Where no key is named nothing is sent:
/// `mget` is empty, `mset` throws `command-refused`.
extension RedisCommand {
    /// Reads a string.
    ///
    /// - Returns: The value; nil if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func get<Value: RedisDecodable>(
        _ key: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("GET") { $0.append(key) }
    }

    /// Writes a string in place of whatever the key held, and of its expiry unless that is kept.
    ///
    /// - Returns: True if it was written; false if the condition did not hold.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0; conditions and times 2.6.12
    @inlinable
    public static func set(
        _ key: some RedisArgument, _ value: some RedisArgument,
        expiry: RedisExpiry? = nil, condition: RedisSetCondition? = nil
    ) -> RedisCommand<Bool> {
        RedisCommand<Bool>(
            "SET", decode: { reply throws(RedisConversionError) in !reply.isNull }
        ) { arguments in
            arguments.append(key)
            arguments.append(value)
            condition?.append(to: &arguments)
            expiry?.append(to: &arguments)
        }
    }

    /// Reads a string and deletes it.
    ///
    /// - Returns: The value; nil if there was no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 6.2.0
    @inlinable
    public static func getdel<Value: RedisDecodable>(
        _ key: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("GETDEL") { $0.append(key) }
    }

    /// Reads a string and changes when it ends.
    ///
    /// - Returns: The value; nil if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 6.2.0
    @inlinable
    public static func getex<Value: RedisDecodable>(
        _ key: some RedisArgument, expiry: RedisExpiryChange, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("GETEX") { arguments in
            arguments.append(key)
            expiry.append(to: &arguments)
        }
    }

    /// Reads several strings.
    ///
    /// - Returns: One value for each key, in their order; nil where there is no key or it holds another type.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.0
    @inlinable
    public static func mget<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: [Key], as type: Value.Type = String.self
    ) -> RedisCommand<[Value?]> {
        RedisCommand<[Value?]>("MGET", route: .bulk, least: 2, else: .answered(.nothing)) {
            $0.append(contentsOf: keys)
        }
    }

    /// Reads several strings, their keys named one by one.
    ///
    /// - Returns: One value for each key, in their order; nil where there is no key or it holds another type.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.0
    @inlinable
    public static func mget<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: Key..., as type: Value.Type = String.self
    ) -> RedisCommand<[Value?]> {
        mget(keys, as: type)
    }

    /// Writes several strings at once, values of any kind: `["name": "Ada", "vector": [0.5, 1.5] as [Float]]`.
    ///
    /// It is atomic, replaces whatever the keys held, and removes their expiry.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.1
    @inlinable
    public static func mset(_ pairs: KeyValuePairs<String, any RedisArgument>) -> RedisCommand<Void> {
        mset(pairs: pairs.erased)
    }

    /// Writes several strings at once: the pairs of a dictionary or another sequence.
    ///
    /// It is atomic, replaces whatever the keys held, and removes their expiry.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.1
    @inlinable
    public static func mset(
        pairs: some Sequence<(key: some RedisArgument, value: some RedisArgument)>
    ) -> RedisCommand<Void> {
        RedisCommand<Void>("MSET", least: 3, else: .refused(reason: "it needs at least one key with a value")) {
            $0.append(pairs: pairs)
        }
    }

    /// Adds 1 to a number; a missing key counts from 0.
    ///
    /// Throws if the string is not a decimal integer of 64 bits or would leave that range; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func incr(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("INCR") { $0.append(key) }
    }

    /// Adds to a number; a missing key counts from 0.
    ///
    /// Throws if the string is not a decimal integer of 64 bits or would leave that range; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func incrby(_ key: some RedisArgument, by amount: Int) -> RedisCommand<Int> {
        RedisCommand<Int>("INCRBY") { arguments in
            arguments.append(key)
            arguments.append(amount)
        }
    }

    /// Adds to a number with a fraction; a missing key counts from 0.
    ///
    /// Throws if the string is not a number, or the sum would be infinite; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 2.6.0
    @inlinable
    public static func incrbyfloat(_ key: some RedisArgument, by amount: Double) -> RedisCommand<Double> {
        RedisCommand<Double>("INCRBYFLOAT") { arguments in
            arguments.append(key)
            arguments.append(amount)
        }
    }

    /// Subtracts 1 from a number; a missing key counts from 0.
    ///
    /// Throws if the string is not a decimal integer of 64 bits or would leave that range; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func decr(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("DECR") { $0.append(key) }
    }

    /// Subtracts from a number; a missing key counts from 0.
    ///
    /// Throws if the string is not a decimal integer of 64 bits or would leave that range; nothing changes then.
    /// - Returns: The number after it.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func decrby(_ key: some RedisArgument, by amount: Int) -> RedisCommand<Int> {
        RedisCommand<Int>("DECRBY") { arguments in
            arguments.append(key)
            arguments.append(amount)
        }
    }

    /// Appends bytes to a string; a missing key is an empty one.
    ///
    /// - Returns: The length after it, in bytes.
    /// - Complexity: O(1), amortized
    /// - Since: Redis 2.0.0
    @inlinable
    public static func append(_ key: some RedisArgument, _ value: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("APPEND") { arguments in
            arguments.append(key)
            arguments.append(value)
        }
    }

    /// Measures a string.
    ///
    /// - Returns: Its length in bytes; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.2.0
    @inlinable
    public static func strlen(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("STRLEN") { $0.append(key) }
    }

    /// Reads bytes `first` through `last` of a string, counted from 0; negative ones count from its end.
    ///
    /// - Returns: The part that exists; empty if none does.
    /// - Complexity: O(N) for N bytes returned
    /// - Since: Redis 2.4.0
    @inlinable
    public static func getrange<Value: RedisDecodable>(
        _ key: some RedisArgument, from first: Int, through last: Int, as type: Value.Type = String.self
    ) -> RedisCommand<Value> {
        RedisCommand<Value>("GETRANGE") { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
        }
    }

    /// Overwrites a string from a byte offset on, filled up with zero bytes as far as it was shorter.
    ///
    /// - Returns: The length after it, in bytes.
    /// - Complexity: O(1), without the copying of the new bytes
    /// - Since: Redis 2.2.0
    @inlinable
    public static func setrange(
        _ key: some RedisArgument, offset: Int, _ value: some RedisArgument
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("SETRANGE") { arguments in
            arguments.append(key)
            arguments.append(offset)
            arguments.append(value)
        }
    }
}
