/// Limits of one database, so that a greedy user of its name takes nothing from other names.
///
/// A limit that is nil, the default, is that of the configuration. Beyond ``maximumLeases`` callers queue; beyond any
/// other limit commands fail at once, with an error that names the limit.
public struct DatabaseBudget: Sendable, Hashable {
    /// How many leases there may be at once: connections for BLPOP, WATCH, SUBSCRIBE and blocking callers. Asynchronous
    /// and blocking callers have so many each; see ``RedisConfiguration/maximumLeases``.
    public var maximumLeases: Int?
    /// How many callers may queue for a lease; one more fails with `too-many-waiters`. See
    /// ``RedisConfiguration/maximumWaiters``.
    public var maximumWaiters: Int?
    /// How many commands may wait for replies on each of the two shared connections; one more fails with
    /// `too-many-requests`. A pipeline counts once. See ``RedisConfiguration/maximumRequests``.
    public var maximumRequests: Int?
    /// How many bytes of commands may wait there to be written; see ``RedisConfiguration/maximumUnwrittenBytes``.
    public var maximumUnwrittenBytes: Int?
    /// The pace of scans that do not set one. Default nil: ``RedisPace/full``.
    public var scanPace: RedisPace?

    /// Limits to be used in a ``DatabaseEntry``; the catalogue refuses those that make no sense.
    public init(
        maximumLeases: Int? = nil, maximumWaiters: Int? = nil, maximumRequests: Int? = nil,
        maximumUnwrittenBytes: Int? = nil, scanPace: RedisPace? = nil
    ) {
        self.maximumLeases = maximumLeases
        self.maximumWaiters = maximumWaiters
        self.maximumRequests = maximumRequests
        self.maximumUnwrittenBytes = maximumUnwrittenBytes
        self.scanPace = scanPace
    }

    /// Which limit cannot be used, in words; nil if all can.
    var contradiction: String? {
        let limits = [
            ("max_leases", maximumLeases, 1), ("max_waiters", maximumWaiters, 0), ("max_requests", maximumRequests, 1),
            ("max_unwritten_bytes", maximumUnwrittenBytes, 1),
        ]
        for case (let name, let limit?, let least) in limits where limit < least || limit > Self.most {
            return "\(name) of its budget is \(limit), and may be from \(least) to \(Self.most)"
        }
        return nil
    }

    /// Of any limit; four GiB of unwritten bytes are past any use.
    static let most = 4 << 30
}
