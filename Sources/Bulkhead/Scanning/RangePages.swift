import BulkheadCommands

/// Where a range goes on: its pages one after the other, without what fetches them.
struct RangePages<Element: Sendable>: Sendable {
    /// Where the next page begins.
    enum Place: Sendable {
        /// So many elements from the start.
        case index(Int)
        /// Behind a member or an entry's id; nil is the start.
        case behind(String?)
        /// At a score, without so many members of it; nil is the start.
        case score(Double?, skipped: Int)
    }

    /// Elements of a page where nothing else is asked for.
    static var usualCount: Int { 1_000 }

    private var place: Place?
    private var left: Int?
    private let command: @Sendable (Place, Int) -> RedisCommand<[Element]>
    private let following: @Sendable (Place, [Element]) -> Place

    init(
        from place: Place, limit: Int? = nil, command: @escaping @Sendable (Place, Int) -> RedisCommand<[Element]>,
        following: @escaping @Sendable (Place, [Element]) -> Place
    ) {
        self.place = place
        left = limit.map { max(0, $0) }
        self.command = command
        self.following = following
    }

    func steps(of count: Int?, _ pace: RedisPace) -> ScanSteps { ScanSteps(count ?? Self.usualCount, pace) }

    /// How many elements the next page asks for, at most `count`; nil after the last page.
    func size(_ count: Int) -> Int? {
        guard place != nil, left != 0 else { return nil }
        return min(max(1, count), left ?? .max)
    }

    func page(of size: Int) -> RedisCommand<[Element]>? { place.map { command($0, size) } }

    /// A page with less than it asked for is the last one.
    mutating func received(_ elements: [Element], of size: Int) {
        left = left.map { $0 - min($0, elements.count) }
        place = elements.count < size ? nil : place.map { following($0, elements) }
    }
}

extension RangePages {
    static func list(
        _ key: some RedisArgument, from first: Int, limit: Int?
    ) -> RangePages where Element: RedisDecodable {
        indexed(from: first, limit: limit) { .lrange(key, from: $0, through: $1, as: Element.self) }
    }

    static func ranks<Member>(
        _ key: some RedisArgument, from first: Int, limit: Int?, reversed: Bool
    ) -> RangePages where Element == RedisScored<Member> {
        indexed(from: first, limit: limit) {
            .zrangeWithScores(key, from: $0, through: $1, reversed: reversed, as: Member.self)
        }
    }

    private static func indexed(
        from first: Int, limit: Int?, command: @escaping @Sendable (Int, Int) -> RedisCommand<[Element]>
    ) -> RangePages {
        RangePages(from: .index(max(0, first)), limit: limit) { place, count in
            guard case .index(let index) = place else { return command(0, count - 1) }
            let (last, isPast) = index.addingReportingOverflow(count - 1)
            return command(index, isPast ? .max : last)
        } following: { place, elements in
            guard case .index(let index) = place else { return place }
            return .index(index + elements.count)
        }
    }

    static func entries<Value>(
        _ key: some RedisArgument, from first: String, to last: String, limit: Int?, reversed: Bool
    ) -> RangePages where Element == RedisStreamEntry<Value> {
        RangePages(from: .behind(nil), limit: limit) { place, count in
            var first = first
            if case .behind(let id?) = place { first = "(" + id }
            return reversed
                ? .xrevrange(key, from: first, to: last, count: count, as: Value.self)
                : .xrange(key, from: first, to: last, count: count, as: Value.self)
        } following: { _, entries in
            .behind(entries.last?.id)
        }
    }

    static func members(
        _ key: some RedisArgument, from lower: RedisLexBound, to upper: RedisLexBound, limit: Int?
    ) -> RangePages where Element == String {
        RangePages(from: .behind(nil), limit: limit) { place, count in
            var lower = lower
            if case .behind(let member?) = place { lower = .exclusive(member) }
            return .zrangebylex(key, from: lower, to: upper, limit: count)
        } following: { _, members in
            .behind(members.last)
        }
    }

    /// It goes on at the last score, without those of its members that came already.
    static func scores<Member>(
        _ key: some RedisArgument, from lower: RedisScoreBound, to upper: RedisScoreBound, limit: Int?
    ) -> RangePages where Element == RedisScored<Member> {
        RangePages(from: .score(nil, skipped: 0), limit: limit) { place, count in
            guard case .score(let score?, let skipped) = place else {
                return .zrangebyscoreWithScores(key, from: lower, to: upper, limit: count, as: Member.self)
            }
            return .zrangebyscoreWithScores(
                key, from: .inclusive(score), to: upper, offset: skipped, limit: count, as: Member.self)
        } following: { place, members in
            guard let last = members.last?.score else { return place }
            let same = members.reversed().prefix { $0.score == last }.count
            if case .score(last, let skipped) = place, same == members.count {
                return .score(last, skipped: skipped + same)
            }
            return .score(last, skipped: same)
        }
    }
}
