import BulkheadCommands

/// The elements of a scan for blocking callers: `while let key = try scan.next() { … }`.
public struct BlockingRedisScan<Element: Sendable> {
    typealias Page = (RedisScanCursor, Int?) throws(RedisError) -> RedisScanPage<Element>

    private let page: Page
    private var steps: ScanSteps
    private var cursor: RedisScanCursor? = .start
    private var found: ArraySlice<Element> = []

    init(_ steps: ScanSteps, page: @escaping Page) {
        self.steps = steps
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
        guard let cursor else { return nil }
        let next = try page(cursor, steps.beginBlocking())
        steps.end()
        self.cursor = next.cursor
        return next.elements
    }
}
