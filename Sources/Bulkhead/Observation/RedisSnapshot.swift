/// What a database's commands have come to since its ``RedisDatabases`` was made; see ``RedisDatabases/snapshot()``.
public struct RedisSnapshot: Sendable, Hashable {
    /// Commands the server answered, those of pipelines one by one.
    public internal(set) var answered = 0
    /// Of these, how many by an error.
    public internal(set) var errors = 0
    /// Calls without a reply, by the error's code as observers see it: refused ones and waits for a connection
    /// of one's own among them.
    public internal(set) var failures: [RedisError.Code: Int] = [:]
    /// How long the calls took that were answered; a pipeline is one call. Those in ``waits`` are not among them.
    public internal(set) var latencies = RedisLatencies()
    /// The same of calls that their callers asked to wait: BLPOP and its kin, XREAD and XREADGROUP with BLOCK, WAIT and
    /// WAITAOF, and pipelines with one of them. It tells how long something took to come, not how fast the server is.
    public internal(set) var waits = RedisLatencies()

    /// Nothing yet.
    public init() {}

    /// What came on top of an earlier snapshot of the same database.
    public func since(_ earlier: RedisSnapshot) -> RedisSnapshot {
        var difference = self
        difference.answered -= earlier.answered
        difference.errors -= earlier.errors
        difference.failures = failures.compactMapValues { $0 }
        for (code, count) in earlier.failures { difference.failures[code, default: 0] -= count }
        difference.failures = difference.failures.filter { $0.value != 0 }
        difference.latencies.subtract(earlier.latencies)
        difference.waits.subtract(earlier.waits)
        return difference
    }
}

extension RedisSnapshot: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// One line: `50 answered, 2 of them errors, 1 timed-out; latencies p50 110 µs, p99 0.6 ms, max 0.7 ms of 48; …`
    public var description: String {
        let counts = "\(answered) answered" + (errors > 0 ? ", \(errors) of them errors" : "")
        let lost = failures.sorted { $0.key.name < $1.key.name }.map { "\($0.value) \($0.key)" }
        var parts = [([counts] + lost).joined(separator: ", ")]
        if latencies.count > 0 { parts.append("latencies \(latencies)") }
        if waits.count > 0 { parts.append("waits \(waits)") }
        return parts.joined(separator: "; ")
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "answered": answered, "errors": errors, "failures": failures, "latencies": latencies, "waits": waits,
            ])
    }
}

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

    /// The buckets with something in them, the shortest first: no latency in one is above its `upperBound`.
    public var buckets: [(upperBound: Duration, count: Int)] {
        counts.enumerated().filter { $1 > 0 }.map { (.nanoseconds(Self.upperBound(of: $0)), $1) }
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

extension Duration {
    /// `730 ns`, `110 µs`, `2.4 ms`, `3.0 s`: three digits or fewer before the point.
    fileprivate var inShort: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        switch nanoseconds {
        case ..<1_000: return "\(nanoseconds) ns"
        case ..<1_000_000: return "\(nanoseconds / 1_000) µs"
        case ..<1_000_000_000: return "\(nanoseconds / 1_000_000).\(nanoseconds / 100_000 % 10) ms"
        default: return "\(nanoseconds / 1_000_000_000).\(nanoseconds / 100_000_000 % 10) s"
        }
    }
}
