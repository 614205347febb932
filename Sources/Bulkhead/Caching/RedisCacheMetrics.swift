import BulkheadNetworking

/// What a cache came to since it was made; see ``RedisCache/metrics()``.
public struct RedisCacheMetrics: Sendable, Hashable, Codable {
    /// Reads that a kept reply answered, without the server.
    public internal(set) var hits = 0
    /// Reads that waited for the server.
    public internal(set) var misses = 0
    /// Of the misses, how many waited for a request that another reader had sent already.
    public internal(set) var joined = 0
    /// Of the misses, how many took the database's ordinary connections, as the cache could keep nothing then.
    public internal(set) var passed = 0
    /// Keys that the server named as changed, whether or not something was kept of them.
    public internal(set) var invalidations = 0
    /// Replies that were not kept, as their key had changed while they were under way.
    public internal(set) var races = 0
    /// How often everything was dropped: after a flush, a swap, or the loss of the connection.
    public internal(set) var clears = 0
    /// Entries that were dropped to make room for others.
    public internal(set) var evictions = 0
    /// Entries that are kept now.
    public internal(set) var entries = 0
    /// Bytes of memory that they take, estimated.
    public internal(set) var bytes = 0
    /// Whether kept replies are returned now; false while the connection is lost or silent.
    public internal(set) var isServing = false

    /// Nothing yet.
    public init() {}

    /// The part of reads that were hits, from 0 to 1; 0 without a read.
    public var hitRate: Double { hits + misses == 0 ? 0 : Double(hits) / Double(hits + misses) }

    /// What came on top of earlier metrics of the same cache; ``entries``, ``bytes`` and ``isServing`` are those of
    /// now.
    public func since(_ earlier: RedisCacheMetrics) -> RedisCacheMetrics {
        var difference = self
        difference.hits -= earlier.hits
        difference.misses -= earlier.misses
        difference.joined -= earlier.joined
        difference.passed -= earlier.passed
        difference.invalidations -= earlier.invalidations
        difference.races -= earlier.races
        difference.clears -= earlier.clears
        difference.evictions -= earlier.evictions
        return difference
    }
}

extension RedisCacheMetrics {
    init(_ counts: CacheCounts) {
        hits = counts.hits
        misses = counts.misses
        joined = counts.joined
        passed = counts.passed
        invalidations = counts.invalidations
        races = counts.races
        clears = counts.clears
        evictions = counts.evictions
        entries = counts.entries
        bytes = counts.bytes
        isServing = counts.isProved
    }
}

extension RedisCacheMetrics: CustomStringConvertible {
    /// One line: `900 hits, 100 misses, 3 invalidations, 1 clears; 97 entries of 40812 bytes`
    public var description: String {
        "\(hits) hits, \(misses) misses, \(invalidations) invalidations, \(clears) clears; "
            + "\(entries) entries of \(bytes) bytes" + (isServing ? "" : "; not serving")
    }
}
