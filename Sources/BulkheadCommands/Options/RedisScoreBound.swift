import BulkheadRESP

/// One end of a range of scores.
public struct RedisScoreBound: Sendable, Hashable {
    /// Nil is without end.
    private let score: Double?
    private let isExclusive: Bool

    /// This score and what lies beyond it inwards.
    public static func inclusive(_ score: Double) -> RedisScoreBound {
        RedisScoreBound(score: score, isExclusive: false)
    }

    /// Only what lies beyond this score.
    public static func exclusive(_ score: Double) -> RedisScoreBound {
        RedisScoreBound(score: score, isExclusive: true)
    }

    /// Without end: `-inf` as a lower bound, `+inf` as an upper one.
    public static let unbounded = RedisScoreBound(score: nil, isExclusive: false)

    @usableFromInline func text(isLower: Bool) -> String {
        guard let score else { return isLower ? "-inf" : "+inf" }
        return isExclusive ? "(" + score.respText : score.respText
    }
}
