import BulkheadNetworking

/// The pace of any work that is done in slices of keys: how many the next takes, and how long to wait before it.
///
/// ```swift
/// var pacer = Pacer(.considerate)
/// while !keys.isEmpty {
///     let slice = keys.prefix(await pacer.begin())           // waits, if it must
///     try await database.pipeline(slice.map { .dump($0) })   // all of a slice in one pipeline
///     pacer.end(keys: slice.count)
///     keys.removeFirst(slice.count)
/// }
/// ```
/// One pacer for each kind of work: what a key costs is learnt, and is another for SCAN than for DUMP. Only the time
/// between `begin`, or `gathered` where a slice has to be gathered first, and `end` counts as the server's; what is
/// done outside shortens the wait before the next slice.
package struct Pacer: Sendable {
    /// Keys of a slice at full pace.
    package static let usualKeys = 1_000

    private var machine: PaceMachine?
    private let most: Int
    private var nextStart: ContinuousClock.Instant?

    /// `most` keys a slice at most; at full pace, exactly.
    package init(_ pace: RedisPace, most: Int = usualKeys) {
        self.most = max(1, most)
        machine = pace.budget.map { PaceMachine(budget: $0, leaving: pace.leaving, most: most) }
    }

    /// Waits as long as the pace wants, then begins a slice: so many keys, at least one. A task that is cancelled
    /// does not wait.
    package mutating func begin() async -> Int {
        if let pause = takePause() { _ = await sleepTask(for: pause) }
        return machine?.begin(at: .now) ?? most
    }

    /// The same on a thread that may block.
    package mutating func beginBlocking() -> Int {
        if let pause = takePause() { sleepThread(for: pause) }
        return machine?.begin(at: .now) ?? most
    }

    /// The slice leaves only now: preparing it has taken this side's time. Needs no call where that is little.
    package mutating func leave() { machine?.leave(at: .now) }

    /// The slice that was begun has been gathered: its time counts from here on.
    package mutating func gathered() { _ = machine?.begin(at: .now) }

    /// The slice has ended, and had so many keys. One that failed need not be ended.
    package mutating func end(keys count: Int) {
        guard machine != nil else { return }
        let now = ContinuousClock.now
        guard let pause = machine?.ended(keys: count, at: now), pause > .zero else { return }
        nextStart = now + pause
    }

    private mutating func takePause() -> Duration? {
        guard let start = nextStart else { return nil }
        nextStart = nil
        let left = start - .now
        return left > .zero ? left : nil
    }
}
