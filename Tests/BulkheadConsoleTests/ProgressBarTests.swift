import BulkheadConsole
import Testing

@Suite("A progress bar") struct ProgressBarTests {
    private let second: Int64 = 1_000_000_000

    @Test func `a line tells share, count, rate and the time left`() {
        var bar = ProgressBar("migrate", total: 2_000, unit: "keys", onTerminal: false, now: 0)
        #expect(
            bar.update(done: 500, now: 10 * second)
                == "migrate  [#####···············]  25 %  500 of 2,000 keys  50.0/s  0:30 left\n")
        #expect(
            bar.update(done: 2_000, now: 40 * second)
                == "migrate  [####################]  100 %  2,000 of 2,000 keys  50.0/s\n")
    }

    @Test func `texts come no more often than can be read`() {
        var bar = ProgressBar("x", total: nil, unit: "keys", onTerminal: true, now: 0)
        #expect(bar.update(done: 1, now: 0) == nil)
        #expect(bar.update(done: 100, now: second) == "\rx  100 keys  100/s")
        #expect(bar.update(done: 101, now: second + 1) == nil)
        var log = ProgressBar("x", total: nil, unit: "keys", onTerminal: false, now: 0)
        #expect(log.update(done: 1, now: second) == nil)
    }

    @Test func `a text on a terminal covers the one before it and can be cleared`() {
        var bar = ProgressBar("x", total: nil, unit: "keys", onTerminal: true, now: 0)
        #expect(bar.update(done: 1_000, now: second) == "\rx  1,000 keys  1,000/s")
        #expect(bar.update(done: 1_000, now: 100 * second) == "\rx  1,000 keys  10.0/s ")
        #expect(bar.clear() == "\r" + String(repeating: " ", count: 21) + "\r")
        #expect(bar.clear() == "")
    }

    @Test func `more than was expected is no more than all`() {
        var bar = ProgressBar("x", total: 10, unit: "keys", onTerminal: false, now: 0)
        #expect(bar.update(done: 11, now: 10 * second)?.contains("100 %  11 of 10 keys") == true)
        bar.total = 20
        #expect(bar.update(done: 15, now: 20 * second)?.contains("75 %  15 of 20 keys") == true)
    }

    @Test func `no line on a terminal is so long that it wraps`() {
        var bar = ProgressBar("a long title of a work", total: .max, unit: "databases", onTerminal: true, now: 0)
        let text = bar.update(done: 123_456_789, now: 1_000_000 * second)
        #expect(text.map { $0.count <= 80 } == true)
    }
}
