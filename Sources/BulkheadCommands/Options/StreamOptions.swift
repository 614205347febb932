/// What deleting an entry does to what groups know of it. Since Redis 8.2.0
public struct RedisReferenceMode: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// Groups keep what they know (`KEEPREF`); so it is unless told.
    public static let keep = RedisReferenceMode("KEEPREF")
    /// Groups forget it (`DELREF`).
    public static let delete = RedisReferenceMode("DELREF")
    /// Only entries that all groups have acknowledged are deleted (`ACKED`).
    public static let onlyAcknowledged = RedisReferenceMode("ACKED")
}

/// In which form a vector set keeps vectors. All vectors of a set have the same.
public struct RedisQuantization: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// 32 bits for each dimension, exact.
    public static let none = RedisQuantization("NOQUANT")
    /// 8 bits for each dimension; so it is unless told.
    public static let eightBits = RedisQuantization("Q8")
    /// One bit for each dimension.
    public static let binary = RedisQuantization("BIN")
}
