/// Where a scan goes on; meant for the same key of the same server.
public struct RedisScanCursor: Sendable, Hashable, Codable {
    @usableFromInline let number: UInt64
    /// As it is sent.
    @usableFromInline var text: String { String(number) }
    /// The beginning.
    public static let start = RedisScanCursor(number: 0)
}
