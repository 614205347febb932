/// Keys of any type. Where no key is named nothing is sent, and counts are 0.
extension RedisCommand {
    /// Deletes keys; large values are freed before it answers, see `unlink`.
    ///
    /// - Returns: How many keys there were.
    /// - Complexity: O(N) for N keys, and O(M) for each list, set, hash or stream of M elements
    /// - Since: Redis 1.0.0
    @inlinable
    public static func del<Key: RedisArgument>(_ keys: [Key]) -> RedisCommand<Int> {
        RedisCommand<Int>("DEL", least: 2, else: .answered(.zero)) { $0.append(contentsOf: keys) }
    }

    /// Deletes keys, named one by one; large values are freed before it answers, see `unlink`.
    ///
    /// - Returns: How many keys there were.
    /// - Complexity: O(N) for N keys, and O(M) for each list, set, hash or stream of M elements
    /// - Since: Redis 1.0.0
    @inlinable
    public static func del<Key: RedisArgument>(_ keys: Key...) -> RedisCommand<Int> {
        del(keys)
    }

    /// Deletes keys at once, and frees their memory in the background.
    ///
    /// - Returns: How many keys there were.
    /// - Complexity: O(1) for each key, whatever its size
    /// - Since: Redis 4.0.0
    @inlinable
    public static func unlink<Key: RedisArgument>(_ keys: [Key]) -> RedisCommand<Int> {
        RedisCommand<Int>("UNLINK", least: 2, else: .answered(.zero)) { $0.append(contentsOf: keys) }
    }

    /// Deletes keys at once, named one by one, and frees their memory in the background.
    ///
    /// - Returns: How many keys there were.
    /// - Complexity: O(1) for each key, whatever its size
    /// - Since: Redis 4.0.0
    @inlinable
    public static func unlink<Key: RedisArgument>(_ keys: Key...) -> RedisCommand<Int> {
        unlink(keys)
    }

    /// Counts which of these keys exist.
    ///
    /// - Returns: How many; a key that is named twice counts twice.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.0; several keys 3.0.3
    @inlinable
    public static func exists<Key: RedisArgument>(_ keys: [Key]) -> RedisCommand<Int> {
        RedisCommand<Int>("EXISTS", least: 2, else: .answered(.zero)) { $0.append(contentsOf: keys) }
    }

    /// Counts which of these keys, named one by one, exist.
    ///
    /// - Returns: How many; a key that is named twice counts twice.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 1.0.0; several keys 3.0.3
    @inlinable
    public static func exists<Key: RedisArgument>(_ keys: Key...) -> RedisCommand<Int> {
        exists(keys)
    }

    /// Marks keys as used just now, for eviction.
    ///
    /// - Returns: How many of them exist.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 3.2.1
    @inlinable
    public static func touch<Key: RedisArgument>(_ keys: [Key]) -> RedisCommand<Int> {
        RedisCommand<Int>("TOUCH", least: 2, else: .answered(.zero)) { $0.append(contentsOf: keys) }
    }

    /// Marks keys, named one by one, as used just now, for eviction.
    ///
    /// - Returns: How many of them exist.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 3.2.1
    @inlinable
    public static func touch<Key: RedisArgument>(_ keys: Key...) -> RedisCommand<Int> {
        touch(keys)
    }

    /// Lets a key end some time from now (`PEXPIRE`, in milliseconds, rounded up); zero or less deletes it at once.
    ///
    /// - Returns: False if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.6.0
    @inlinable
    public static func expire(_ key: some RedisArgument, after duration: Duration) -> RedisCommand<Bool> {
        RedisCommand<Bool>("PEXPIRE") { arguments in
            arguments.append(key)
            arguments.append(duration.redisMilliseconds)
        }
    }

    /// Lets a key end at a time (`PEXPIREAT`): milliseconds since 1970, by the server's clock; the past deletes it.
    ///
    /// - Returns: False if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.6.0
    @inlinable
    public static func expire(_ key: some RedisArgument, atUnixMilliseconds time: Int64) -> RedisCommand<Bool> {
        RedisCommand<Bool>("PEXPIREAT") { arguments in
            arguments.append(key)
            arguments.append(time)
        }
    }

    /// Removes a key's expiry, so that it stays.
    ///
    /// - Returns: False if there is no such key or it had no expiry.
    /// - Complexity: O(1)
    /// - Since: Redis 2.2.0
    @inlinable
    public static func persist(_ key: some RedisArgument) -> RedisCommand<Bool> {
        RedisCommand<Bool>("PERSIST") { $0.append(key) }
    }

    /// Asks how long a key will live (`PTTL`, in milliseconds).
    ///
    /// - Returns: The time left, or that there is no expiry or no key.
    /// - Complexity: O(1)
    /// - Since: Redis 2.6.0
    @inlinable
    public static func ttl(_ key: some RedisArgument) -> RedisCommand<RedisTimeToLive> {
        RedisCommand<RedisTimeToLive>("PTTL") { $0.append(key) }
    }

    /// Asks for the type of a key's value.
    ///
    /// - Returns: `string`, `list`, `set`, `zset`, `hash`, `stream` or a module's own; `none` if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func type(_ key: some RedisArgument) -> RedisCommand<String> {
        RedisCommand<String>("TYPE") { $0.append(key) }
    }

    /// Renames a key, in place of whatever the new name held; throws if there is no such key.
    ///
    /// - Complexity: O(1), and the deletion of what the new name held
    /// - Since: Redis 1.0.0
    @inlinable
    public static func rename(_ key: some RedisArgument, to newKey: some RedisArgument) -> RedisCommand<Void> {
        RedisCommand<Void>("RENAME") { arguments in
            arguments.append(key)
            arguments.append(newKey)
        }
    }

    /// Renames a key unless the new name is taken; throws if there is no such key.
    ///
    /// - Returns: False if the new name is taken; nothing changes then.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func renamenx(_ key: some RedisArgument, to newKey: some RedisArgument) -> RedisCommand<Bool> {
        RedisCommand<Bool>("RENAMENX") { arguments in
            arguments.append(key)
            arguments.append(newKey)
        }
    }

    /// Copies a value with its expiry to another key of the same database.
    ///
    /// - Returns: False if there is no such key, or the new one is taken and not to be replaced.
    /// - Complexity: O(N) for N elements, O(1) for a string
    /// - Since: Redis 6.2.0
    @inlinable
    public static func copy(
        _ key: some RedisArgument, to newKey: some RedisArgument, replace: Bool = false
    ) -> RedisCommand<Bool> {
        RedisCommand<Bool>("COPY") { arguments in
            arguments.append(key)
            arguments.append(newKey)
            if replace { arguments.append("REPLACE") }
        }
    }

    /// Picks a key at random.
    ///
    /// Throws if it is not UTF-8: ask `as: RESPBytes.self` where any bytes may be keys.
    /// - Returns: A key; nil if the database is empty.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func randomkey<Key: RedisDecodable>(as type: Key.Type = String.self) -> RedisCommand<Key?> {
        RedisCommand<Key?>(
            "RANDOMKEY",
            decode: { reply throws(RedisConversionError) in
                do throws(RedisConversionError) {
                    return try Key?(redis: reply)
                } catch {
                    throw error.naming("a key", ask: "ask with as: RESPBytes.self")
                }
            })
    }
}
