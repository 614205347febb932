/// Which servers answer the reads of a name.
///
/// ```swift
/// DatabaseEntry(.main, number: 0, reads: .replicaPreferred())
/// ```
/// A replica may answer a call only if each command in it reads keys and changes nothing, as the table of commands has
/// it (`GET`, `HGETALL`, `ZRANGE` …), also a script that only reads (`EVAL_RO`). Scans, transactions, other scripts,
/// commands that block, leases and commands about a whole database go to the primary, and so does everything else. See
/// <doc:Replicas> for what a caller may miss.
public struct RedisReads: Sendable, Hashable {
    /// Whether replicas are asked at all.
    let areFromReplicas: Bool
    /// The replicas; empty asks the primary which there are.
    package let servers: [DatabaseServer]
    /// How far behind a replica may be.
    package let staleness: Duration
    /// Only replicas in this program's zone are asked.
    let areOfZone: Bool

    private init(
        _ areFromReplicas: Bool, _ servers: [DatabaseServer] = [], _ staleness: Duration = .zero,
        areOfZone: Bool = false
    ) {
        self.areFromReplicas = areFromReplicas
        self.servers = servers
        self.staleness = staleness
        self.areOfZone = areOfZone
    }

    /// The word for it in a catalogue's file.
    package var policy: Policy { !areFromReplicas ? .primary : areOfZone ? .sameZone : .replicaPreferred }

    /// The words that a catalogue's file has for it.
    package enum Policy: String, Sendable {
        case primary
        case replicaPreferred = "replica-preferred"
        case sameZone = "same-zone"
    }

    /// The primary answers all. The default.
    public static let primary = RedisReads(false)

    /// Replicas answer by turns, and the primary where none can.
    ///
    /// `replicas` are where they listen, each with its own login. Where there are none the primary is asked by ROLE,
    /// and those that it names are used with its login and TLS. A cluster's map names its replicas: list none.
    /// `staleness` is how long ago a replica may have heard from its primary: one that has not for longer, or does not
    /// say, is not used. A primary without writes is heard every `repl-ping-replica-period` seconds, 10 by default, and
    /// servers say whole seconds: at least 2 s more.
    public static func replicaPreferred(
        replicas: [DatabaseServer] = [], staleness: Duration = .seconds(15)
    ) -> RedisReads {
        RedisReads(true, replicas, staleness)
    }

    /// As ``replicaPreferred(replicas:staleness:)``, but only replicas in the zone of this program answer; where none
    /// of them can, the primary does, wherever it is.
    ///
    /// ``RedisConfiguration/zone`` says in which zone the program runs. A server says its own by the setting
    /// `availability-zone` (Valkey 8.1 and newer). Where it says none the primary answers all.
    public static func sameZone(
        replicas: [DatabaseServer] = [], staleness: Duration = .seconds(15)
    ) -> RedisReads {
        RedisReads(true, replicas, staleness, areOfZone: true)
    }
}
