import BulkheadCommands

/// The elements of a scan, page by page as they are asked for.
///
/// It finds every element that is there from its start to its end, some perhaps twice; what is added or removed
/// meanwhile may or may not appear. The server works only while a page is fetched: stopping early costs nothing.
public struct RedisScan<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = RedisError
    typealias Page = @Sendable (RedisScanCursor, Int?) async throws(RedisError) -> RedisScanPage<Element>

    let steps: ScanSteps
    let page: Page

    init(_ steps: ScanSteps, page: @escaping Page) {
        self.steps = steps
        self.page = page
    }

    public func makeAsyncIterator() -> Iterator { Iterator(steps: steps, page: page) }

    /// Asks for the next page when the keys of the last are used up.
    public struct Iterator: AsyncIteratorProtocol {
        private let page: Page
        private var steps: ScanSteps
        private var cursor: RedisScanCursor? = .start
        private var found: ArraySlice<Element> = []

        init(steps: ScanSteps, page: @escaping Page) {
            self.steps = steps
            self.page = page
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
            guard let cursor else { return nil }
            let next = try await page(cursor, await steps.begin())
            steps.end()
            self.cursor = next.cursor
            return next.elements
        }
    }
}
