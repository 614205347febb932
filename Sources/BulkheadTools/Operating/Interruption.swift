import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Whether somebody has asked this process to stop: by Ctrl-C, SIGTERM, or a hang-up of its terminal.
///
/// The first time asks, and the work ends at its next safe place and says how to go on. The second time kills.
package enum Interruption {
    private static let isRequestedFlag = Atomic<Bool>(false)

    /// True from the first signal on; to be asked between steps.
    package static var isRequested: Bool { isRequestedFlag.load(ordering: .relaxed) }

    /// Has SIGQUIT (Ctrl-\) end the process at once, with a core if the system keeps those, as it does anywhere else.
    ///
    /// Swift's runtime takes it for a crash: it prints a backtrace, and the process goes on.
    static func quitAsOthersDo() {
        let former = signal(SIGQUIT, SIG_DFL)
        // A shell has its jobs in the background ignore it, and that is inherited.
        let isIgnored = unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        if isIgnored { signal(SIGQUIT, SIG_IGN) }
        unblock([SIGQUIT])
    }

    /// True if somebody reads standard error at a terminal, and would wonder what became of Ctrl-C.
    private static let isSeen = Atomic<Bool>(false)

    /// Has signals ask from now on instead of killing.
    package static func watch() {
        isSeen.store(isatty(STDERR_FILENO) == 1, ordering: .relaxed)
        // A signal handler must not be the first to touch a global: making it takes a lock.
        isRequestedFlag.store(false, ordering: .relaxed)
        let numbers = [SIGINT, SIGTERM, SIGHUP]
        for number in numbers {
            signal(number) { number in
                Interruption.isRequestedFlag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
                if Interruption.isSeen.load(ordering: .relaxed) { Interruption.answer() }
            }
        }
        unblock(numbers)
    }

    /// A step may take long, such as one that waits for a server that has stopped. In a signal's handler nothing but
    /// `write` is allowed.
    private static func answer() {
        let words: StaticString = "\nStopping after this step. Once more ends it at once.\n"
        let code = errno
        _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
        errno = code
    }

    /// Whoever started this process may have had them blocked, as threads of a pool have, and that is inherited.
    private static func unblock(_ numbers: [Int32]) {
        var own = sigset_t()
        sigemptyset(&own)
        for number in numbers { sigaddset(&own, number) }
        pthread_sigmask(SIG_UNBLOCK, &own, nil)
    }
}
