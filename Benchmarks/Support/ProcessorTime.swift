#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The processor time this process has used, of all its threads, in seconds.
package struct ProcessorTime: Sendable {
    package let user: Double
    package let system: Double

    package static func now() -> ProcessorTime {
        var usage = rusage()
        // 0 is RUSAGE_SELF everywhere; its type is another in each C library.
        getrusage(0, &usage)
        return ProcessorTime(user: usage.ru_utime.inSeconds, system: usage.ru_stime.inSeconds)
    }

    /// What was used from `earlier` to this reading.
    package func since(_ earlier: ProcessorTime) -> ProcessorTime {
        ProcessorTime(user: user - earlier.user, system: system - earlier.system)
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
