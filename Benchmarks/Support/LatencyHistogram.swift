/// Counts latencies in buckets whose width grows with the value: an hour and a microsecond fit in one small table.
///
/// ```
/// value          bucket width   buckets
/// 0 ..< 256 ns   1 ns           256        exact
/// 256 ..< 512    2 ns           128
/// 512 ..< 1,024  4 ns           128
/// …              doubles        128 each
/// ..< 2^42 ns    2^34 ns        128        the last ends after 73 minutes
/// ```
/// A bucket is at most 1/128 as wide as the smallest value in it: a percentile is never below the true one and never
/// more than 1/128 (0.8 %) above it. `min`, `max`, `mean` and `count` are exact. The counters take
/// ``memoryInBytes`` (36,864 bytes), however much is recorded.
///
/// A value like an array: nothing guards it against two threads. Give each thread its own and merge them after the
/// threads have ended, or put the shared one behind a `Mutex` of the program that shares it.
package struct LatencyHistogram: Sendable, Equatable {
    /// How many values were recorded.
    package private(set) var count = 0

    /// How many of them were longer than ``longestTracked`` and so have no bucket of their own.
    package private(set) var countBeyondRange = 0

    private var buckets = [UInt64](repeating: 0, count: Self.bucketCount)
    private var smallest = Int64.max
    private var largest = Int64.min
    /// 64 bits would overflow after a million recordings of an hour.
    private var sum: Int128 = 0

    package init() {}

    /// Counts one latency in nanoseconds; one below zero counts as zero.
    package mutating func record(nanoseconds: Int64) {
        let value = Swift.max(0, nanoseconds)
        count += 1
        sum += Int128(value)
        smallest = Swift.min(smallest, value)
        largest = Swift.max(largest, value)
        if value > Self.longestTracked {
            countBeyondRange += 1
        } else {
            buckets[Self.index(of: value)] += 1
        }
    }

    /// Counts one latency, cut to whole nanoseconds; one below zero counts as zero.
    package mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        record(nanoseconds: overflow || carry ? (seconds < 0 ? 0 : .max) : total)
    }

    /// Adds all that the other has recorded; the result is the same as if everything had been recorded here.
    package mutating func merge(_ other: LatencyHistogram) {
        count += other.count
        countBeyondRange += other.countBeyondRange
        sum += other.sum
        smallest = Swift.min(smallest, other.smallest)
        largest = Swift.max(largest, other.largest)
        for index in buckets.indices {
            buckets[index] += other.buckets[index]
        }
    }

    /// The shortest latency in nanoseconds, exact; nil when nothing was recorded.
    package var min: Int64? { count == 0 ? nil : smallest }

    /// The longest latency in nanoseconds, exact; nil when nothing was recorded.
    package var max: Int64? { count == 0 ? nil : largest }

    /// The arithmetic mean in nanoseconds, exact up to the rounding of a `Double`; nil when nothing was recorded.
    package var mean: Double? { count == 0 ? nil : Double(sum) / Double(count) }

    /// The latency in nanoseconds that `percent` of all recordings do not exceed; nil when nothing was recorded.
    ///
    /// It is the value of rank ⌈percent · count / 100⌉ (at least 1), rounded up to the end of its bucket but never
    /// above `max`. Beyond ``longestTracked`` it is `max`. One pass over the buckets.
    ///
    /// - Parameter percent: from 0 to 100; anything else is a programming error and traps.
    package func percentile(_ percent: Double) -> Int64? {
        precondition((0...100).contains(percent), "a percentile lies between 0 and 100")
        guard count > 0 else { return nil }
        // nextDown: 99.9 % of 1,000 must be rank 999, also where the product rounds to a little more than that.
        let exactRank = (percent * Double(count) / 100).nextDown.rounded(.up)
        let rank = UInt64(Swift.min(Double(count), Swift.max(1, exactRank)))
        var seen: UInt64 = 0
        for (index, recorded) in buckets.enumerated() where recorded > 0 {
            seen += recorded
            if seen >= rank {
                return Swift.min(Self.upperBound(ofBucket: index), largest)
            }
        }
        return largest
    }
}

// MARK: - Buckets

extension LatencyHistogram {
    /// Every doubling is cut into 2^7 = 128 buckets: where the 1/128 comes from.
    private static let precisionBits = 7
    /// Values below 2^42 ns, 73 minutes, have buckets: a benchmark's request that takes longer has failed.
    private static let rangeBits = 42
    private static let bucketsPerDoubling = 1 << precisionBits
    private static let bucketCount = (rangeBits - precisionBits + 1) * bucketsPerDoubling

    /// The longest latency in nanoseconds that has a bucket: 4,398,046,511,103, a little over 73 minutes.
    package static let longestTracked: Int64 = 1 << rangeBits - 1

    /// What the counters of one histogram take: 36,864 bytes.
    package static let memoryInBytes = bucketCount * MemoryLayout<UInt64>.stride

    /// Which bucket counts a value from 0 to `longestTracked`.
    private static func index(of value: Int64) -> Int {
        let highestBit = Int64.bitWidth - 1 - (value | 1).leadingZeroBitCount
        let shift = Swift.max(0, highestBit - precisionBits)
        return shift * bucketsPerDoubling + Int(value >> Int64(shift))
    }

    /// The largest value a bucket counts: the inverse of `index(of:)`.
    private static func upperBound(ofBucket index: Int) -> Int64 {
        let shift = Swift.max(0, index / bucketsPerDoubling - 1)
        let step = Int64(index - shift * bucketsPerDoubling)
        return (step + 1) << Int64(shift) - 1
    }
}
