import BulkheadCommands

/// The elements of a scan, page by page as they are asked for.
///
/// It finds every element that is there from its start to its end, some perhaps twice; what is added or removed
/// meanwhile may or may not appear. Where the server is restarted or replaced meanwhile, cursors mean nothing any more:
/// the scan begins again, and elements come twice. After ten beginnings it throws `scan-interrupted`. Slots of a
/// cluster that move are another matter: see <doc:Cluster>. The server works only while a page is fetched: stopping
/// early costs nothing. A scan of several pages asks for INFO once, in a cluster at each primary, and again where
/// connections were made meanwhile.
public struct RedisScan<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = RedisError
    typealias Page = @Sendable (RedisScanCursor, Int?) async throws(RedisError) -> RedisScanPage<Element>

    let steps: ScanSteps
    /// Whose pages they are; nil for those of a lease, which ends with its server's process.
    let database: RedisDatabase?
    /// Of the key whose elements are scanned; nil where the keys themselves are.
    let slot: HashSlot?
    let page: Page

    init(
        _ steps: ScanSteps, of executor: some RedisExecutor, _ key: (some RedisArgument)? = String?.none,
        page: @escaping Page
    ) {
        self.steps = steps
        database = executor as? RedisDatabase
        slot = key.map { HashSlot(ofKey: $0.encodedBytes) }
        self.page = page
    }

    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Asks for the next page when the keys of the last are used up.
    public struct Iterator: AsyncIteratorProtocol {
        private let scan: RedisScan
        private var steps: ScanSteps
        private var place = ScanPlace()
        private var found: ArraySlice<Element> = []

        init(_ scan: RedisScan) {
            self.scan = scan
            steps = scan.steps
        }

        public mutating func next() async throws(RedisError) -> Element? {
            while found.isEmpty {
                guard let next = try await nextPage() else { return nil }
                found = next[...]
            }
            return found.popFirst()
        }

        /// What the next step finds, perhaps nothing; nil after the last. A failure leaves the scan where it was.
        mutating func nextPage() async throws(RedisError) -> [Element]? {
            guard let cursor = place.cursor else { return nil }
            try await place.begin(in: scan.database, scan.slot)
            let next = try await scan.page(cursor, await steps.begin())
            steps.end()
            try await place.take(next.cursor, from: scan.database, scan.slot)
            return next.elements
        }
    }
}
