/// Lists: elements in an order, cheap to change at both ends.
///
/// All throw WRONGTYPE if the key holds another type. A missing key is an empty list; a list that becomes empty is
/// removed. Indexes count from 0; negative ones count from the end, -1 the last. Where there is no value to push,
/// or no list to wait for, nothing is sent, and it throws `command-refused`.
extension RedisCommand {
    /// Puts values in front of a list, one after the other: the last of them becomes the first element.
    ///
    /// - Returns: The list's length after it.
    /// - Complexity: O(N) for N values
    /// - Since: Redis 1.0.0; several values 2.4.0
    @inlinable
    public static func lpush<Value: RedisArgument>(
        _ key: some RedisArgument, _ values: [Value]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>(
            "LPUSH", least: 3, else: .refused(reason: "it needs at least one value to push")
        ) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: values)
        }
    }

    /// Puts values, written one by one, in front of a list: the last of them becomes the first element.
    ///
    /// - Returns: The list's length after it.
    /// - Complexity: O(N) for N values
    /// - Since: Redis 1.0.0; several values 2.4.0
    @inlinable
    public static func lpush<Value: RedisArgument>(
        _ key: some RedisArgument, _ values: Value...
    ) -> RedisCommand<Int> {
        lpush(key, values)
    }

    /// Puts values at the end of a list, in their order.
    ///
    /// - Returns: The list's length after it.
    /// - Complexity: O(N) for N values
    /// - Since: Redis 1.0.0; several values 2.4.0
    @inlinable
    public static func rpush<Value: RedisArgument>(
        _ key: some RedisArgument, _ values: [Value]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>(
            "RPUSH", least: 3, else: .refused(reason: "it needs at least one value to push")
        ) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: values)
        }
    }

    /// Puts values, written one by one, at the end of a list.
    ///
    /// - Returns: The list's length after it.
    /// - Complexity: O(N) for N values
    /// - Since: Redis 1.0.0; several values 2.4.0
    @inlinable
    public static func rpush<Value: RedisArgument>(
        _ key: some RedisArgument, _ values: Value...
    ) -> RedisCommand<Int> {
        rpush(key, values)
    }

    /// Takes the first element out of a list.
    ///
    /// - Returns: The element; nil if the list is empty.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func lpop<Value: RedisDecodable>(
        _ key: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("LPOP") { $0.append(key) }
    }

    /// Takes the last element out of a list.
    ///
    /// - Returns: The element; nil if the list is empty.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func rpop<Value: RedisDecodable>(
        _ key: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("RPOP") { $0.append(key) }
    }

    /// Takes the first element out of the first of these lists that has one, and waits for it as long as all are empty.
    ///
    /// A timeout of zero waits for ever; servers refuse a negative one.
    /// - Returns: The element and its list's key; nil if the time ran out.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 2.0.0; parts of a second 6.0.0
    @inlinable
    public static func blpop<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: [Key], timeout: Duration, as type: Value.Type = String.self
    ) -> RedisCommand<RedisPopped<Value>?> {
        RedisCommand<RedisPopped<Value>?>(
            "BLPOP", route: .blocking, least: 3, else: .refused(reason: "it needs at least one list to wait for")
        ) { arguments in
            arguments.append(contentsOf: keys)
            arguments.append(timeout.redisSeconds)
        }
    }

    /// Takes the first element out of the first of these lists, named one by one, that has one, and waits for it as
    /// long as all are empty.
    ///
    /// A timeout of zero waits for ever; servers refuse a negative one.
    /// - Returns: The element and its list's key; nil if the time ran out.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 2.0.0; parts of a second 6.0.0
    @inlinable
    public static func blpop<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: Key..., timeout: Duration, as type: Value.Type = String.self
    ) -> RedisCommand<RedisPopped<Value>?> {
        blpop(keys, timeout: timeout, as: type)
    }

    /// Takes the last element out of the first of these lists that has one, and waits for it as long as all are empty.
    ///
    /// A timeout of zero waits for ever; servers refuse a negative one.
    /// - Returns: The element and its list's key; nil if the time ran out.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 2.0.0; parts of a second 6.0.0
    @inlinable
    public static func brpop<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: [Key], timeout: Duration, as type: Value.Type = String.self
    ) -> RedisCommand<RedisPopped<Value>?> {
        RedisCommand<RedisPopped<Value>?>(
            "BRPOP", route: .blocking, least: 3, else: .refused(reason: "it needs at least one list to wait for")
        ) { arguments in
            arguments.append(contentsOf: keys)
            arguments.append(timeout.redisSeconds)
        }
    }

    /// Takes the last element out of the first of these lists, named one by one, that has one, and waits for it as
    /// long as all are empty.
    ///
    /// A timeout of zero waits for ever; servers refuse a negative one.
    /// - Returns: The element and its list's key; nil if the time ran out.
    /// - Complexity: O(N) for N keys
    /// - Since: Redis 2.0.0; parts of a second 6.0.0
    @inlinable
    public static func brpop<Key: RedisArgument, Value: RedisDecodable>(
        _ keys: Key..., timeout: Duration, as type: Value.Type = String.self
    ) -> RedisCommand<RedisPopped<Value>?> {
        brpop(keys, timeout: timeout, as: type)
    }

    /// Moves an element from an end of one list to an end of another, or of the same one.
    ///
    /// - Returns: The element; nil if the source is empty, and nothing changes then.
    /// - Complexity: O(1)
    /// - Since: Redis 6.2.0
    @inlinable
    public static func lmove<Value: RedisDecodable>(
        from source: some RedisArgument, _ sourceEnd: RedisListEnd,
        to destination: some RedisArgument, _ destinationEnd: RedisListEnd, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("LMOVE") { arguments in
            arguments.append(source)
            arguments.append(destination)
            arguments.append(sourceEnd.word)
            arguments.append(destinationEnd.word)
        }
    }

    /// Reads the elements `first` through `last`: all of them with 0 and -1.
    ///
    /// - Returns: Those of them that exist.
    /// - Complexity: O(S+N) for N elements, S away from the nearer end
    /// - Since: Redis 1.0.0
    @inlinable
    public static func lrange<Value: RedisDecodable>(
        _ key: some RedisArgument, from first: Int, through last: Int, as type: Value.Type = String.self
    ) -> RedisCommand<[Value]> {
        RedisCommand<[Value]>("LRANGE", route: .bulk) { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
        }
    }

    /// Counts the elements.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func llen(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("LLEN") { $0.append(key) }
    }

    /// Reads one element.
    ///
    /// - Returns: The element; nil if the list is shorter.
    /// - Complexity: O(N) for N elements on the way to it, O(1) at both ends
    /// - Since: Redis 1.0.0
    @inlinable
    public static func lindex<Value: RedisDecodable>(
        _ key: some RedisArgument, _ index: Int, as type: Value.Type = String.self
    ) -> RedisCommand<Value?> {
        RedisCommand<Value?>("LINDEX") { arguments in
            arguments.append(key)
            arguments.append(index)
        }
    }

    /// Replaces one element; throws if there is no such key or the list is shorter.
    ///
    /// - Complexity: O(N) for a list of N elements, O(1) at both ends
    /// - Since: Redis 1.0.0
    @inlinable
    public static func lset(
        _ key: some RedisArgument, index: Int, _ value: some RedisArgument
    ) -> RedisCommand<Void> {
        RedisCommand<Void>("LSET") { arguments in
            arguments.append(key)
            arguments.append(index)
            arguments.append(value)
        }
    }

    /// Removes elements equal to a value: the first `count` of them, from the end if it is negative, all if it is 0.
    ///
    /// - Returns: How many were removed.
    /// - Complexity: O(N+M) for a list of N elements and M removed
    /// - Since: Redis 1.0.0
    @inlinable
    public static func lrem(
        _ key: some RedisArgument, count: Int, _ value: some RedisArgument
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("LREM") { arguments in
            arguments.append(key)
            arguments.append(count)
            arguments.append(value)
        }
    }

    /// Keeps the elements `first` through `last` and removes all others.
    ///
    /// - Complexity: O(N) for N elements removed
    /// - Since: Redis 1.0.0
    @inlinable
    public static func ltrim(_ key: some RedisArgument, from first: Int, through last: Int) -> RedisCommand<Void> {
        RedisCommand<Void>("LTRIM") { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
        }
    }
}
