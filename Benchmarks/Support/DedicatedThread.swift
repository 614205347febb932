import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A thread that runs one function to its end: for work that blocks or keeps a core busy, which the threads that all
/// tasks share must not.
///
/// `@unchecked Sendable`: `thread` is constant, and a pointer on some systems; joining is guarded by `isJoined`.
package final class DedicatedThread: @unchecked Sendable {
    private let thread: pthread_t
    private let isJoined = Mutex(false)

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts the thread at once; nil when the system allows no further thread, and then nothing has run.
    package init?(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run))
        guard let thread = Self.create(argument: body.toOpaque()) else {
            body.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits until the function has returned. Idempotent; must be called once at least, or the thread's stack stays.
    package func join() {
        isJoined.withLock { isJoined in
            if !isJoined { pthread_join(thread, nil) }
            isJoined = true
        }
    }

    private static func runBody(at argument: UnsafeMutableRawPointer) {
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    }

    /// The systems differ in which of the pointers may be null.
    private static func create(argument: UnsafeMutableRawPointer) -> pthread_t? {
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        #if canImport(Darwin)
        let failure = pthread_create(
            &thread, nil,
            {
                DedicatedThread.runBody(at: $0); return nil
            }, argument)
        #else
        let failure = pthread_create(
            &thread, nil,
            { argument in
                if let argument { DedicatedThread.runBody(at: argument) }
                return nil
            }, argument)
        #endif
        return failure == 0 ? thread : nil
    }
}
