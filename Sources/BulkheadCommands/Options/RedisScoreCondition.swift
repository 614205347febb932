/// When `ZADD` writes a member's score.
public struct RedisScoreCondition: Sendable, Hashable {
    private let words: [String]
    /// How many words it has in a command.
    @usableFromInline var wordCount: Int { words.count }

    private init(_ words: String...) { self.words = words }

    /// Only new members (`NX`). Since Redis 3.0.2
    public static let ifAbsent = RedisScoreCondition("NX")
    /// Only members that exist already (`XX`). Since Redis 3.0.2
    public static let ifPresent = RedisScoreCondition("XX")
    /// New members, and those whose new score is greater than the old one (`GT`). Since Redis 6.2.0
    public static let ifGreater = RedisScoreCondition("GT")
    /// New members, and those whose new score is less than the old one (`LT`). Since Redis 6.2.0
    public static let ifLess = RedisScoreCondition("LT")
    /// Members that exist already and whose new score is greater than the old one (`XX GT`). Since Redis 6.2.0
    public static let ifPresentAndGreater = RedisScoreCondition("XX", "GT")
    /// Members that exist already and whose new score is less than the old one (`XX LT`). Since Redis 6.2.0
    public static let ifPresentAndLess = RedisScoreCondition("XX", "LT")

    @usableFromInline func append(to arguments: inout RedisArguments) { arguments.append(contentsOf: words) }
}
