/// An end of a list.
public struct RedisListEnd: Sendable, Hashable {
    @usableFromInline let word: String

    /// The head, index 0.
    public static let left = RedisListEnd(word: "LEFT")
    /// The tail, index -1.
    public static let right = RedisListEnd(word: "RIGHT")
}
