public import BulkheadRESP

/// All that is known of a stream: its entries, its groups, and what their consumers have not acknowledged.
public struct RedisStreamDetail<Value: RedisDecodable>: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many entries there are.
    public let length: Int
    /// The greatest id that was ever added.
    public let lastID: String
    /// The oldest entries, at most as many as were asked for.
    public let entries: [RedisStreamEntry<Value>]
    /// The groups.
    public let groups: [RedisGroupDetail]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        length = try record.required("length")
        lastID = try record.required("last-generated-id")
        entries = try record.required("entries")
        groups = try record.required("groups")
    }
}

/// A group of consumers with its pending entries.
public struct RedisGroupDetail: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// The group.
    public let name: String
    /// The last entry that was delivered.
    public let lastDeliveredID: String
    /// How many entries are pending: delivered, and not acknowledged.
    public let pendingCount: Int
    /// Those entries, at most as many as were asked for.
    public let pending: [RedisGivenEntry]
    /// Its consumers.
    public let consumers: [RedisConsumerDetail]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        name = try record.required("name")
        lastDeliveredID = try record.required("last-delivered-id")
        pendingCount = try record.required("pel-count")
        let rows: [RESPValue] = try record.required("pending")
        pending = try rows.map { row throws(RedisConversionError) in try RedisGivenEntry(row, to: nil) }
        consumers = try record.required("consumers")
    }
}

/// A consumer with what it was given.
public struct RedisConsumerDetail: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// The consumer.
    public let name: String
    /// How many entries it was given and has not acknowledged.
    public let pendingCount: Int
    /// When it last tried to read: milliseconds since 1970, by the server's clock.
    public let lastSeen: Int64
    /// Those entries, at most as many as were asked for.
    public let pending: [RedisGivenEntry]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        let name: String = try record.required("name")
        self.name = name
        pendingCount = try record.required("pel-count")
        lastSeen = try record.required("seen-time")
        let rows: [RESPValue] = try record.required("pending")
        pending = try rows.map { row throws(RedisConversionError) in try RedisGivenEntry(row, to: name) }
    }
}

/// A pending entry of a group: delivered to a consumer, and not acknowledged.
public struct RedisGivenEntry: Sendable, Hashable {
    /// The entry's id.
    public let id: String
    /// Who was given it.
    public let consumer: String
    /// When: milliseconds since 1970, by the server's clock.
    public let time: Int64
    /// How often it was given to somebody.
    public let deliveries: Int

    /// The rows of a consumer do not repeat its name.
    fileprivate init(_ row: RESPValue, to consumer: String?) throws(RedisConversionError) {
        let parts = try row.requireElements("a pending entry", count: consumer == nil ? 4 : 3)
        id = try String(redis: parts[0])
        self.consumer = if let consumer { consumer } else { try String(redis: parts[1]) }
        time = try Int64(redis: parts[parts.count - 2])
        deliveries = try Int(redis: parts[parts.count - 1])
    }
}
