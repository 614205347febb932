import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Synchronization

/// Faults of the primary that has the slot of all writes, in a cluster of three primaries, each with a replica.
enum Shards {
    static let faults = faults(at: .cluster)
    static let faultsOfNames =
        faults(at: .names) + [
            Fault(place: .names, name: "the slot moves, at once (CLUSTER MIGRATESLOTS)") { settings in
                try await withCluster(.names, settings) { writers, cluster in
                    try await move(in: cluster, writers, byKeys: false)
                }
            }
        ]

    private static func faults(at place: Place) -> [Fault] {
        [
            Fault(place: place, name: "SIGKILL of the primary") { settings in
                try await withCluster(place, settings) { writers, cluster in
                    try await measureRecovery(writers, cluster) { cluster.primaries[0].kill() }
                    try await writers.waitForWrites(50)
                }
            },
            Fault(place: place, name: "SIGSTOP of the primary, until another one writes") { settings in
                try await withCluster(place, settings) { writers, cluster in
                    try cluster.primaries[0].pause()
                    defer { cluster.primaries[0].resume() }
                    try await writers.waitForWrites(50)
                }
            },
            Fault(place: place, name: "planned failover (CLUSTER FAILOVER)") { settings in
                try await withCluster(place, settings) { writers, cluster in
                    let databases = RedisDatabases(RedisConfiguration(unixSocket: cluster.replicas[0].socketPath))
                    try await with(databases) { databases in
                        let replica = try databases.blocking(.main)
                        _ = try replica.send("CLUSTER", "FAILOVER")
                        try await writers.wait("the replica") { try replica.info("replication")["role"] == "master" }
                    }
                }
            },
            Fault(place: place, name: "the slot moves, key by key") { settings in
                try await withCluster(place, settings) { writers, cluster in
                    try await move(in: cluster, writers, byKeys: true)
                }
            },
            Fault(place: place, name: "network cut of the primary, until another one writes") { settings in
                let network = try Network()
                defer { network.end() }
                return try await withCluster(place, settings, at: network.place) { writers, cluster in
                    try network.cut()
                    defer { try? network.mend() }
                    try await writers.waitForWrites(50)
                }
            },
        ]
    }

    private static let names: [DatabaseName] = [.main, .knowledge, .prompts, .analytics]

    private static let recoveries = Mutex<[Int64]>([])

    /// What was found besides the rows of the table.
    static var lines: [String] {
        let times = recoveries.withLock { $0 }
        if times.isEmpty { return [] }
        return [
            "\(times.count) killed primaries of a cluster, from the last moment when the replica had not taken over or "
                + "called the cluster down (asked every 10 ms) to the next write that was acknowledged: "
                + "\(FaultTable.pauses(times)); \(times.count { $0 <= 500_000_000 }) of \(times.count) within 500 ms."
        ]
    }

    /// Keeps how long writers wait behind the cluster's own recovery: that is over when the replica says that it is a
    /// primary, and that the cluster is well.
    private static func measureRecovery(
        _ writers: Writers, _ cluster: RedisTestCluster, _ fault: () -> Void
    ) async throws {
        fault()
        let databases = RedisDatabases(RedisConfiguration(unixSocket: cluster.replicas[0].socketPath).patient)
        try await with(databases) { try await measureRecovery(writers, of: try $0.blocking(.main)) }
    }

    private static func measureRecovery(_ writers: Writers, of replica: BlockingRedisDatabase) async throws {
        var lastInVain = MonotonicClock.now()
        while true {
            let moment = MonotonicClock.now()
            let isPrimary = try replica.info("replication")["role"] == "master"
            let isWell = try replica.send("CLUSTER", "INFO", as: String.self).contains("cluster_state:ok")
            if isPrimary && isWell { break }
            lastInVain = moment
            try await Task.sleep(for: .milliseconds(10))
        }
        let first = { writers.ledger.acknowledgements(from: 0).map(\.instant).filter { $0 > lastInVain }.min() }
        try await writers.wait("the first write behind a recovery") { first() != nil }
        let recovery = (first() ?? 0) - lastInVain
        recoveries.withLock { $0.append(recovery) }
    }

    private static func withCluster(
        _ place: Place, _ settings: Settings, at placeOfFirst: ServerPlace? = nil,
        _ body: (Writers, RedisTestCluster) async throws -> Void
    ) async throws -> Cost {
        var options = RedisTestCluster.Options()
        if place == .names {
            guard let valkey = settings.valkey else { throw Skipped(reason: "it needs Valkey 9, by --valkey") }
            options.server.binary = valkey
            options.databases = names.count
        }
        // A disk that is slow would keep a replica silent while it takes over what its primary has.
        options.server.arguments = ["--repl-diskless-load", "swapdb"]
        options.replicas = 1
        options.placeOfFirst = placeOfFirst
        return try await RedisTestCluster.withCluster(options) { cluster in
            let server = try DatabaseServer(cluster: cluster.addresses)
            let names = Array(names.prefix(options.databases))
            let catalogue = try catalogue(names, at: server)
            return try await with(RedisDatabases(RedisConfiguration().patient, catalogue: catalogue)) { databases in
                try await Writers.measure(databases, names: names, primary: cluster.primaries[0]) { writers in
                    try await body(writers, cluster)
                }
            }
        }
    }

    private static func catalogue(
        _ names: [DatabaseName], at server: DatabaseServer? = nil
    ) throws -> DatabaseCatalogue {
        try DatabaseCatalogue(
            names.enumerated().map { number, name in DatabaseEntry(name, number: number, server: server) })
    }

    /// Moves the slot of all writes from the first primary to the third.
    private static func move(in cluster: RedisTestCluster, _ writers: Writers, byKeys: Bool) async throws {
        let names = Array(names.prefix(cluster.options.databases))
        let catalogue = try catalogue(names)
        let admins = cluster.primaries.map {
            RedisDatabases(RedisConfiguration(unixSocket: $0.socketPath), catalogue: catalogue)
        }
        let (source, target) = (try admins[0].blocking(.main), try admins[2].blocking(.main))
        let (slot, port) = ("\(Writers.slot)", "\(cluster.primaries[2].port ?? 0)")
        let ids = try [source, target].map { try $0.send("CLUSTER", "MYID", as: String.self) }
        if byKeys {
            _ = try target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
            _ = try source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
            // This way sees one database alone.
            for (number, name) in names.enumerated() {
                while true {
                    let keys = try admins[0].blocking(name)
                        .send("CLUSTER", "GETKEYSINSLOT", slot, "20", as: [String].self)
                    if keys.isEmpty { break }
                    // No name may say that.
                    let answer = try LineSocket.ask(
                        cluster.primaries[0].port ?? 0, "SELECT \(number)",
                        "MIGRATE 127.0.0.1 \(port) \"\" \(number) 60000 KEYS \(keys.joined(separator: " "))")
                    guard answer == "+OK" else {
                        throw NothingGoesOn(description: "the server does not migrate: \(answer)")
                    }
                }
            }
            for admin in [admins[2], admins[0], admins[1]] {
                _ = try admin.blocking(.main).send("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
            }
        } else {
            _ = try source.send("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", ids[1])
        }
        try await writers.wait("the slot's new owner") {
            try names.allSatisfy { name in
                try admins[2].blocking(name).send("CLUSTER", "COUNTKEYSINSLOT", slot, as: Int.self) > 0
                    && admins[0].blocking(name).send("CLUSTER", "COUNTKEYSINSLOT", slot, as: Int.self) == 0
            }
        }
        for admin in admins { await admin.close() }
    }
}
