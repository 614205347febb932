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

    @Test(arguments: [20, 30, 50, 60, 80, 200])
    func `no line on a terminal wraps, and what does not fit is left out in whole words`(width: Int) {
        let full = ["migrate", "k", "M", "of", "databases", "left"]
        for total in [nil, 10_000_000] {
            var bar = ProgressBar("migrate", total: total, unit: "databases", onTerminal: true, now: 0)
            for instant in Int64(1)...20 {
                let text = bar.update(done: Int(instant) * 499_999, now: instant * second, columns: width) ?? ""
                #expect(text.count > 1 && text.count <= width)
                for word in text.dropFirst().split(separator: " ") where word.allSatisfy(\.isLetter) {
                    #expect(full.contains(String(word)))
                }
            }
        }
    }

    @Test func `a window made smaller gets a shorter line at once`() {
        var bar = ProgressBar("migrate", total: 2_000, unit: "keys", onTerminal: true, now: 0)
        let wide = bar.update(done: 500, now: 10 * second, columns: 80)
        #expect(wide == "\rmigrate  [#####···············]  25 %  500 of 2,000 keys  50.0/s  0:30 left")
        let narrow = bar.update(done: 510, now: 11 * second, columns: 50)
        #expect(narrow == "\rmigrate  25 %  510 of 2,000 keys  0:32 left".padding(toLength: 50))
    }
}

extension String {
    fileprivate func padding(toLength length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
