import BulkheadTestSupport
import Testing

@testable import BulkheadTools

@Suite("What a sample says of the whole") struct CheckEstimateTests {
    @Test func `a sample that is the whole is exact`() {
        let whole = SampleSize(looked: 500, of: 500)
        #expect(whole.keys(found: 123) == Estimate(exact: 123))
        var sums = PowerSums()
        for size in [10, 20, 30] { sums.add(size) }
        #expect(SampleSize(looked: 3, of: 3).average(of: sums) == Estimate(exact: 20))
        #expect(SampleSize(looked: 0, of: 0).average(of: PowerSums()) == nil)
    }

    @Test func `an interval never leaves what is possible`() throws {
        let sample = SampleSize(looked: 100, of: 1_000)
        let none = try #require(sample.keys(found: 0))
        #expect(none.low == 0)
        #expect(none.high > 10 && none.high < 100)
        let all = try #require(sample.keys(found: 100))
        #expect(all.high == 1_000)
        #expect(all.low < 990)
        // Seven were seen, and 93 others.
        let some = try #require(sample.keys(found: 7))
        #expect(some.low >= 7 && some.high <= 907)
    }

    @Test func `a count that no integer holds ends at the last one`() throws {
        let all = try #require(SampleSize(looked: 10, of: .max).keys(found: 10))
        #expect(all.value == .max && all.high == .max)
        let none = try #require(SampleSize(looked: 10, of: .max).keys(found: 0))
        #expect(none.value == 0 && none.low == 0)
    }

    @Test func `what is too little for an interval is no estimate`() {
        var sums = PowerSums()
        for _ in 0..<9 { sums.add(50) }
        #expect(SampleSize(looked: 9, of: 1_000).average(of: sums) == nil)
        #expect(SampleSize(looked: 0, of: 1_000).keys(found: 0) == nil)
    }

    @Test func `figures past what a number holds end at it`() {
        var sums = PowerSums()
        for _ in 0..<20 { sums.add(.max) }
        #expect(SampleSize(looked: 20, of: .max).average(of: sums)?.value == .max)
        var drawn = DrawnSizes(unit: .max)
        for _ in 0..<3 { drawn.add(.max) }
        #expect(drawn.total(atMost: .max) == Estimate(exact: .max))
        #expect(Int(clamping: .nan) == 0)
        #expect(Int(clamping: -.infinity) == .min)
    }

    /// 400 samples of one population each; 95 % of the intervals have to hold the truth. With fewer than 91 % of 400
    /// right, they are not intervals of 95 % (p < 0.001).
    @Test(arguments: [0.5, 0.05, 0.003])
    func `the intervals of shares hold the truth 95 times in a hundred`(share: Double) throws {
        var random = SeededGenerator(seed: 7)
        let population = (0..<20_000).map { _ in Double(random.below(1_000_000)) < share * 1_000_000 }
        let truth = population.count { $0 }
        var covered = 0
        for seed in 0..<400 {
            var sampler = KeySampler(share: 0.1, seed: UInt64(seed))
            let drawn = population.filter { _ in sampler.draws() }
            let sample = SampleSize(looked: drawn.count, of: population.count)
            let estimate = try #require(sample.keys(found: drawn.count { $0 }))
            if (estimate.low...estimate.high).contains(truth) { covered += 1 }
        }
        #expect(covered >= 364, "\(covered) of 400")
    }

    @Test func `keys are drawn with the probability asked for, wherever they stand`() {
        var sampler = KeySampler(share: 0.25, seed: 3)
        var halves = [0, 0]
        for index in 0..<100_000 where sampler.draws() { halves[index / 50_000] += 1 }
        for half in halves { #expect((12_100...12_900).contains(half), "\(halves)") }
        var all = KeySampler(share: 1, seed: 3)
        #expect((0..<1_000).allSatisfy { _ in all.draws() })
        var none = KeySampler(share: 0, seed: 3)
        #expect((0..<1_000).allSatisfy { _ in !none.draws() })
    }
}
