import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Counts the threads of the tasks' pool that spin on a socket right now, in the whole process.
///
/// Half of the processors at most, one at least: however many connections there are, the other threads run tasks.
enum Spinners {
    private static let count = Atomic(0)
    static let most = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) / 2)

    /// False if enough others spin; each true must be followed by `leave`.
    static func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue > most else { return true }
        leave()
        return false
    }

    static func leave() { count.subtract(1, ordering: .relaxed) }
}
