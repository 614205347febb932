/// A version of the protocol.
public struct RESPVersion: RawRepresentable, Sendable, Hashable {
    /// The number that HELLO takes: 2 or 3.
    public let rawValue: Int

    /// Nil for a number that is no version of the protocol.
    public init?(rawValue: Int) {
        guard rawValue == 2 || rawValue == 3 else { return nil }
        self.rawValue = rawValue
    }

    private init(known version: Int) { rawValue = version }

    /// The protocol that every server speaks.
    public static let resp2 = RESPVersion(known: 2)
    /// The protocol of Redis 6 and later, with maps, sets, doubles, booleans and pushes.
    public static let resp3 = RESPVersion(known: 3)
}
