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
        arguments.append("BY", by)
        arguments.append(offset: offset, limit: limit)
        for pattern in get {
            arguments.append("GET")
            arguments.append(pattern)
        }
        arguments.append(order)
        if isAlphabetical { arguments.append("ALPHA") }
    }
}

extension RedisOrder {
    /// The word that servers and modules have for it.
    package var keyword: String { word }
}
