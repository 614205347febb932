import BulkheadCommands

/// The elements of a range that may be too large for one reply, page by page as they are asked for.
///
/// A page is consistent in itself; between pages others may write. What that does is said at each function that makes
/// one, such as ``RedisExecutor/lrangeScan(_:from:limit:count:as:pace:)``. A failure leaves it where it was: asking
/// again asks for the same page.
public struct RedisRangeScan<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = RedisError
    fileprivate typealias Run = @Sendable (RedisCommand<[Element]>) async throws(RedisError) -> [Element]

    private let pages: RangePages<Element>
    private let steps: ScanSteps
    private let run: Run

    init(_ pages: RangePages<Element>, _ count: Int?, _ pace: RedisPace?, of executor: some RedisExecutor) {
        self.pages = pages
        steps = pages.steps(of: count, pace ?? executor.scanPace)
        run = { command async throws(RedisError) in try await executor.run(command) }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages, steps: steps, run: run) }

    /// Asks for the next page when the elements of the last are used up.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var pages: RangePages<Element>
        fileprivate var steps: ScanSteps
        fileprivate let run: Run
        fileprivate var found: ArraySlice<Element> = []

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
