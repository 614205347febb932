public import BulkheadRESP

/// One entry of a stream: its id and its fields, in the order they were added; names may repeat.
public struct RedisStreamEntry<Value: RedisDecodable>: RedisDecodable {
    /// Milliseconds since 1970 and a number within them: `1526919030474-55`.
    public let id: String
    /// The fields in the order they were added; empty for a deleted entry that a consumer group still knows.
    public let fields: [(name: RESPBytes, value: Value)]

    /// Reads an array of an id and a flat array of fields; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pair = try value.requireElements("an entry's id and fields", count: 2)
        id = try String(redis: pair[0])
        // A deleted entry has null in place of its fields.
        fields = pair[1].isNull
            ? []
            : try RedisPairs(pair[1], of: "fields with values").map { name, value throws(RedisConversionError) in
                (try RESPBytes(redis: name), try Value(redis: value))
            }
    }

    /// The first value of that name; nil if there is none.
    public subscript(name: String) -> Value? { fields.first { $0.name.elementsEqual(name.utf8) }?.value }
}

/// How much of a stream XADD and XTRIM keep.
///
/// Unless it is to be exact, the server keeps a little more where that is much cheaper (`~`).
public enum RedisStreamTrim: Sendable, Hashable {
    /// The newest entries, so many (`MAXLEN`).
    case maximumLength(Int, exact: Bool = false)
    /// The entries with this id and later ones (`MINID`). Since Redis 6.2.0
    case minimumID(String, exact: Bool = false)

    @usableFromInline func append(to arguments: inout RedisArguments) {
        switch self {
        case .maximumLength(let length, let exact):
            arguments.append("MAXLEN")
            arguments.append(exact ? "=" : "~")
            arguments.append(length)
        case .minimumID(let id, let exact):
            arguments.append("MINID")
            arguments.append(exact ? "=" : "~")
            arguments.append(id)
        }
    }
}

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
            "XADD", least: trim == nil ? 5 : 8, else: .refused(reason: "an entry needs at least one field")
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
