/// When an expiry is set: a condition about the one there is.
public struct RedisExpiryCondition: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// Only where there is none (`NX`).
    public static let ifNone = RedisExpiryCondition("NX")
    /// Only where there is one (`XX`).
    public static let ifAny = RedisExpiryCondition("XX")
    /// Only if it becomes later (`GT`); none counts as later than all.
    public static let ifLater = RedisExpiryCondition("GT")
    /// Only if it becomes earlier (`LT`).
    public static let ifEarlier = RedisExpiryCondition("LT")
}

/// When HSETEX writes.
public struct RedisFieldCondition: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// Only if none of the fields exists (`FNX`).
    public static let ifNoneExists = RedisFieldCondition("FNX")
    /// Only if all of the fields exist (`FXX`).
    public static let ifAllExist = RedisFieldCondition("FXX")
    /// Only if there is no such key (`NX`). Since Valkey 9.0.0
    public static let ifKeyAbsent = RedisFieldCondition("NX")
    /// Only if there is such a key (`XX`). Since Valkey 9.0.0
    public static let ifKeyPresent = RedisFieldCondition("XX")
}

/// Up or down.
public struct RedisOrder: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// The word that servers and modules have for it.
    package var keyword: String { word }

    /// The least first.
    public static let ascending = RedisOrder("ASC")
    /// The greatest first.
    public static let descending = RedisOrder("DESC")
}

/// How SORT orders elements, and what it reads for each.
public struct RedisSort: Sendable, RedisCommandOption {
    /// Up or down.
    public var order: RedisOrder
    /// Elements are text, in the order of their bytes, and no numbers.
    public var isAlphabetical: Bool
    /// The keys that hold what elements are ordered by; a star stands for the element. Nil: the elements themselves.
    public var by: String?
    /// The keys that are read for each element, in turns; a star stands for the element, and `#` is the element.
    public var get: [String]
    /// How many elements at the beginning are left out.
    public var offset: Int
    /// How many are read at most.
    public var limit: Int?

    /// From the least number up: all elements.
    public static let ascending = RedisSort()
    /// From the greatest number down: all elements.
    public static let descending = RedisSort(.descending)

    /// An order with all of its options.
    public init(
        _ order: RedisOrder = .ascending, alphabetical isAlphabetical: Bool = false, by: String? = nil,
        get: [String] = [], offset: Int = 0, limit: Int? = nil
    ) {
        self.order = order
        self.isAlphabetical = isAlphabetical
        self.by = by
        self.get = get
        self.offset = offset
        self.limit = limit
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        if let by {
            arguments.append("BY")
            arguments.append(by)
        }
        arguments.append(offset: offset, limit: limit)
        for pattern in get {
            arguments.append("GET")
            arguments.append(pattern)
        }
        arguments.append(order)
        if isAlphabetical { arguments.append("ALPHA") }
    }
}
