#if canImport(Darwin)
import Darwin

extension MonotonicClock {
    static func readSystemClock() -> Int64 {
        Int64(clock_gettime_nsec_np(CLOCK_UPTIME_RAW))
    }

    /// There is no absolute sleep here: what is left is computed anew after each waking.
    static func sleepInSystem(until deadline: Int64) {
        while true {
            let left = deadline - readSystemClock()
            guard left > 0 else { return }
            var time = timespec(tv_sec: .init(left / 1_000_000_000), tv_nsec: .init(left % 1_000_000_000))
            nanosleep(&time, nil)
        }
    }
}
#endif
