/// Decides how long a caller spins: looks at its socket again and again before it sleeps.
///
/// A sleeping thread takes tens of microseconds to wake, and a near server replies sooner. So the caller first spins
/// for a bounded time. If no reply comes in that time, because the server is far, busy or meant to block, the caller
/// spins less and less often. The first success resets that:
///
/// | Failures in a row | 1 | 2 | 3 | 4 | 5 | 6 and more |
/// |---|---|---|---|---|---|---|
/// | Waits that sleep at once | 1 | 3 | 7 | 15 | 31 | 63 |
package struct SpinBudget: Sendable {
    /// Zero turns spinning off.
    let limit: Duration
    private var failures = 0
    private var skips = 0

    private static let mostFailures = 6
    /// For who spins for others and has no deadline of its own. A thread wakes in much less.
    package static let longestOfTask = Duration.milliseconds(10)

    init(limit: Duration) { self.limit = limit }

    /// How long to spin this time.
    mutating func next() -> Duration {
        if skips > 0 {
            skips -= 1
            return .zero
        }
        return limit
    }

    /// The reply came while spinning.
    mutating func succeeded() { failures = 0 }

    mutating func failed() {
        failures = min(failures + 1, Self.mostFailures)
        skips = (1 << failures) - 1
    }
}
