#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A point in monotonic time, in eight bytes: every request carries two.
package struct Moment: Sendable, Hashable, Comparable {
    /// Since the system started.
    let nanoseconds: Int64

    /// Later than any other.
    static let never = Moment(nanoseconds: .max)
    /// Earlier than any other.
    static let past = Moment(nanoseconds: .min)

    package static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package var nanosecondsAgo: Int64 { Self.now.nanoseconds - nanoseconds }

    /// Until then, rounded up, for `poll`; at least 0, at most about 24 days, and -1 if it never comes.
    var millisecondsLeft: Int32 {
        if self == .never { return -1 }
        let now = Moment.now
        guard self > now else { return 0 }
        let milliseconds = (UInt64(bitPattern: nanoseconds &- now.nanoseconds) + 999_999) / 1_000_000
        return Int32(min(milliseconds, 2_000_000_000))
    }

    package static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (moment: Moment, duration: Duration) -> Moment {
        let (sum, isLate) = moment.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return isLate ? .never : Moment(nanoseconds: sum)
    }

    /// Without the 128 bits of a `Duration`, for what is worked out at every turn.
    static func + (moment: Moment, timeout: Timeout) -> Moment {
        let (sum, isLate) = moment.nanoseconds.addingReportingOverflow(timeout.nanoseconds)
        return isLate ? .never : Moment(nanoseconds: sum)
    }

    static func - (moment: Moment, timeout: Timeout) -> Moment {
        let (difference, isEarly) = moment.nanoseconds.subtractingReportingOverflow(timeout.nanoseconds)
        return isEarly ? .past : Moment(nanoseconds: difference)
    }

    package static func - (late: Moment, early: Moment) -> Duration {
        let (difference, isTooLong) = late.nanoseconds.subtractingReportingOverflow(early.nanoseconds)
        return .nanoseconds(isTooLong ? (late < early ? .min : .max) : difference)
    }
}

extension Duration {
    /// At most 292 years.
    var wholeNanoseconds: Int64 {
        // `components` ends the process where the seconds are more than 64 bits hold.
        Int64(clamping: attoseconds / 1_000_000_000)
    }
}

/// How long a call may take, worked out once: a `Duration` counts in 128 bits, which costs as much as sending does.
package struct Timeout: Sendable, Hashable {
    let nanoseconds: Int64

    /// Nil means no limit.
    package init(_ duration: Duration?) { nanoseconds = duration.map(\.wholeNanoseconds) ?? .max }

    /// The same with `more` on top, for a command that waits so long on the server.
    package func adding(_ more: Duration?) -> Timeout {
        guard let more else { return Timeout(nil) }
        let (sum, isTooLong) = nanoseconds.addingReportingOverflow(more.wholeNanoseconds)
        return Timeout(nanoseconds: isTooLong ? .max : sum)
    }

    /// This or `least`, whichever is longer.
    package func atLeast(_ least: Duration) -> Timeout {
        Timeout(nanoseconds: max(nanoseconds, least.wholeNanoseconds))
    }

    /// This or `most`, whichever is shorter.
    package func atMost(_ most: Duration) -> Timeout {
        Timeout(nanoseconds: min(nanoseconds, most.wholeNanoseconds))
    }

    /// A sixteenth of it, but at least `least` and at most `most`.
    func sixteenth(in least: Timeout, _ most: Timeout) -> Timeout {
        Timeout(nanoseconds: min(max(nanoseconds / 16, least.nanoseconds), most.nanoseconds))
    }

    private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
}

/// When a caller asked, and when it gives up: one for the whole of a call, whatever it has to wait for on its way.
package struct Deadline: Sendable, Hashable {
    package let start: Moment
    package let end: Moment

    /// `timeout` from now.
    package init(after timeout: Timeout) {
        start = .now
        end = start + timeout
    }

    /// The same from `start` on.
    package init(after timeout: Timeout, since start: Moment) {
        self.init(start: start, end: start + timeout)
    }

    init(start: Moment, end: Moment) {
        self.start = start
        self.end = end
    }

    /// For what may take as long as it likes.
    package static let none = Deadline(start: Moment(nanoseconds: 0), end: .never)

    /// The caller's timeout as a whole.
    var timeout: Duration { end - start }
    /// What is left of it; below zero when it is over.
    package var left: Duration { end == .never ? .nanoseconds(Int64.max) : end - .now }
    package var isOver: Bool { end != .never && end <= .now }
}
