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

    /// Has signals ask from now on instead of killing.
    package static func watch() {
        // A signal handler must not be the first to touch a global: making it takes a lock.
        isRequestedFlag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                Interruption.isRequestedFlag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
