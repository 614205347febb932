import BulkheadCommands

/// The elements of a range for blocking callers: `while let element = try range.next() { … }`.
public struct BlockingRedisRangeScan<Element: Sendable> {
    private var pages: RangePages<Element>
    private var steps: ScanSteps
    private let run: (RedisCommand<[Element]>) throws(RedisError) -> [Element]
    private var found: ArraySlice<Element> = []

    init(_ pages: RangePages<Element>, _ count: Int?, _ pace: RedisPace?, of executor: some BlockingRedisExecutor) {
        self.pages = pages
        steps = pages.steps(of: count, pace ?? executor.scanPace)
        run = { command throws(RedisError) in try executor.run(command) }
    }

    /// The next element, or nil after the last. A failure leaves the range where it was: the same page is asked again.
    public mutating func next() throws(RedisError) -> Element? {
        while found.isEmpty {
            guard pages.size(1) != nil else { return nil }
            let count = steps.beginBlocking() ?? RangePages<Element>.usualCount
            guard let size = pages.size(count), let page = pages.page(of: size) else { return nil }
            let elements = try run(page)
            steps.end()
            pages.received(elements, of: size)
            found = elements[...]
        }
        return found.popFirst()
    }
}
