import Testing

@testable import BulkheadConsole

@Suite struct MonotonicClockTests {
    @Test func `the clock never goes back`() {
        var last = MonotonicClock.now()
        for _ in 0..<100_000 {
            let instant = MonotonicClock.now()
            #expect(instant >= last)
            last = instant
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a sleep ends at its instant or after it, and says how late`() {
        for spinning in [0, 100_000, 60_000_000] as [Int64] {
            let deadline = MonotonicClock.now() + 2_000_000
            let late = MonotonicClock.sleep(until: deadline, spinning: spinning)
            #expect(late >= 0)
            #expect(MonotonicClock.now() >= deadline + late)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [0, 50_000] as [Int64])
    func `a sleep until an instant that has passed returns at once and says how long ago it was`(_ spinning: Int64) {
        let now = MonotonicClock.now()
        #expect(MonotonicClock.sleep(until: now - 7_000_000, spinning: spinning) >= 7_000_000)
        #expect(MonotonicClock.sleep(until: 0, spinning: spinning) >= now)
        #expect(MonotonicClock.sleep(until: -1, spinning: spinning) > now)
    }

    @Test func `one second of the clock is one second of the standard library's clock`() throws {
        let clock = ContinuousClock()
        // Read in the order a b b a: the outer interval holds the inner one.
        let outerStart = clock.now
        let start = MonotonicClock.now()
        MonotonicClock.sleep(until: start + 20_000_000)
        let passed = Duration.nanoseconds(MonotonicClock.now() - start)
        let outer = clock.now - outerStart
        #expect(passed >= .milliseconds(20))
        #expect(passed <= outer + .milliseconds(1))
    }
}
