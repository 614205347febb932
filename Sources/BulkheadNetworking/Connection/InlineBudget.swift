/// Decides whether a lone asynchronous caller may complete its request inline: on the thread it is on, by spinning
/// for a bounded time.
///
/// Three things bound it. After a failure spinning is tried less and less often (`SpinBudget`). After a run of inline
/// completions the caller lets other tasks go first; if those keep the thread for longer than a reply may take, that
/// counts as a failure. And a caller that finds another one in the middle of this joins the queue.
struct InlineBudget: Sendable {
    enum Step: Sendable, Hashable {
        /// Join the queue and suspend.
        case suspend
        /// Yield, report the time by `yielded`, and ask again.
        case yieldFirst
        /// Send, and spin for the reply for so long.
        case spin(Duration)
    }

    private var spinBudget: SpinBudget
    /// Inline completions left before the next yield. The first caller of all yields.
    private var runLeft = 0
    private var isYielding = false
    private(set) var completions = 0

    /// Inline completions in a row: a quarter to half of a millisecond with a near server.
    static let longestRun = 16

    init(limit: Duration) { spinBudget = SpinBudget(limit: limit) }

    mutating func next() -> Step {
        guard !isYielding else { return .suspend }
        let time = spinBudget.next()
        guard time > .zero else { return .suspend }
        guard runLeft > 0 else {
            isYielding = true
            return .yieldFirst
        }
        runLeft -= 1
        return .spin(time)
    }

    /// Other tasks had the thread for `time`.
    mutating func yielded(for time: Duration) {
        isYielding = false
        if time > spinBudget.limit { spinBudget.failed() } else { runLeft = Self.longestRun }
    }

    mutating func succeeded() {
        spinBudget.succeeded()
        completions += 1
    }

    mutating func failed() { spinBudget.failed() }
}
