public import BulkheadRESP

/// A step of a walk through entries that consumers left alone.
public struct RedisClaimedPage<Element: RedisDecodable>: RedisDecodable {
    /// Where the next step begins; `0-0` after the last.
    public let next: String
    /// What is now the consumer's.
    public let elements: [Element]
    /// Ids that the group has forgotten, as they are no longer in the stream. Since Redis 7.0.0
    public let deleted: [String]

    /// Reads two or three parts; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("an id and entries", atLeast: 2)
        next = try String(redis: parts[0])
        // Before 7.0 null stands for an entry that is no longer in the stream.
        elements = try [Element?](redis: parts[1]).compactMap { $0 }
        deleted = parts.count > 2 ? try [String](redis: parts[2]) : []
    }
}

extension RedisStreamEntry {
    /// The entries of a range: a server that is asked for none at all answers null.
    @usableFromInline
    static func range(redis reply: RESPValue) throws(RedisConversionError) -> [RedisStreamEntry] {
        reply.isNull ? [] : try elements(redis: reply)
    }

    /// The entries of XCLAIM: before 7.0 null stands for one that is no longer in the stream.
    @usableFromInline
    static func present(redis reply: RESPValue) throws(RedisConversionError) -> [RedisStreamEntry] {
        try [RedisStreamEntry?](redis: reply).compactMap { $0 }
    }
}
