/// The steps of a noise, each a command, page or slice that its caller waits for: when they began, and how long those
/// took that began in the measured time.
///
/// A step counts by its beginning, as a GET by the instant it was meant to leave, and to its end, also where that comes
/// after the measured time: dropping those under way at its end would drop long ones more often than short ones.
package struct NoiseSteps: Sendable, Equatable {
    /// Beginnings that are kept, for a picture of them.
    package static let mostBeginnings = 100_000

    /// In nanoseconds of `MonotonicClock`.
    package private(set) var beginnings: [Int64] = []
    package private(set) var latencies = LatencyHistogram()
    private var measured: Range<Int64> = 0..<0

    package init() {}

    /// Counts the steps from now on that begin in `time`, in nanoseconds of `MonotonicClock`; before, none counts.
    package mutating func measure(_ time: Range<Int64>) { measured = time }

    /// A step holds the server from this instant on.
    package mutating func begin(at instant: Int64) {
        if beginnings.count < Self.mostBeginnings { beginnings.append(instant) }
    }

    /// A step ended at an instant, and its caller had waited for it since an earlier one.
    package mutating func end(since begun: Int64, at instant: Int64) {
        if measured.contains(begun) { latencies.record(nanoseconds: instant - begun) }
    }
}
