import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct AllocationCounterTests {
    private final class Object { var next: Object? }

    /// Never inlined, as an optimiser that sees an object end would not make it.
    @inline(never) private static func make() -> Object { Object() }

    #if os(Linux)
    @Test func `every object, and every thread's, is a call that is counted`() async throws {
        let counter = try AllocationCounter.start()
        let before = counter.count
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var list = Object()
                    for _ in 0..<1_000 {
                        let object = Object()
                        object.next = list
                        list = object
                    }
                    // One by one, as a long list would otherwise end in a deep recursion.
                    var count = 0
                    while let next = list.next {
                        list.next = nil
                        list = next
                        count += 1
                    }
                    return count
                }
            }
            for await count in group { #expect(count == 1_000) }
        }
        // Other tests allocate too, so there may be more.
        #expect(counter.count - before >= 8_000)
    }

    @Test func `starting again goes on counting, and counts each call once`() throws {
        _ = try AllocationCounter.start()
        let counter = try AllocationCounter.start()
        // The least of many tries: other tests allocate now and then, but not in between all of them.
        let least = (0..<1_000).map { _ in
            let before = counter.count
            withExtendedLifetime(Self.make()) {}
            return counter.count - before
        }.min()
        #expect(least == 1)
    }
    #endif
}
