import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct OpenLoopScheduleTests {
    @Test func `even arrivals are 1/rate apart, the first at the start`() {
        let schedule = OpenLoopSchedule(start: 5_000, rate: 4_000, count: 4)
        #expect(Array(schedule) == [5_000, 255_000, 505_000, 755_000])
        #expect(schedule.end == 1_005_000)
        #expect(schedule.instant(ofRequest: 3) == 755_000)
    }

    @Test func `a rate may be below one a second`() {
        #expect(Array(OpenLoopSchedule(start: 0, rate: 0.5, count: 3)) == [0, 2_000_000_000, 4_000_000_000])
    }

    @Test(arguments: [1, 3, 7, 1_000, 3_000, 99_991, 1_000_000])
    func `after ten million requests an even schedule is within 1 ns of the exact instant`(_ rate: Int64) {
        let start: Int64 = 987_654_321_987
        let schedule = OpenLoopSchedule(start: start, rate: Double(rate), count: 10_000_001)
        for index in Array(stride(from: 0, through: 10_000_000, by: 9_973)) + [10_000_000] {
            // request · 10^9 = quotient · rate + remainder, in whole numbers.
            let exact = (Int64(index) * 1_000_000_000).quotientAndRemainder(dividingBy: rate)
            let difference = schedule.instant(ofRequest: index) - start - exact.quotient
            #expect((0...1).contains(difference) || difference == -1 && exact.remainder == 0)
        }
    }

    @Test func `the exact instant of the ten millionth request at 1,000 a second is 10,000 s after the start`() {
        let schedule = OpenLoopSchedule(start: 17, rate: 1_000, count: 10_000_001)
        #expect(schedule.instant(ofRequest: 10_000_000) == 10_000_000_000_017)
    }

    @Test func `an empty schedule has no instants and ends where it starts`() {
        let schedule = OpenLoopSchedule(start: 9, rate: 10, count: 0, arrivals: .poisson(seed: 1))
        #expect(Array(schedule).isEmpty)
        #expect(schedule.end == 9)
    }

    @Test func `Poisson arrivals repeat for the same seed and differ for another`() {
        func arrivals(_ seed: UInt64) -> [Int64] {
            Array(OpenLoopSchedule(start: 100, rate: 1_000, count: 1_000, arrivals: .poisson(seed: seed)))
        }
        #expect(arrivals(1) == arrivals(1))
        #expect(arrivals(1) != arrivals(2))
        #expect(arrivals(1).count == 1_000)
    }

    @Test func `one Poisson instant asked for alone is the one the walk gives`() {
        let schedule = OpenLoopSchedule(start: 100, rate: 1_000, count: 300, arrivals: .poisson(seed: 3))
        for (index, instant) in schedule.enumerated() {
            #expect(schedule.instant(ofRequest: index) == instant)
        }
    }

    @Test func `Poisson arrivals never go back`() {
        let instants = Array(OpenLoopSchedule(start: 0, rate: 1e6, count: 100_000, arrivals: .poisson(seed: 5)))
        #expect(zip(instants, instants.dropFirst()).allSatisfy { $0 <= $1 })
        #expect((instants.first ?? -1) >= 0)
    }

    @Test func `Poisson gaps have the mean and the spread of an exponential distribution`() throws {
        // The seed is fixed, so these are facts and not luck; 5 standard errors leave room for another log1p.
        let count = 1_000_000
        let schedule = OpenLoopSchedule(start: 0, rate: 10_000, count: count, arrivals: .poisson(seed: 42))
        var last: Int64 = 0
        var (sum, squares, beyondMean) = (0.0, 0.0, 0)
        for instant in schedule {
            let gap = Double(instant - last) / 100_000
            sum += gap
            squares += gap * gap
            beyondMean += gap > 1 ? 1 : 0
            last = instant
        }
        let mean = sum / Double(count)
        #expect(abs(mean - 1) < 0.005)
        #expect(abs(squares / Double(count) - mean * mean - 1) < 0.015)
        // e^-1 of all gaps are longer than the mean.
        #expect(abs(Double(beyondMean) / Double(count) - 0.367_879) < 0.0025)
    }
}

@Suite struct SeededGeneratorTests {
    @Test func `the numbers are those of the published SplitMix64`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func `fractions lie from 0 up to, not including, 1 and fill the range`() {
        var generator = SeededGenerator(seed: 0)
        let fractions = (0..<100_000).map { _ in generator.nextFraction() }
        #expect(fractions.allSatisfy { (0..<1).contains($0) })
        let tenths = Dictionary(grouping: fractions) { Int($0 * 10) }.mapValues(\.count)
        #expect(tenths.count == 10)
        #expect(tenths.values.allSatisfy { (9_500...10_500).contains($0) })
    }
}
