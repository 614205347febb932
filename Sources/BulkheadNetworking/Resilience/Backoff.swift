/// How long to wait before trying again: a random time up to a limit that doubles with each failure, up to a cap.
///
/// Full jitter: clients that lost their server in the same moment come back at moments of their own, so that it does
/// not meet them all at once. (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015.)
package struct Backoff: Sendable, Hashable {
    /// The limit after the first failure.
    package var first: Duration
    /// The limit it never passes.
    package var cap: Duration

    package init(first: Duration = .milliseconds(20), cap: Duration = .seconds(2)) {
        self.first = max(.zero, first)
        self.cap = max(self.first, cap)
    }

    /// The longest wait after so many failures in a row.
    package func limit(after failures: Int) -> Duration {
        // 2³⁰ times any useful first step is past any useful cap.
        let (limit, isPast) = first.wholeNanoseconds.multipliedReportingOverflow(by: 1 << min(max(0, failures - 1), 30))
        return isPast ? cap : min(cap, .nanoseconds(limit))
    }

    /// A wait after so many failures in a row, in whole nanoseconds.
    package func wait(after failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        .nanoseconds(Int64.random(in: 0...limit(after: failures).wholeNanoseconds, using: &random))
    }

    /// The same with the system's dice.
    package func waitAtRandom(after failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return wait(after: failures, using: &random)
    }
}
