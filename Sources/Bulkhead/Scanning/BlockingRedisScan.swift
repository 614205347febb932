import BulkheadCommands

/// The elements of a scan for blocking callers: `while let key = try scan.next() { … }`.
///
/// What it finds, and when it begins again, is said of ``RedisScan``. Outside of clusters each connection that brings
/// one of several pages is asked for INFO once, as connections of one name may lead to several servers.
public struct BlockingRedisScan<Element: Sendable> {
    typealias Page =
        (RedisScanCursor, Int?) throws(RedisError) -> (page: RedisScanPage<Element>, process: String?)

    private let page: Page
    private var steps: ScanSteps
    private let database: BlockingRedisDatabase?
    private let slot: HashSlot?
    private var place = ScanPlace()
    private var found: ArraySlice<Element> = []

    init(
        _ steps: ScanSteps, of executor: some BlockingRedisExecutor, _ key: (some RedisArgument)? = String?.none,
        page: @escaping Page
    ) {
        self.steps = steps
        database = executor as? BlockingRedisDatabase
        slot = key.map { HashSlot(ofKey: $0.encodedBytes) }
        self.page = page
    }

    /// The next element, or nil after the last. A failure leaves the scan where it was: the same page is asked again.
    public mutating func next() throws(RedisError) -> Element? {
        while found.isEmpty {
            guard let next = try nextPage() else { return nil }
            found = next[...]
        }
        return found.popFirst()
    }

    /// What the next step finds, perhaps nothing; nil after the last.
    mutating func nextPage() throws(RedisError) -> [Element]? {
        guard let cursor = place.cursor else { return nil }
        try place.begin(in: database, slot)
        let (next, process) = try page(cursor, steps.beginBlocking())
        steps.end()
        if let process, let database {
            try place.take(next.cursor, of: process, in: database.name)
        } else {
            try place.take(next.cursor, from: database, slot)
        }
        return next.elements
    }
}
