#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A figure about all keys, and between what bounds it lies with a confidence of 95 %: keys, bytes or milliseconds.
///
/// An exact one has bounds equal to it. One that nothing is known about is no estimate at all.
package struct Estimate: Sendable, Hashable, Encodable {
    package let value: Int
    package let low: Int
    package let high: Int

    enum CodingKeys: String, CodingKey {
        case value = "estimate"
        case low, high
    }

    package init(exact value: Int) {
        self.init(value, value, value)
    }

    init(_ value: Int, _ low: Int, _ high: Int) {
        self.value = value
        self.low = min(value, low)
        self.high = max(value, high)
    }

    package var isExact: Bool { low == high }
    /// Half the width of the interval.
    package var plusMinus: Int { high / 2 - low / 2 }

    static let confidence = 0.95
    /// The quantile of the normal distribution that leaves 2.5 % above it.
    static let quantile = 1.959964
}

/// A random sample of all keys: how many of how many were looked at.
package struct SampleSize: Sendable, Hashable {
    package let looked: Int
    /// All keys; never fewer than were looked at.
    package let all: Int

    package init(looked: Int, of all: Int) {
        self.looked = looked
        self.all = max(looked, all)
    }

    package var isWhole: Bool { looked == all }

    /// What is left of the variance because the sample is drawn without putting back (Cochran 1977, 2.6).
    private var correction: Double { all > 1 ? Double(all - looked) / Double(all - 1) : 0 }

    /// How many of all keys are such as `found` of those looked at are; nil of an empty sample.
    ///
    /// The interval is Wilson's (1927), with the sample as large as its variance says it is: it holds for rare things
    /// too, and is never outside of what is possible.
    package func keys(found: Int) -> Estimate? {
        if isWhole { return Estimate(exact: found) }
        guard looked > 0 else { return nil }
        let size = Double(looked) / correction
        let share = Double(found) / Double(looked)
        let z = Estimate.quantile
        let middle = (share + z * z / (2 * size)) / (1 + z * z / size)
        let width = z / (1 + z * z / size) * (share * (1 - share) / size + z * z / (4 * size * size)).squareRoot()
        return Estimate(
            Int(clamping: share * Double(all)),
            max(found, Int(clamping: ((middle - width) * Double(all)).rounded(.down))),
            min(all - (looked - found), Int(clamping: ((middle + width) * Double(all)).rounded(.up))))
    }

    /// The mean over those keys that `sums` was fed with, such as those that expire; nil without any.
    package func average(of sums: PowerSums) -> Estimate? {
        guard sums.count > 0 else { return nil }
        if isWhole { return Estimate(exact: Int(clamping: sums.first / Double(sums.count))) }
        guard let mean = mean(of: sums, among: sums.count) else { return nil }
        return Estimate(Int(clamping: mean.value), Int(clamping: mean.low), Int(clamping: mean.high))
    }

    /// Below this an interval would say more than the sample knows.
    private static let fewest = 10

    /// The mean of `count` samples whose sums are `sums`.
    ///
    /// Times left are mostly short with few long ones. So the interval is Hall's for skewed samples (1992), which
    /// reaches further up than down.
    private func mean(of sums: PowerSums, among count: Int) -> (value: Double, low: Double, high: Double)? {
        guard count >= Self.fewest else { return nil }
        let n = Double(count)
        let mean = sums.first / n
        let variance = max(0, sums.second / n - mean * mean) * n / (n - 1)
        guard variance > 0 else { return (mean, mean, mean) }
        let third = sums.third / n - 3 * mean * sums.second / n + 2 * mean * mean * mean
        let skewness = third / pow(variance, 1.5)
        let error = (variance / n * correction).squareRoot()
        let t = Self.studentQuantile(degrees: n - 1)
        let low = mean - error * Self.skewed(t, skewness, n)
        let high = mean - error * Self.skewed(-t, skewness, n)
        return (mean, max(0, min(mean, low)), max(mean, high))
    }

    /// The quantile of Student's distribution by the expansion of Cornish and Fisher; 1 % off at 10 degrees.
    private static func studentQuantile(degrees v: Double) -> Double {
        let z = Estimate.quantile
        return z + (pow(z, 3) + z) / (4 * v) + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * v * v)
    }

    /// The inverse of Hall's transformation: the quantile of a mean whose samples are skewed.
    private static func skewed(_ quantile: Double, _ skewness: Double, _ n: Double) -> Double {
        // Past this the expansion behind it says nothing any more.
        let skew = min(max(skewness, -n.squareRoot() / 2), n.squareRoot() / 2)
        guard abs(skew) > 1e-6 else { return quantile }
        let root = n.squareRoot()
        return 3 * root / skew * (cbrt(1 + skew * (quantile / root - skew / (6 * n))) - 1)
    }
}

/// The memory of keys that ``SizeSampler`` has drawn.
///
/// Keys of a unit or more are all in it, so nothing is left to chance about them. Each smaller one that was drawn
/// stands for a whole unit. How many are drawn varies less than a Poisson number (each key is drawn or not), so its
/// interval holds whatever the sizes are, however heavy their tail.
struct DrawnSizes {
    let unit: Int
    private(set) var keys = 0
    /// Bytes of the keys of a unit or more.
    private(set) var certain = 0
    /// Smaller keys drawn.
    private(set) var drawn = 0

    init(unit: Int) {
        self.unit = unit
    }

    /// One more key that was drawn.
    mutating func add(_ bytes: Int) {
        keys += 1
        if bytes < unit {
            drawn += 1
        } else {
            certain = certain.addingReportingOverflow(bytes).overflow ? .max : certain + bytes
        }
    }

    /// The memory of all keys that these were drawn from, which is no more than `most`.
    ///
    /// The interval is the exact one of a Poisson number in the approximation of Wilson and Hilferty (1931).
    func total(atMost most: Int) -> Estimate {
        func bytes(_ count: Double) -> Int { min(most, Int(clamping: Double(certain) + count * Double(unit))) }
        func bound(_ count: Double, _ quantile: Double) -> Double {
            guard count > 0 else { return 0 }
            return count * pow(max(0, 1 - 1 / (9 * count) + quantile / (3 * count.squareRoot())), 3)
        }
        let count = Double(drawn)
        return Estimate(
            bytes(count), bytes(bound(count, -Estimate.quantile)), bytes(bound(count + 1, Estimate.quantile)))
    }
}

/// Sums of the first three powers of what was measured.
package struct PowerSums: Sendable, Hashable {
    package private(set) var count = 0
    package private(set) var first = 0.0
    private(set) var second = 0.0
    private(set) var third = 0.0

    package init() {}

    package mutating func add(_ sample: Int) {
        let value = Double(sample)
        count += 1
        first += value
        second += value * value
        third += value * value * value
    }

    mutating func add(_ other: PowerSums) {
        count += other.count
        first += other.first
        second += other.second
        third += other.third
    }
}

extension Int {
    /// The nearest integer, or the last one in that direction; 0 for what is no number.
    init(clamping value: Double) {
        self = value.isNaN ? 0 : Int(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}
