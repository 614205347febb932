import BulkheadCommands

/// The elements of a range that may be too large for one reply, page by page as they are asked for.
///
/// A page is consistent in itself; between pages others may write. What that does is said at each function that makes
/// one, such as ``RedisExecutor/lrangeScan(_:from:limit:count:as:pace:)``. A failure leaves it where it was: asking
/// again asks for the same page.
public struct RedisRangeScan<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = RedisError
    typealias Run = @Sendable (RedisCommand<[Element]>) async throws(RedisError) -> [Element]

    let pages: RangePages<Element>
    let steps: ScanSteps
    let run: Run

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages, steps: steps, run: run) }

    /// Asks for the next page when the elements of the last are used up.
    public struct Iterator: AsyncIteratorProtocol {
        private var pages: RangePages<Element>
        private var steps: ScanSteps
        private let run: Run
        private var found: ArraySlice<Element> = []

        init(pages: RangePages<Element>, steps: ScanSteps, run: @escaping Run) {
            self.pages = pages
            self.steps = steps
            self.run = run
        }

        public mutating func next() async throws(RedisError) -> Element? {
            while found.isEmpty {
                guard pages.size(1) != nil else { return nil }
                let count = await steps.begin() ?? RangePages<Element>.usualCount
                guard let size = pages.size(count), let page = pages.page(of: size) else { return nil }
                let elements = try await run(page)
                steps.end()
                pages.received(elements, of: size)
                found = elements[...]
            }
            return found.popFirst()
        }
    }
}
