@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

@Suite struct `A backoff` {
    @Test func `doubles its limit with each failure, up to the cap`() {
        let backoff = Backoff(first: .milliseconds(20), cap: .seconds(2))
        let limits = (1...10).map { backoff.limit(after: $0) }
        #expect(limits == [20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000, 2_000].map { .milliseconds($0) })
        #expect(backoff.limit(after: .max) == .seconds(2))
        #expect(backoff.limit(after: 0) == .milliseconds(20))
    }

    @Test func `never waits longer than its limit, and uses all of it`() {
        let backoff = Backoff(first: .milliseconds(20), cap: .seconds(2))
        var random = SeededGenerator(seed: 7)
        for failures in 1...12 {
            let limit = backoff.limit(after: failures)
            let waits = (0..<2_000).map { _ in backoff.wait(after: failures, using: &random) }
            #expect(waits.allSatisfy { $0 >= .zero && $0 <= limit })
            // Full jitter: the shortest and longest tenth are as likely as any other.
            #expect(waits.count { $0 < limit / 10 } > 100)
            #expect(waits.count { $0 > limit / 10 * 9 } > 100)
        }
    }

    @Test func `takes times that make no sense for the nearest that do`() {
        var random = SeededGenerator(seed: 1)
        #expect(Backoff(first: .seconds(-1), cap: .seconds(-2)).wait(after: 5, using: &random) == .zero)
        #expect(Backoff(first: .seconds(3), cap: .seconds(1)).limit(after: 4) == .seconds(3))
        let endless = Backoff(first: .seconds(1 << 40), cap: .seconds(1 << 62))
        #expect(endless.wait(after: 60, using: &random) >= .zero)
    }
}
