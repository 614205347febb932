/// How many elements `LMOVEM` moves, and in which order. Since Redis 8.10.0
///
/// `BULK` keeps their order; `OBO` (`oneByOne`) moves them singly, so moves from and to the same end reverse them.
public struct RedisMoveCount: Sendable, RedisCommandOption {
    private let word: String
    private let count: Int
    private let isOneByOne: Bool

    /// So many, or all that there are (`COUNT`).
    public static func atMost(_ count: Int, oneByOne: Bool = false) -> RedisMoveCount {
        RedisMoveCount(word: "COUNT", count: count, isOneByOne: oneByOne)
    }
    /// So many, or none if there are fewer (`EXACTLY`).
    public static func exactly(_ count: Int, oneByOne: Bool = false) -> RedisMoveCount {
        RedisMoveCount(word: "EXACTLY", count: count, isOneByOne: oneByOne)
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        arguments.append(count)
        arguments.append(isOneByOne ? "OBO" : "BULK")
    }
}
