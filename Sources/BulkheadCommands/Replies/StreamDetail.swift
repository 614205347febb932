import BulkheadRESP

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
    private init(_ row: RESPValue, to consumer: String?) throws(RedisConversionError) {
        let parts = try row.requireElements("a pending entry", count: consumer == nil ? 4 : 3)
        id = try String(redis: parts[0])
        self.consumer = if let consumer { consumer } else { try String(redis: parts[1]) }
        time = try Int64(redis: parts[parts.count - 2])
        deliveries = try Int(redis: parts[parts.count - 1])
    }

    static func each(_ record: RedisRecord, to consumer: String?) throws(RedisConversionError) -> [RedisGivenEntry] {
        let rows: [RESPValue] = try record.required("pending")
        return try rows.map { row throws(RedisConversionError) in try RedisGivenEntry(row, to: consumer) }
    }
}
