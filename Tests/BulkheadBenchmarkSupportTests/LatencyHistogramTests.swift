import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct LatencyHistogramTests {
    private static let percents = [0, 0.1, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100]

    enum Distribution: CaseIterable, Sendable {
        case uniform, exponential, logUniformOverTheWholeRange, twoPeaks, constant, smallerThanABucket

        func samples(_ count: Int) -> [Int64] {
            var generator = SeededGenerator(seed: 7)
            return (0..<count).map { index in
                switch self {
                case .uniform: Int64.random(in: 0...5_000_000, using: &generator)
                case .exponential:
                    OpenLoopSchedule(
                        start: 0, rate: 5_000, count: 1, arrivals: .poisson(seed: UInt64(index))
                    ).instant(ofRequest: 0)
                case .logUniformOverTheWholeRange:
                    Int64.random(in: 0..<1 << Int64.random(in: 1...42, using: &generator), using: &generator)
                case .twoPeaks:
                    Int64.random(in: 0..<1_000, using: &generator) + (index.isMultiple(of: 100) ? 80_000_000 : 180_000)
                case .constant: 183_456
                case .smallerThanABucket: Int64.random(in: 0..<256, using: &generator)
                }
            }
        }
    }

    @Test(arguments: Distribution.allCases)
    func `a percentile is at most 1/128 above the true one, and never below`(_ distribution: Distribution) throws {
        let samples = distribution.samples(20_011)
        let sorted = samples.sorted()
        var histogram = LatencyHistogram()
        for sample in samples {
            histogram.record(nanoseconds: sample)
        }
        for percent in Self.percents {
            let rank = max(1, Int((percent * Double(sorted.count) / 100).rounded(.up)))
            let exact = sorted[rank - 1]
            let shown = try #require(histogram.percentile(percent))
            #expect(shown >= exact, "\(percent) %")
            #expect((shown - exact) * 128 <= exact, "\(percent) %: \(shown) for \(exact)")
        }
        #expect(histogram.count == sorted.count)
        #expect(histogram.min == sorted.first)
        #expect(histogram.max == sorted.last)
        #expect(histogram.mean == Double(sorted.reduce(0, +)) / Double(sorted.count))
        #expect(histogram.countBeyondRange == 0)
    }

    @Test func `every value below 256 ns has a bucket of its own`() {
        for value in Int64(0)..<256 {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: value)
            histogram.record(nanoseconds: 1_000_000)
            #expect(histogram.percentile(50) == value)
        }
    }

    @Test func `at every border of a bucket the upper bound is the largest value of its bucket`() {
        func upperBound(_ value: Int64) -> Int64? {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: value)
            histogram.record(nanoseconds: LatencyHistogram.longestTracked)
            return histogram.percentile(50)
        }
        #expect(upperBound(255) == 255)
        #expect(upperBound(256) == 257)
        #expect(upperBound(257) == 257)
        #expect(upperBound(511) == 511)
        #expect(upperBound(512) == 515)
        for power in Int64(8)...41 {
            let border: Int64 = 1 << power
            #expect(upperBound(border - 1) == border - 1)
            #expect(upperBound(border) == border + border / 128 - 1)
        }
    }

    @Test func `no percentile is above the maximum`() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 1_000_000)
        #expect(histogram.percentile(100) == 1_000_000)
        #expect(histogram.percentile(50) == 1_000_000)
    }

    @Test func `the range ends after more than an hour, and what is longer counts with its exact maximum`() {
        var histogram = LatencyHistogram()
        #expect(LatencyHistogram.longestTracked == 4_398_046_511_103)
        #expect(LatencyHistogram.longestTracked > 3_600_000_000_000)
        histogram.record(nanoseconds: 100)
        histogram.record(nanoseconds: LatencyHistogram.longestTracked)
        #expect(histogram.countBeyondRange == 0)
        histogram.record(nanoseconds: LatencyHistogram.longestTracked + 1)
        histogram.record(nanoseconds: .max)
        #expect(histogram.countBeyondRange == 2)
        #expect(histogram.count == 4)
        #expect(histogram.percentile(25) == 100)
        #expect(histogram.percentile(50) == LatencyHistogram.longestTracked)
        #expect(histogram.percentile(75) == .max)
        #expect(histogram.max == .max)
    }

    @Test func `merging equals recording everything in one`() {
        var parts = [LatencyHistogram](repeating: LatencyHistogram(), count: 4)
        var all = LatencyHistogram()
        for distribution in Distribution.allCases {
            for (index, sample) in distribution.samples(1_003).enumerated() {
                parts[index % 3].record(nanoseconds: sample)
                all.record(nanoseconds: sample)
            }
        }
        parts[0].record(nanoseconds: .max)
        all.record(nanoseconds: .max)
        var merged = LatencyHistogram()
        for part in parts {
            merged.merge(part)
        }
        #expect(merged == all)
        #expect(merged.count == 6 * 1_003 + 1)
        #expect(merged != parts[0])
    }

    @Test func `an empty histogram has no percentile, minimum, maximum or mean`() {
        let empty = LatencyHistogram()
        #expect(empty.count == 0)
        #expect(empty.percentile(50) == nil)
        #expect(empty.min == nil)
        #expect(empty.max == nil)
        #expect(empty.mean == nil)
    }

    @Test func `the rank of a percentile is not lifted by the rounding of its product`() {
        var histogram = LatencyHistogram()
        for value in Int64(1)...1_000 {
            histogram.record(nanoseconds: value <= 999 ? 1 : 200)
        }
        #expect(histogram.percentile(99.9) == 1)
        #expect(histogram.percentile(99.91) == 200)
        // 0.07 * 100 is 7.000000000000001 in binary.
        var seven = LatencyHistogram()
        for value in Int64(1)...100 {
            seven.record(nanoseconds: value)
        }
        for percent in 1...100 {
            #expect(seven.percentile(Double(percent)) == Int64(percent))
            #expect(seven.percentile(Double(percent) / 100 * 100) == Int64(percent))
        }
    }

    @Test func `a duration counts in whole nanoseconds, a negative one as zero, an endless one as the longest`() {
        var histogram = LatencyHistogram()
        histogram.record(.microseconds(12))
        #expect(histogram.max == 12_000)
        histogram.record(Duration(secondsComponent: 1, attosecondsComponent: 7_999_999_999))
        #expect(histogram.max == 1_000_000_007)
        histogram.record(.seconds(Int64.max))
        #expect(histogram.max == .max)
        histogram.record(.nanoseconds(-5))
        #expect(histogram.min == 0)
        histogram.record(.seconds(Int64.min))
        histogram.record(nanoseconds: -1)
        #expect(histogram.min == 0)
        #expect(histogram.percentile(50) == 0)
    }

    @Test func `a mean stays exact where 64 bits of nanoseconds would overflow`() {
        var histogram = LatencyHistogram()
        for _ in 0..<8 {
            histogram.record(nanoseconds: 1 << 61)
        }
        #expect(histogram.mean == Double(1 << 61 as Int64))
    }

    @Test func `the counters take 36,864 bytes`() {
        #expect(LatencyHistogram.memoryInBytes == 36_864)
    }
}
