import RedisCommands

/// The elements of a scan, page by page as they are asked for.
///
/// It finds every element that is there from its start to its end, some perhaps twice; what is added or removed
/// meanwhile may or may not appear. The server works only while a page is fetched: stopping early costs nothing.
public struct RedisScan<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = RedisError

    let page: @Sendable (RedisScanCursor) async throws(RedisError) -> RedisScanPage<Element>

    public func makeAsyncIterator() -> Iterator { Iterator(page: page) }

    public struct Iterator: AsyncIteratorProtocol {
        let page: @Sendable (RedisScanCursor) async throws(RedisError) -> RedisScanPage<Element>
        private var cursor: RedisScanCursor? = .start
        private var found: ArraySlice<Element> = []

        init(page: @escaping @Sendable (RedisScanCursor) async throws(RedisError) -> RedisScanPage<Element>) {
            self.page = page
        }

        public mutating func next() async throws(RedisError) -> Element? {
            while found.isEmpty {
                guard let cursor else { return nil }
                let next = try await page(cursor)
                self.cursor = next.cursor
                found = next.elements[...]
            }
            return found.popFirst()
        }
    }
}

/// The elements of a scan for blocking callers: `while let key = try scan.next() { … }`.
public struct BlockingRedisScan<Element: Sendable> {
    let page: (RedisScanCursor) throws(RedisError) -> RedisScanPage<Element>
    private var cursor: RedisScanCursor? = .start
    private var found: ArraySlice<Element> = []

    init(page: @escaping (RedisScanCursor) throws(RedisError) -> RedisScanPage<Element>) {
        self.page = page
    }

    /// The next element, or nil after the last. A failure leaves the scan where it was: the same page is asked again.
    public mutating func next() throws(RedisError) -> Element? {
        while found.isEmpty {
            guard let cursor else { return nil }
            let next = try page(cursor)
            self.cursor = next.cursor
            found = next.elements[...]
        }
        return found.popFirst()
    }
}
