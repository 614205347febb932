#if canImport(Glibc) || canImport(Musl)
#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

extension ThreadScheduling {
    /// SCHED_IDLE by number, which Glibc declares for C only. A thread of the lowest nice value would still finish
    /// its slice of some milliseconds before one that wakes; a thread of this policy is preempted at once.
    private static let idlePolicy: Int32 = 5

    package static func giveWay() -> Bool {
        var parameters = sched_param()
        return pthread_setschedparam(pthread_self(), idlePolicy, &parameters) == 0
    }

    /// Threads that are started later inherit it from the thread that starts them.
    package static func wakePunctually() -> Bool {
        guard let file = fopen("/proc/self/timerslack_ns", "w") else { return false }
        let written = fputs("1", file)
        return fclose(file) == 0 && written >= 0
    }
}
#endif
