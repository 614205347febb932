public import BulkheadCommands
public import BulkheadRESP

/// The size of a count-min sketch.
public struct RedisSketchInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many counters a row has.
    public let width: Int
    /// How many rows there are.
    public let depth: Int
    /// What was counted altogether.
    public let count: Int

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        width = try record.required("width")
        depth = try record.required("depth")
        count = try record.required("count")
    }
}

/// The size of a list of the most frequent items.
public struct RedisTopInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many items the list has.
    public let length: Int
    /// How many counters a row has.
    public let width: Int
    /// How many rows there are.
    public let depth: Int
    /// How likely the counter of another item loses one; from 0 to 1.
    public let decay: Double

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        length = try record.required("k")
        width = try record.required("width")
        depth = try record.required("depth")
        decay = try record.required("decay")
    }
}

/// An item of a list of the most frequent ones.
public struct RedisTopItem<Item: RedisDecodable>: Sendable {
    /// The item.
    public let item: Item
    /// How often it came, about.
    public let count: Int

    static func elements(_ reply: RESPValue) throws(RedisConversionError) -> [RedisTopItem] {
        try RedisPairs(reply, of: "items with counts").map { item, count throws(RedisConversionError) in
            RedisTopItem(item: try Item(redis: item), count: try Int(redis: count))
        }
    }
}

/// What is known of a digest.
public struct RedisDigestInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How exact it is.
    public let compression: Int
    /// How many groups of numbers it can keep.
    public let capacity: Int
    /// How many numbers were added.
    public let observations: Int
    /// Its bytes of memory.
    public let memory: Int

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        compression = try record.required("Compression")
        capacity = try record.required("Capacity")
        observations = try record.required("Observations")
        memory = try record.required("Memory usage")
    }
}
