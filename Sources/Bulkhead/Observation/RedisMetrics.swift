/// Counts and latencies of a database's commands since its ``RedisDatabases`` was made; see
/// ``RedisDatabases/metrics()``.
public struct RedisMetrics: Sendable, Hashable, Codable {
    /// Commands the server answered, those of pipelines one by one.
    public internal(set) var answered = 0
    /// Of these, how many by an error.
    public internal(set) var errors = 0
    /// Calls without a reply, by the error's code as observers see it. Refused calls and leases that failed count too.
    public internal(set) var failures: [RedisError.Code: Int] = [:]
    /// How long the calls took that were answered; a pipeline is one call. Those in ``waits`` are not among them.
    public internal(set) var latencies = RedisLatencies()
    /// The same of calls that their callers asked to wait: BLPOP and others, XREAD and XREADGROUP with BLOCK, WAIT and
    /// WAITAOF, and pipelines with one of them. They say how long something took to come, not how fast the server is.
    public internal(set) var waits = RedisLatencies()

    /// Nothing yet.
    public init() {}

    /// What came on top of earlier metrics of the same database.
    public func since(_ earlier: RedisMetrics) -> RedisMetrics {
        var difference = self
        difference.answered -= earlier.answered
        difference.errors -= earlier.errors
        for (code, count) in earlier.failures { difference.failures[code, default: 0] -= count }
        difference.failures = difference.failures.filter { $0.value != 0 }
        difference.latencies.subtract(earlier.latencies)
        difference.waits.subtract(earlier.waits)
        return difference
    }
}

extension RedisMetrics: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
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
