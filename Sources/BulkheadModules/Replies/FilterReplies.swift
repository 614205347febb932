public import BulkheadCommands
public import BulkheadRESP

/// A part of a filter, and where the next part is read.
public struct RedisFilterChunk: RedisDecodable, Hashable {
    /// Where the next part is read; 0 after the last.
    public let next: Int
    /// The part, in the module's own form; empty after the last.
    public let bytes: RESPBytes

    /// A part that was kept elsewhere.
    public init(next: Int, bytes: RESPBytes) {
        self.next = next
        self.bytes = bytes
    }

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a position and bytes", count: 2)
        next = try Int(redis: parts[0])
        bytes = parts[1].isNull ? RESPBytes("") : try RESPBytes(redis: parts[1])
    }
}

/// What is known of a Bloom filter.
public struct RedisBloomInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many items it takes at its error rate, its parts together.
    public let capacity: Int
    /// Its bytes of memory.
    public let size: Int
    /// Of how many parts it consists.
    public let filters: Int
    /// How many items were added.
    public let items: Int
    /// How many times as large each further part is; nil if there is none: it does not grow.
    public let expansion: Int?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        capacity = try record.required("Capacity")
        size = try record.required("Size")
        filters = try record.required("Number of filters")
        items = try record.required("Number of items inserted")
        expansion = try record.optional("Expansion rate")
    }
}

/// What is known of a cuckoo filter.
public struct RedisCuckooInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// Its bytes of memory.
    public let size: Int
    /// How many buckets it has.
    public let buckets: Int
    /// Of how many parts it consists.
    public let filters: Int
    /// How many items were added.
    public let items: Int
    /// How many were deleted.
    public let deleted: Int
    /// How many items a bucket holds.
    public let bucketSize: Int
    /// How many times as large each further part is.
    public let expansion: Int
    /// How often items are moved to make room for one.
    public let maximumIterations: Int

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        size = try record.required("Size")
        buckets = try record.required("Number of buckets")
        filters = try record.required("Number of filters")
        items = try record.required("Number of items inserted")
        deleted = try record.required("Number of items deleted")
        bucketSize = try record.required("Bucket size")
        expansion = try record.required("Expansion rate")
        maximumIterations = try record.required("Max iterations")
    }
}

/// What became of items that a cuckoo filter was to take: a filter that is full says -1.
enum RedisFilterReply {
    static func added(_ reply: RESPValue) throws(RedisConversionError) -> [Bool] {
        try addedOrFull(reply).map { $0 == true }
    }

    static func addedOrFull(_ reply: RESPValue) throws(RedisConversionError) -> [Bool?] {
        var results: [Bool?] = []
        for element in try reply.requireElements("what became of items") {
            if case .boolean(let isAdded) = element.withoutAttributes {
                results.append(isAdded)
            } else {
                let number = try Int(redis: element)
                results.append(number < 0 ? nil : number == 1)
            }
        }
        return results
    }
}
