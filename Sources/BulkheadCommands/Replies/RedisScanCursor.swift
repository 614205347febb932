/// Where a scan goes on; meant for the same key of the same server.
public struct RedisScanCursor: Sendable, Hashable, Codable {
    @usableFromInline let number: UInt64
    /// The beginning.
    public static let start = RedisScanCursor(number: 0)
}
