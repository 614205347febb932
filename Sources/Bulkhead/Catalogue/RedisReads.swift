/// Which servers answer the reads of a name.
///
/// ```swift
/// DatabaseEntry(.main, number: 0, reads: .replicaPreferred())
/// ```
/// A replica may answer a call only if each command in it reads keys and changes nothing, as the table of commands has
/// it (`GET`, `HGETALL`, `ZRANGE` …). Scans, transactions, scripts, commands that block, leases and commands about a
/// whole database go to the primary, and so does everything else. See <doc:Replicas> for what a caller may miss.
public struct RedisReads: Sendable, Hashable {
    /// Whether replicas are asked at all.
    let areFromReplicas: Bool
    /// The replicas; empty asks the primary which there are.
    let servers: [DatabaseServer]
    /// How far behind a replica may be.
    let staleness: Duration

    private init(_ areFromReplicas: Bool, _ servers: [DatabaseServer], _ staleness: Duration) {
        self.areFromReplicas = areFromReplicas
        self.servers = servers
        self.staleness = staleness
    }

    /// The primary answers all. The default.
    public static let primary = RedisReads(false, [], .zero)

    /// Replicas answer by turns, and the primary where none can.
    ///
    /// `replicas` are where they listen, each with its own login. Where there are none the primary is asked by ROLE,
    /// and those that it names are used with its login and TLS. `staleness` is how long ago a replica may have heard
    /// from its primary: one that has not for longer, or does not say, is not used. A primary without writes is heard
    /// every `repl-ping-replica-period` seconds, 10 by default, and servers say whole seconds: at least 2 s more.
    public static func replicaPreferred(
        replicas: [DatabaseServer] = [], staleness: Duration = .seconds(15)
    ) -> RedisReads {
        RedisReads(true, replicas, staleness)
    }
}
