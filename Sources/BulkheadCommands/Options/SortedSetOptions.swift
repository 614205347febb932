import BulkheadRESP

/// One end of a range of members by their bytes.
public struct RedisLexBound: Sendable {
    private let bytes: RESPBytes?
    private let isInclusive: Bool

    /// This member and what lies beyond it inwards.
    public static func inclusive(_ member: String) -> RedisLexBound {
        RedisLexBound(bytes: RESPBytes(member), isInclusive: true)
    }

    /// Only what lies beyond this member.
    public static func exclusive(_ member: String) -> RedisLexBound {
        RedisLexBound(bytes: RESPBytes(member), isInclusive: false)
    }

    /// Without end.
    public static let unbounded = RedisLexBound(bytes: nil, isInclusive: true)

    @usableFromInline func text(isLower: Bool) -> [UInt8] {
        guard let bytes else { return [UInt8(ascii: isLower ? "-" : "+")] }
        return [UInt8(ascii: isInclusive ? "[" : "(")] + bytes
    }
}
