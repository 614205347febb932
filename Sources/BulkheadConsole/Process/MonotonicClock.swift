import Dispatch

/// Nanoseconds that only go forward, and sleeping until one of them.
///
/// The instants count from some moment in the machine's past and mean nothing on another machine. They are Dispatch's:
/// the system's monotonic clock, without a suspended machine's time on Darwin.
package enum MonotonicClock {
    /// The present instant in nanoseconds.
    package static func now() -> Int64 {
        Int64(DispatchTime.now().uptimeNanoseconds)
    }

    /// Blocks the calling thread until the instant has come, and returns how many nanoseconds too late it woke.
    ///
    /// For a thread of its own only: a thread of Swift's pool must not block. An instant that has passed returns at
    /// once, with how long ago it was. Signals do not end the sleep.
    ///
    /// - Parameters:
    ///   - deadline: the instant in nanoseconds of this clock.
    ///   - spinning: how many of the last nanoseconds to watch the clock instead of sleeping. Linux wakes an ordinary
    ///     thread 50 µs late or more (its timer slack); spinning 100,000 hides that and costs the core's time.
    @discardableResult
    package static func sleep(until deadline: Int64, spinning: Int64 = 0) -> Int64 {
        let (early, overflow) = deadline.subtractingReportingOverflow(max(0, spinning))
        if !overflow, early > now() {
            // Nobody signals it.
            _ = DispatchSemaphore(value: 0).wait(timeout: DispatchTime(uptimeNanoseconds: UInt64(early)))
        }
        var instant = now()
        while instant < deadline {
            instant = now()
        }
        return instant - deadline
    }
}
