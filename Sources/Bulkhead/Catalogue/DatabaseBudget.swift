/// What one database may take of this program and its server, so that a greedy name starves itself and no other.
///
/// Each limit that is nil is the configuration's, which holds for every name alike. Past ``leases`` callers wait in
/// line; past any other limit commands fail at once, with an error that says which.
public struct DatabaseBudget: Sendable, Hashable {
    /// Connections of their own at once, for BLPOP, WATCH, SUBSCRIBE and blocking callers, asynchronous and blocking
    /// counted apart; see ``RedisConfiguration/maximumLeases``.
    public var leases: Int?
    /// Callers that may wait for such a connection; one more fails with `too-many-waiters`. See
    /// ``RedisConfiguration/maximumWaiters``.
    public var waiters: Int?
    /// Commands that may wait for replies on each of its two shared connections; one more fails with
    /// `too-many-requests`. A pipeline counts once. See ``RedisConfiguration/maximumRequests``.
    public var requests: Int?
    /// Bytes of commands that may wait there to be written; see ``RedisConfiguration/maximumUnwrittenBytes``.
    public var unwrittenBytes: Int?
    /// The pace of scans that name none; nil is ``RedisPace/full``.
    public var scanPace: RedisPace?

    /// Limits to be used in a ``DatabaseEntry``; the catalogue refuses those that make no sense.
    public init(
        leases: Int? = nil, waiters: Int? = nil, requests: Int? = nil, unwrittenBytes: Int? = nil,
        scanPace: RedisPace? = nil
    ) {
        self.leases = leases
        self.waiters = waiters
        self.requests = requests
        self.unwrittenBytes = unwrittenBytes
        self.scanPace = scanPace
    }

    /// Which limit cannot be used, in words; nil if all can.
    var contradiction: String? {
        let limits = [
            ("leases", leases, 1), ("waiters", waiters, 0), ("requests", requests, 1),
            ("unwritten_bytes", unwrittenBytes, 1),
        ]
        for case (let name, let limit?, let least) in limits where limit < least || limit > Self.most {
            return "\(name) of its budget is \(limit), and may be from \(least) to \(Self.most)"
        }
        return nil
    }

    /// Of any limit; four GiB of unwritten bytes are past any use.
    static let most = 4 << 30
}
