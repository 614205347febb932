/// What one database may take of this program and its server, so that a greedy name starves itself and no other.
///
/// Each limit that is nil is the configuration's, which holds for every name alike. Past ``maximumLeases`` callers
/// queue; past any other limit commands fail at once, with an error that says which.
public struct DatabaseBudget: Sendable, Hashable {
    /// Connections of their own at once, for BLPOP, WATCH, SUBSCRIBE and blocking callers, asynchronous and blocking
    /// counted apart; see ``RedisConfiguration/maximumLeases``.
    public var maximumLeases: Int?
    /// Callers that may wait for such a connection; one more fails with `too-many-waiters`. See
    /// ``RedisConfiguration/maximumWaiters``.
    public var maximumWaiters: Int?
    /// Commands that may wait for replies on each of its two shared connections; one more fails with
    /// `too-many-requests`. A pipeline counts once. See ``RedisConfiguration/maximumRequests``.
    public var maximumRequests: Int?
    /// Bytes of commands that may wait there to be written; see ``RedisConfiguration/maximumUnwrittenBytes``.
    public var maximumUnwrittenBytes: Int?
    /// The pace of scans that name none; nil is ``RedisPace/full``.
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
