import BulkheadRESP

/// From which end of a sorted set members are taken.
public struct RedisScoreEnd: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// Where the scores are lowest.
    public static let lowest = RedisScoreEnd("MIN")
    /// Where the scores are highest.
    public static let highest = RedisScoreEnd("MAX")
}

/// What becomes of the scores of a member that is in several sorted sets.
public struct RedisAggregate: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// They are added.
    public static let sum = RedisAggregate("SUM")
    /// The lowest counts.
    public static let minimum = RedisAggregate("MIN")
    /// The highest counts.
    public static let maximum = RedisAggregate("MAX")
}

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
