public import BulkheadRESP

/// How long a key lives.
///
/// ```swift
/// if let remaining = try await database.ttl("session:42").remaining { … }
/// ```
public struct RedisTimeToLive: Sendable, Hashable, Codable {
    /// As PTTL says it: -2 without a key, -1 without an expiry.
    private let milliseconds: Int64

    /// There is no such key.
    public static let noKey = RedisTimeToLive(milliseconds: -2)
    /// The key stays until it is deleted.
    public static let noExpiry = RedisTimeToLive(milliseconds: -1)

    /// The key expires after this time, exact to a millisecond; a negative time counts as none.
    public static func expires(in duration: Duration) -> RedisTimeToLive {
        RedisTimeToLive(milliseconds: max(0, duration.redisMilliseconds))
    }

    /// The time until the key expires; nil where there is no key, or it has no expiry.
    public var remaining: Duration? { milliseconds < 0 ? nil : .milliseconds(milliseconds) }
}

extension RedisTimeToLive: RedisDecodable {
    /// Reads PTTL's reply: milliseconds, -1 or -2; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        milliseconds = max(-2, try Int64(redis: value))
    }
}
