import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// Faults of the primary that has the slot of all writes, in a cluster of three primaries, each with a replica.
enum Shards {
    static let faults: [Fault] = [
        Fault(place: .cluster, name: "SIGKILL of the primary") { _ in
            try await withCluster { writers, cluster in
                cluster.primaries[0].kill()
                try await writers.waitForWrites(50)
            }
        },
        Fault(place: .cluster, name: "SIGSTOP of the primary, until another one writes") { _ in
            try await withCluster { writers, cluster in
                try cluster.primaries[0].pause()
                defer { cluster.primaries[0].resume() }
                try await writers.waitForWrites(50)
            }
        },
        Fault(place: .cluster, name: "planned failover (CLUSTER FAILOVER)") { _ in
            try await withCluster { writers, cluster in
                let databases = RedisDatabases(RedisConfiguration(unixSocket: cluster.replicas[0].socketPath))
                try await with(databases) { databases in
                    let replica = try databases.blocking(.main)
                    _ = try replica.send("CLUSTER", "FAILOVER")
                    try await writers.wait("the replica") { try replica.info("replication")["role"] == "master" }
                }
            }
        },
        Fault(place: .cluster, name: "the slot moves, key by key") { _ in
            try await withCluster { writers, cluster in
                try await move(in: cluster, writers, byKeys: true)
            }
        },
        Fault(place: .cluster, name: "the slot moves, at once (CLUSTER MIGRATESLOTS)") { _ in
            let version = try RedisTestServer.withServer { server in
                (server.flavour, server.version.split(separator: ".").first.flatMap { Int($0) } ?? 0)
            }
            guard version.0 == .valkey, version.1 >= 9 else { throw Skipped(reason: "Valkey 9 has it") }
            return try await withCluster { writers, cluster in
                try await move(in: cluster, writers, byKeys: false)
            }
        },
        Fault(place: .cluster, name: "network cut of the primary, until another one writes") { _ in
            let network = try Network()
            defer { network.end() }
            return try await withCluster(at: network.place) { writers, cluster in
                try network.cut()
                defer { try? network.mend() }
                try await writers.waitForWrites(50)
            }
        },
    ]

    private static func withCluster(
        at place: ServerPlace? = nil, _ body: @escaping (Writers, RedisTestCluster) async throws -> Void
    ) async throws -> Cost {
        var options = RedisTestCluster.Options()
        // A disk that is slow would keep a replica silent while it takes over what its primary has.
        options.server.arguments = ["--repl-diskless-load", "swapdb"]
        options.replicas = 1
        options.placeOfFirst = place
        return try await RedisTestCluster.withCluster(options) { cluster in
            let server = try DatabaseServer(cluster: cluster.addresses)
            let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: server)])
            return try await with(RedisDatabases(RedisConfiguration().patient, catalogue: catalogue)) { databases in
                try await Writers.measure(databases, primary: cluster.primaries[0]) { writers in
                    try await body(writers, cluster)
                }
            }
        }
    }

    /// Moves the slot of all writes from the first primary to the third.
    private static func move(in cluster: RedisTestCluster, _ writers: Writers, byKeys: Bool) async throws {
        let admins = cluster.primaries.map { RedisDatabases(RedisConfiguration(unixSocket: $0.socketPath)) }
        let (source, target) = (try admins[0].blocking(.main), try admins[2].blocking(.main))
        let (slot, port) = ("\(Writers.slot)", "\(cluster.primaries[2].port ?? 0)")
        let ids = try [source, target].map { try $0.send("CLUSTER", "MYID", as: String.self) }
        if byKeys {
            _ = try target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
            _ = try source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
            while true {
                let keys = try source.send("CLUSTER", "GETKEYSINSLOT", slot, "20", as: [String].self)
                if keys.isEmpty { break }
                // No name may say that.
                let answer = try LineSocket.ask(
                    cluster.primaries[0].port ?? 0,
                    "MIGRATE 127.0.0.1 \(port) \"\" 0 60000 KEYS \(keys.joined(separator: " "))")
                guard answer == "+OK" else {
                    throw NothingGoesOn(description: "the server does not migrate: \(answer)")
                }
            }
            for admin in [admins[2], admins[0], admins[1]] {
                _ = try admin.blocking(.main).send("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
            }
        } else {
            _ = try source.send("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", ids[1])
        }
        try await writers.wait("the slot's new owner") {
            try target.send("CLUSTER", "COUNTKEYSINSLOT", slot, as: Int.self) > 0
                && source.send("CLUSTER", "COUNTKEYSINSLOT", slot, as: Int.self) == 0
        }
        for admin in admins { await admin.close() }
    }
}
