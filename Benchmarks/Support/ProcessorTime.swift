#if canImport(Glibc)
package import Glibc
#elseif canImport(Musl)
package import Musl
#elseif canImport(Darwin)
package import Darwin
#endif

/// The processor time a process has used, of all its threads, in seconds.
package struct ProcessorTime: Sendable {
    package let user: Double
    package let system: Double

    package var total: Double { user + system }

    package init(user: Double, system: Double) {
        self.user = user
        self.system = system
    }

    /// What wait4 told of a child that has ended.
    package init(_ usage: rusage) {
        self.init(user: usage.ru_utime.inSeconds, system: usage.ru_stime.inSeconds)
    }

    /// What this process has used until now.
    package static func now() -> ProcessorTime {
        var usage = rusage()
        // 0 is RUSAGE_SELF everywhere; its type is another in each C library.
        getrusage(0, &usage)
        return ProcessorTime(usage)
    }

    /// What was used from `earlier` to this reading.
    package func since(_ earlier: ProcessorTime) -> ProcessorTime {
        ProcessorTime(user: user - earlier.user, system: system - earlier.system)
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
