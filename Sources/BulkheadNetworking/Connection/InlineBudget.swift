/// Decides whether a lone asynchronous caller may complete its request inline: on the thread it is on, by watching the
/// socket for a bounded time.
///
/// Three things bound it. Watching that fails is tried more and more seldom (`PollingBudget`). After a run of inline
/// completions the caller lets other tasks go first; if those keep the thread for longer than a reply may take, the
/// thread has better things to do, which counts as a failure. And who finds another caller in the middle of that is
/// not alone.
struct InlineBudget: Sendable {
    enum Step: Sendable, Hashable {
        /// Get in line and suspend.
        case suspend
        /// Yield, report the time by `yielded`, and ask again.
        case yieldFirst
        /// Send, and watch for the reply for so long.
        case watch(Duration)
    }

    private var polling: PollingBudget
    /// Inline completions left before the next yield. The first caller of all yields.
    private var runLeft = 0
    private var isYielding = false
    private(set) var completions = 0

    /// Inline completions in a row: a quarter to half of a millisecond with a near server.
    static let longestRun = 16

    init(limit: Duration) { polling = PollingBudget(limit: limit) }

    mutating func next() -> Step {
        guard !isYielding else { return .suspend }
        let time = polling.next()
        guard time > .zero else { return .suspend }
        guard runLeft > 0 else {
            isYielding = true
            return .yieldFirst
        }
        runLeft -= 1
        return .watch(time)
    }

    /// Other tasks had the thread for `time`.
    mutating func yielded(for time: Duration) {
        isYielding = false
        if time > polling.limit { polling.failed() } else { runLeft = Self.longestRun }
    }

    mutating func succeeded() {
        polling.succeeded()
        completions += 1
    }

    mutating func failed() { polling.failed() }
}
