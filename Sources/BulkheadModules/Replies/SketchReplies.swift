public import BulkheadCommands
import BulkheadRESP

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
