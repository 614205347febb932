/// Decides how long a blocking caller watches its socket before it sleeps.
///
/// A thread that sleeps takes long to wake, tens of microseconds: a near server's reply is there sooner. So the caller
/// first looks again and again for a bounded time. Where that fails, because the server is far, busy or meant to block,
/// it is tried more and more seldom, and at once again after the first success:
///
/// | Failures in a row | 1 | 2 | 3 | 4 | 5 | 6 and more |
/// |---|---|---|---|---|---|---|
/// | Waits that sleep at once | 1 | 3 | 7 | 15 | 31 | 63 |
struct PollingBudget: Sendable {
    /// Zero turns watching off.
    let limit: Duration
    private var failures = 0
    private var skips = 0

    private static let mostFailures = 6

    init(limit: Duration) { self.limit = limit }

    /// How long to watch this time.
    mutating func next() -> Duration {
        if skips > 0 {
            skips -= 1
            return .zero
        }
        return limit
    }

    /// What was waited for came while watching.
    mutating func succeeded() { failures = 0 }

    mutating func failed() {
        failures = min(failures + 1, Self.mostFailures)
        skips = (1 << failures) - 1
    }
}
