/// When `ZADD` writes a member's score.
public struct RedisScoreCondition: Sendable, Hashable {
    @usableFromInline let word: String

    /// Only new members (`NX`). Since Redis 3.0.2
    public static let ifAbsent = RedisScoreCondition(word: "NX")
    /// Only members that exist already (`XX`). Since Redis 3.0.2
    public static let ifPresent = RedisScoreCondition(word: "XX")
    /// New members, and those whose new score is greater than the old one (`GT`). Since Redis 6.2.0
    public static let ifGreater = RedisScoreCondition(word: "GT")
    /// New members, and those whose new score is less than the old one (`LT`). Since Redis 6.2.0
    public static let ifLess = RedisScoreCondition(word: "LT")
}
