import Synchronization

/// Counts what a process asks its heap for: calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and
/// memalign, by Swift's runtime, Dispatch and everything else that is loaded.
///
/// The count is exact and the same on every run of the same work, which no clock is: what a guard can hold a limit to.
/// valgrind counts the same, thirty times slower.
/// ```swift
/// let counter = try AllocationCounter.start()
/// let before = counter.count
/// work()
/// print(counter.count - before)
/// ```
package struct AllocationCounter: Sendable {
    /// Calls so far, of all threads; 0 until ``start()``.
    static let calls = Atomic<Int>(0)

    package var count: Int { Self.calls.load(ordering: .relaxed) }

    /// Counts from now until the process ends; it cannot be undone, and costs some nanoseconds a call.
    ///
    /// Throws, with nothing counted, where there is no way to, and where a thousand objects are not a thousand calls.
    /// Libraries that are loaded later are not counted.
    package static func start() throws(AllocationCounterUnavailable) -> AllocationCounter {
        guard isSupported, redirect() else { throw AllocationCounterUnavailable() }
        let counter = AllocationCounter()
        let before = counter.count
        var objects: [Probe] = []
        objects.reserveCapacity(probes)
        for _ in 0..<probes { objects.append(Probe()) }
        // One more for the array. Other threads may be at work, so it cannot be too many.
        guard withExtendedLifetime(objects, { counter.count - before > probes }) else {
            throw AllocationCounterUnavailable()
        }
        return counter
    }

    private static let probes = 1_000

    private final class Probe {}
}

/// This system's calls of malloc cannot be counted from within.
package struct AllocationCounterUnavailable: Error, CustomStringConvertible {
    package var description: String {
        "allocations can be counted on Linux with glibc only, on x86-64 and arm64, with Swift's libraries not linked in"
    }
}

#if !canImport(Glibc) || !(arch(x86_64) || arch(arm64))
extension AllocationCounter {
    static let isSupported = false
    static func redirect() -> Bool { false }
}
#endif
