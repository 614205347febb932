import BulkheadBenchmarkSupport
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A thread beside that reads and writes each line of some memory, pauses, and begins again: it leaves others little
/// of a small cache, and takes a part of their core, as other programs on a busy host do.
final class CacheWalk: Sendable {
    private final class Order: Sendable {
        let mustStop = Atomic(false)
    }

    private let order = Order()
    private let thread: DedicatedThread?

    private static let pause: UInt32 = 200
    private static let line = 64

    init(kibibytes: Int) {
        thread = DedicatedThread { [order] in
            var memory = [UInt8](repeating: 1, count: kibibytes << 10)
            while !order.mustStop.load(ordering: .relaxed) {
                for offset in stride(from: 0, to: memory.count, by: Self.line) { memory[offset] &+= 1 }
                usleep(Self.pause)
            }
        }
    }

    func stop() {
        order.mustStop.store(true, ordering: .relaxed)
        thread?.join()
    }
}
