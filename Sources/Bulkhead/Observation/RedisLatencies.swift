/// Latencies in buckets that are an eighth of their value wide: from a nanosecond to over an hour in 2.5 KB.
public struct RedisLatencies: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private(set) var counts = [Int](repeating: 0, count: Self.bucketCount)

    /// How many there are.
    public var count: Int { counts.reduce(0, +) }

    /// The latency that so many percent, 0 to 100, did not exceed; at most an eighth too long. Nil without any, and for
    /// what is no number.
    public func percentile(_ percent: Double) -> Duration? {
        let count = count
        guard count > 0, !percent.isNaN else { return nil }
        let rank = max(1, Int((min(max(percent, 0), 100) / 100 * Double(count)).rounded(.up)))
        var seen = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= rank { return .nanoseconds(Self.upperBound(of: bucket)) }
        }
        return nil
    }

    /// The buckets with something in them, the shortest latencies first.
    public var buckets: [Bucket] {
        counts.enumerated().filter { $1 > 0 }.map {
            Bucket(upperBound: .nanoseconds(Self.upperBound(of: $0)), count: $1)
        }
    }

    /// Latencies that are nearly alike.
    public struct Bucket: Sendable, Hashable, Codable {
        /// None of them is above this.
        public let upperBound: Duration
        /// How many they are.
        public let count: Int
    }

    init() {}

    init(counts: [Int]) { self.counts = counts }

    mutating func subtract(_ earlier: RedisLatencies) {
        for bucket in counts.indices { counts[bucket] -= earlier.counts[bucket] }
    }

    /// A few figures with a unit that suits them, and the count: `p50 110 µs, p99 0.6 ms, max 0.7 ms of 48`; `none`.
    public var description: String {
        guard let median = percentile(50), let high = percentile(99), let most = percentile(100) else { return "none" }
        return "p50 \(median.inShort), p99 \(high.inShort), max \(most.inShort) of \(count)"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    // MARK: Buckets

    /// Every doubling is cut into 2³ buckets.
    private static let precisionBits = 3
    /// 2⁴² ns are 73 minutes; what takes longer counts as that.
    private static let rangeBits = 42
    static let bucketCount = (rangeBits - precisionBits + 1) << precisionBits

    static func bucket(of nanoseconds: Int64) -> Int {
        let value = min(max(0, nanoseconds), 1 << rangeBits - 1)
        let shift = max(0, Int64.bitWidth - 1 - (value | 1).leadingZeroBitCount - precisionBits)
        return shift << precisionBits + Int(value >> Int64(shift))
    }

    /// The longest latency of a bucket, in nanoseconds: the inverse of `bucket(of:)`.
    static func upperBound(of bucket: Int) -> Int64 {
        let shift = max(0, bucket >> precisionBits - 1)
        return Int64(bucket - shift << precisionBits + 1) << Int64(shift) - 1
    }
}

extension RedisLatencies: Codable {
    /// Reads what `encode(to:)` wrote; throws if it holds more counts than there are buckets.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let read = try container.decode([Int].self)
        guard read.count <= Self.bucketCount else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected at most \(Self.bucketCount) counts, found \(read.count)")
        }
        counts.replaceSubrange(..<read.count, with: read)
    }

    /// Writes the counts of all buckets up to the last that holds something.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Array(counts.prefix((counts.lastIndex { $0 != 0 } ?? -1) + 1)))
    }
}

extension Duration {
    /// `730 ns`, `110 µs`, `2.4 ms`, `3.0 s`: three digits or fewer before the point.
    fileprivate var inShort: String {
        let nanoseconds = Int64(clamping: attoseconds / 1_000_000_000)
        switch nanoseconds {
        case ..<1_000: return "\(nanoseconds) ns"
        case ..<1_000_000: return "\(nanoseconds / 1_000) µs"
        case ..<1_000_000_000: return "\(nanoseconds / 1_000_000).\(nanoseconds / 100_000 % 10) ms"
        default: return "\(nanoseconds / 1_000_000_000).\(nanoseconds / 100_000_000 % 10) s"
        }
    }
}
