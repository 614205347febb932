/// Other servers that hold a copy of a name's data, for when its own does not answer, and the rules by which they are
/// used.
///
/// ```swift
/// var copies = RedisCopies([try DatabaseServer(url: "redis://east.internal")])
/// copies.recoveryTime = .seconds(60)
/// DatabaseEntry(.main, number: 0, server: try DatabaseServer(url: "redis://west.internal"), copies: copies)
/// ```
/// Nobody but the servers keeps the copies alike: replication between regions, or a service of its own. What had not
/// reached the copy is not there after a failover; see <doc:Replicas>.
public struct RedisCopies: Sendable, Hashable {
    /// Where the copies are, the best one first. All of them come behind the name's own server.
    public var servers: [DatabaseServer]
    /// How many times in a row a server must fail before another one takes its place. Default 3, at least 1.
    public var failures = 3
    /// Over how long these failures must be spread at least. Default 1 s.
    public var failureTime: Duration = .seconds(1)
    /// How long a better server must have answered everything before its place is given back to it. Default 30 s.
    public var recoveryTime: Duration = .seconds(30)
    /// How often each server is asked whether it is well, and how long it has to answer. Default 1 s, at least 10 ms.
    public var checkInterval: Duration = .seconds(1)

    /// Copies in the order of preference, with the rules' defaults.
    public init(_ servers: [DatabaseServer] = []) { self.servers = servers }

    /// The same with values that can be used.
    var normal: RedisCopies {
        var copies = self
        copies.failures = max(1, failures)
        copies.checkInterval = max(checkInterval, .milliseconds(10))
        return copies
    }
}
