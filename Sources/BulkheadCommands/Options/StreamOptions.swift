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
        arguments.append("EPSILON", maximumDistance)
        arguments.append("EF", effort)
        arguments.append("FILTER-EF", filterEffort)
        if isExact { arguments.append("TRUTH") }
        if isOnMainThread { arguments.append("NOTHREAD") }
    }
}
