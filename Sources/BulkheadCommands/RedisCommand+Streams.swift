/// Streams: entries in the order of their ids, added at the end.
///
/// All throw WRONGTYPE if the key holds another type. A missing key is an empty stream; one that becomes empty stays.
/// Where nothing is named nothing is sent: `xdel` counts 0, `xadd` throws `command-refused`.
extension RedisCommand {
    /// Adds an entry, values of any kind: `["kind": "click", "vector": [0.5, 1.5] as [Float]]`; names may repeat.
    ///
    /// The id `*` lets the server choose one; another id must be greater than all in the stream, or it throws.
    /// - Returns: The entry's id.
    /// - Complexity: O(1), and O(N) for N entries trimmed
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xadd(
        _ key: some RedisArgument, _ fields: KeyValuePairs<String, any RedisArgument>,
        id: String = "*", trim: RedisStreamTrim? = nil
    ) -> RedisCommand<String> {
        xadd(key, pairs: fields.erased, id: id, trim: trim)
    }

    /// Adds an entry: the pairs of a dictionary or another sequence.
    ///
    /// The id `*` lets the server choose one; another id must be greater than all in the stream, or it throws.
    /// - Returns: The entry's id.
    /// - Complexity: O(1), and O(N) for N entries trimmed
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xadd(
        _ key: some RedisArgument, pairs: some Sequence<(key: some RedisArgument, value: some RedisArgument)>,
        id: String = "*", trim: RedisStreamTrim? = nil
    ) -> RedisCommand<String> {
        RedisCommand<String>(
            "XADD", least: 5 + (trim?.wordCount ?? 0), else: .refused(reason: "an entry needs at least one field")
        ) { arguments in
            arguments.append(key)
            trim?.append(to: &arguments)
            arguments.append(id)
            arguments.append(pairs: pairs)
        }
    }

    /// Reads entries from the oldest to the newest, ids `first` through `last`; `-` and `+` are the ends.
    ///
    /// An id that begins with `(` is left out itself, since Redis 6.2.0.
    /// - Returns: The entries, at most `count`; empty if there is no such key.
    /// - Complexity: O(N) for N entries returned
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xrange<Value: RedisDecodable>(
        _ key: some RedisArgument, from first: String = "-", to last: String = "+", count: Int? = nil,
        as type: Value.Type = String.self
    ) -> RedisCommand<[RedisStreamEntry<Value>]> {
        RedisCommand<[RedisStreamEntry<Value>]>("XRANGE", route: .bulk) { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
            if let count {
                arguments.append("COUNT")
                arguments.append(count)
            }
        }
    }

    /// Reads entries from the newest to the oldest, ids `last` down through `first`; `+` and `-` are the ends.
    ///
    /// An id that begins with `(` is left out itself, since Redis 6.2.0.
    /// - Returns: The entries, at most `count`; empty if there is no such key.
    /// - Complexity: O(N) for N entries returned
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xrevrange<Value: RedisDecodable>(
        _ key: some RedisArgument, from last: String = "+", to first: String = "-", count: Int? = nil,
        as type: Value.Type = String.self
    ) -> RedisCommand<[RedisStreamEntry<Value>]> {
        RedisCommand<[RedisStreamEntry<Value>]>("XREVRANGE", route: .bulk) { arguments in
            arguments.append(key)
            arguments.append(last)
            arguments.append(first)
            if let count {
                arguments.append("COUNT")
                arguments.append(count)
            }
        }
    }

    /// Counts the entries.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xlen(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("XLEN") { $0.append(key) }
    }

    /// Deletes entries.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N entries deleted
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xdel(_ key: some RedisArgument, _ ids: [String]) -> RedisCommand<Int> {
        RedisCommand<Int>("XDEL", least: 3, else: .answered(.zero)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: ids)
        }
    }

    /// Deletes entries, named one by one.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N entries deleted
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xdel(_ key: some RedisArgument, _ ids: String...) -> RedisCommand<Int> {
        xdel(key, ids)
    }

    /// Deletes the oldest entries.
    ///
    /// - Returns: How many were deleted.
    /// - Complexity: O(N) for N entries deleted
    /// - Since: Redis 5.0.0
    @inlinable
    public static func xtrim(_ key: some RedisArgument, _ trim: RedisStreamTrim) -> RedisCommand<Int> {
        RedisCommand<Int>("XTRIM") { arguments in
            arguments.append(key)
            trim.append(to: &arguments)
        }
    }
}
