/// What deleting an entry does to what groups know of it. Since Redis 8.2.0
public struct RedisReferenceMode: Sendable, Hashable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// Groups keep what they know (`KEEPREF`), the default.
    public static let keep = RedisReferenceMode("KEEPREF")
    /// Groups forget it (`DELREF`).
    public static let delete = RedisReferenceMode("DELREF")
    /// Only entries that all groups have acknowledged are deleted (`ACKED`).
    public static let onlyAcknowledged = RedisReferenceMode("ACKED")
}

/// Why a consumer gives an entry back. Since Redis 8.8.0
public struct RedisRejection: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// It was not tried: the delivery does not count (`SILENT`).
    public static let untried = RedisRejection("SILENT")
    /// It failed: the delivery counts (`FAIL`).
    public static let failed = RedisRejection("FAIL")
    /// It can never be handled: its count of deliveries becomes the greatest number (`FATAL`).
    public static let fatal = RedisRejection("FATAL")
}

/// In which form a vector set keeps vectors. All vectors of a set have the same.
public struct RedisQuantization: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// 32 bits for each dimension, exact. It is not called `none`: where an option is asked for, that is no option.
    public static let unquantized = RedisQuantization("NOQUANT")
    /// 8 bits for each dimension, the default.
    public static let eightBits = RedisQuantization("Q8")
    /// One bit for each dimension.
    public static let binary = RedisQuantization("BIN")
}

/// How a vector set is searched.
public struct RedisVectorSearch: Sendable, RedisCommandOption {
    /// Only elements that are at most this far away: 0 is the same direction, 1 the opposite one. Since Redis 8.2.0
    public var maximumDistance: Double?
    /// How many candidates are looked at for the best ones; more find better ones, and take longer.
    public var effort: Int?
    /// How many candidates a filter may refuse; 100 times the count by default.
    public var filterEffort: Int?
    /// All elements are compared with the vector, which is slow and finds the very nearest.
    public var isExact: Bool
    /// The search runs on the server's main thread, which others wait for; else it has a thread of its own.
    public var isOnMainThread: Bool

    /// A search with all of its options.
    public init(
        maximumDistance: Double? = nil, effort: Int? = nil, filterEffort: Int? = nil, exact isExact: Bool = false,
        onMainThread isOnMainThread: Bool = false
    ) {
        self.maximumDistance = maximumDistance
        self.effort = effort
        self.filterEffort = filterEffort
        self.isExact = isExact
        self.isOnMainThread = isOnMainThread
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        if let maximumDistance {
            arguments.append("EPSILON")
            arguments.append(maximumDistance)
        }
        if let effort {
            arguments.append("EF")
            arguments.append(effort)
        }
        if let filterEffort {
            arguments.append("FILTER-EF")
            arguments.append(filterEffort)
        }
        if isExact { arguments.append("TRUTH") }
        if isOnMainThread { arguments.append("NOTHREAD") }
    }
}
