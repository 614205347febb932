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
        guard let parts = value.withoutAttributes.elements, parts.count >= 2 else {
            throw RedisConversionError(expected: "an id and entries", found: value)
        }
        next = try String(redis: parts[0])
        // Before 7.0 null stands for an entry that is no longer in the stream.
        elements = try [Element?](redis: parts[1]).compactMap { $0 }
        deleted = parts.count > 2 ? try [String](redis: parts[2]) : []
    }
}

/// The pending entries of a group in sum: delivered to a consumer, and not acknowledged.
public struct RedisPendingSummary: RedisDecodable {
    /// How many entries.
    public let count: Int
    /// The lowest id; nil if there are none.
    public let first: String?
    /// The highest id; nil if there are none.
    public let last: String?
    /// How many each consumer has; those without any are left out.
    public let consumers: [String: Int]

    /// Reads the four parts; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a summary of four parts", count: 4)
        count = try Int(redis: parts[0])
        first = try String?(redis: parts[1])
        last = try String?(redis: parts[2])
        consumers = parts[3].isNull ? [:] : try [String: Int](redis: parts[3])
    }
}

/// A pending entry of a group: delivered to a consumer, and not acknowledged.
public struct RedisPendingEntry: RedisDecodable, Hashable {
    /// The entry's id.
    public let id: String
    /// Who was given it; empty after `xnack`.
    public let consumer: String
    /// How long ago; -1 ms after `xnack`.
    public let idle: Duration
    /// How often it was given to somebody.
    public let deliveries: Int

    /// Reads the four parts; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("an entry of four parts", count: 4)
        id = try String(redis: parts[0])
        consumer = try String(redis: parts[1])
        idle = .milliseconds(try Int64(redis: parts[2]))
        deliveries = try Int(redis: parts[3])
    }
}

/// What is known of a stream.
public struct RedisStreamInfo<Value: RedisDecodable>: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many entries there are.
    public let length: Int
    /// The greatest id that was ever added.
    public let lastID: String
    /// How many groups there are.
    public let groups: Int
    /// The oldest entry; nil if there is none.
    public let firstEntry: RedisStreamEntry<Value>?
    /// The newest entry; nil if there is none.
    public let lastEntry: RedisStreamEntry<Value>?
    /// How many entries were ever added; nil before Redis 7.0.0.
    public let entriesAdded: Int?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        length = try record.required("length")
        lastID = try record.required("last-generated-id")
        groups = try record.required("groups")
        firstEntry = try record.optional("first-entry")
        lastEntry = try record.optional("last-entry")
        entriesAdded = try record.optional("entries-added")
    }
}

/// What is known of a group of consumers.
public struct RedisGroupInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// The group.
    public let name: String
    /// How many consumers it has.
    public let consumers: Int
    /// How many entries are pending: delivered, and not acknowledged.
    public let pending: Int
    /// The last entry that was delivered.
    public let lastDeliveredID: String
    /// How many entries it has read; nil if the server cannot say, and before Redis 7.0.0.
    public let entriesRead: Int?
    /// How many entries it has not been given yet; nil if the server cannot say, and before Redis 7.0.0.
    public let lag: Int?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        name = try record.required("name")
        consumers = try record.required("consumers")
        pending = try record.required("pending")
        lastDeliveredID = try record.required("last-delivered-id")
        entriesRead = try record.optional("entries-read")
        lag = try record.optional("lag")
    }
}

/// What is known of a consumer.
public struct RedisConsumerInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// The consumer.
    public let name: String
    /// How many entries it was given and has not acknowledged.
    public let pending: Int
    /// How long ago it last tried to read.
    public let idle: Duration
    /// How long ago it last was given something; nil if never, and before Redis 7.2.0.
    public let inactive: Duration?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        name = try record.required("name")
        pending = try record.required("pending")
        idle = .milliseconds(try record.required("idle"))
        let inactive: Int64? = try record.optional("inactive")
        self.inactive = inactive.flatMap { $0 < 0 ? nil : .milliseconds($0) }
    }
}

extension RedisStreamEntry {
    /// The entries of XCLAIM: before 7.0 null stands for one that is no longer in the stream.
    @usableFromInline
    static func present(redis reply: RESPValue) throws(RedisConversionError) -> [RedisStreamEntry] {
        try [RedisStreamEntry?](redis: reply).compactMap { $0 }
    }
}
