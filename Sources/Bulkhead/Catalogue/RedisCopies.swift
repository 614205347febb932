/// Other servers that hold a copy of a name's data, for when its own does not answer, and the rules by which they are
/// used.
///
/// ```swift
/// var copies = RedisCopies([try DatabaseServer(url: "redis://east.internal")])
/// copies.all.append(RedisCopy(try DatabaseServer(url: "redis://far.internal"), weight: 0.5))
/// copies.recoveryTime = .seconds(60)
/// DatabaseEntry(.main, number: 0, server: try DatabaseServer(url: "redis://west.internal"), copies: copies)
/// ```
/// Nobody but the servers keeps the copies alike: replication between regions, or a service of its own. What had not
/// reached the copy is not there after a failover; see <doc:Replicas>.
public struct RedisCopies: Sendable, Hashable {
    /// The copies with their weights.
    public var all: [RedisCopy]
    /// Where the copies are. One that is new here has weight 1.
    public var servers: [DatabaseServer] {
        get { all.map(\.server) }
        set {
            let weights = Dictionary(all.map { ($0.server, $0.weight) }) { first, _ in first }
            all = newValue.map { RedisCopy($0, weight: weights[$0] ?? 1) }
        }
    }
    /// How many times in a row a server must fail before another one takes its place. Default 3, at least 1.
    public var failures = 3
    /// Over how long these failures must be spread at least. Default 1 s.
    public var failureTime: Duration = .seconds(1)
    /// How long a better server must have answered everything before its place is given back to it. Default 30 s.
    public var recoveryTime: Duration = .seconds(30)
    /// How often each server is asked whether it is well, and how long it has to answer. Default 1 s, at least 10 ms.
    public var checkInterval: Duration = .seconds(1)

    /// Copies of weight 1 in the order of preference, behind the name's own server, with the rules' defaults.
    public init(_ servers: [DatabaseServer] = []) { all = servers.map { RedisCopy($0) } }

    /// The name's own server, 0, and the copies, from 1: the best first.
    var order: [Int] {
        let weights = [1] + all.map(\.weight)
        return weights.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }
    }

    /// The same with values that can be used.
    var normal: RedisCopies {
        var copies = self
        copies.failures = max(1, failures)
        copies.checkInterval = max(checkInterval, .milliseconds(10))
        return copies
    }
}

/// A server that holds a copy of a name's data, and how much it is preferred.
public struct RedisCopy: Sendable, Hashable {
    /// Where it is.
    public var server: DatabaseServer
    /// How much it is preferred. Of the servers that answer the one with the highest weight is used, and of equal ones
    /// the first. The name's own server has weight 1 and is the first of all. Default 1; above 0.
    public var weight: Double

    /// A copy at a server.
    public init(_ server: DatabaseServer, weight: Double = 1) {
        self.server = server
        self.weight = weight
    }
}
