import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads of our own, for what must go on whatever the program does with the threads of Dispatch and of its tasks.
enum OwnThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Bytes of a thread's stack: the default of one platform is 128 KiB, of another 8 MiB.
    private static let stackSize = 512 << 10

    /// Runs `body` on a new thread, which ends with it. Where the system has none left Dispatch runs it, as soon as one
    /// of its own is free.
    static func run(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        if !start(&attributes, work) {
            Unmanaged<Work>.fromOpaque(work).release()
            DispatchQueue(label: "bulkhead").async { @Sendable in body() }
        }
    }

    private static func start(_ attributes: inout pthread_attr_t, _ work: UnsafeMutableRawPointer) -> Bool {
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        return pthread_create(
            &thread, &attributes,
            { context in
                // What some platforms promise is there, others call optional.
                let context: UnsafeMutableRawPointer? = context
                Platform.configureThread()
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, work) == 0
    }
}
