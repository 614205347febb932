import Synchronization
import Testing

@testable import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct DedicatedThreadTests {
    @Test func `joining waits for the end of the function, which runs on another thread`() throws {
        final class Seen: Sendable {
            let thread = Mutex<UInt?>(nil)
        }
        let seen = Seen()
        let thread = try #require(
            DedicatedThread {
                MonotonicClock.sleep(until: MonotonicClock.now() + 20_000_000)
                seen.thread.withLock { $0 = Self.thisThread() }
            })
        thread.join()
        let other = try #require(seen.thread.withLock { $0 })
        #expect(other != Self.thisThread())
    }

    @Test func `joining twice is harmless`() throws {
        let counter = Counter()
        let thread = try #require(DedicatedThread { counter.runs.add(1, ordering: .relaxed) })
        thread.join()
        thread.join()
        #expect(counter.runs.load(ordering: .relaxed) == 1)
    }

    @Test func `a thread that gives way goes on running`() throws {
        let counter = Counter()
        let thread = try #require(
            DedicatedThread {
                if ThreadScheduling.giveWay() { counter.runs.add(1, ordering: .relaxed) }
            })
        thread.join()
        #expect(counter.runs.load(ordering: .relaxed) == 1)
    }

    private final class Counter: Sendable {
        let runs = Atomic(0)
    }

    private static func thisThread() -> UInt {
        #if canImport(Glibc)
        UInt(pthread_self())
        #else
        UInt(bitPattern: pthread_self())
        #endif
    }
}
