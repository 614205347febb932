import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

extension Form {
    /// Every key of the database.
    fileprivate func keys(in databases: RedisDatabases) async throws -> Set<String> {
        switch self {
        case .asynchronous:
            var keys: Set<String> = []
            for try await key in try databases[.main].scan() { keys.insert(key) }
            return keys
        case .blocking:
            return try await onThread {
                var keys: Set<String> = []
                var scan = try databases.blocking(.main).scan()
                while let key = try scan.next() { keys.insert(key) }
                return keys
            }
        }
    }

    fileprivate func flush(_ databases: RedisDatabases) async throws {
        switch self {
        case .asynchronous: try await databases[.main].flushdb()
        case .blocking: try await onThread { try databases.blocking(.main).flushdb() }
        }
    }

    fileprivate func sumUp(_ key: String, in databases: RedisDatabases) async throws -> Bool? {
        switch self {
        case .asynchronous:
            try await databases[.main].transaction(watching: [key]) { reads async throws(RedisError) in
                RedisTransaction(.set(key, (try await reads.get(key, as: Int.self) ?? 0) + 1))
            }
        case .blocking:
            try await onThread {
                try databases.blocking(.main).transaction(watching: [key]) { reads throws(RedisError) in
                    RedisTransaction(.set(key, (try reads.get(key, as: Int.self) ?? 0) + 1))
                }
            }
        }
    }
}

/// What is about all primaries of a cluster, when others have become primaries: no server redirects it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterPrimariesTests {
    @Test(arguments: Form.allCases)
    func `what goes to every primary goes to one that was added since the map came`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            #expect(try await form.run(.dbsize(), in: databases).get() == 0)
            var options = RedisTestServer.Options(listening: .tcp)
            options.arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"]
            let added = try RedisTestServer.start(options)
            defer { added.stop() }
            try ask(added, "CLUSTER SET-CONFIG-EPOCH 9")
            try ask(added, "CLUSTER MEET 127.0.0.1 \(cluster.primaries[0].port ?? 0)")
            let areMet = try await eventually {
                try (cluster.primaries + [added]).allSatisfy { server in
                    let nodes = try ask(server, "CLUSTER NODES").bytes?.text ?? ""
                    return nodes.split(separator: "\n").count { $0.contains("connected") } == 4
                        && !nodes.contains("handshake")
                }
            }
            #expect(areMet)
            try cluster.move([5_061], from: cluster.primaries[0], to: added)
            let isWell = try await eventually {
                try ask(added, "CLUSTER INFO").bytes?.text?.contains("cluster_state:ok") == true
            }
            #expect(isWell)
            // This corrects the map for one slot, and says nothing of servers.
            #expect(try await form.run(.set("{bar}", "value"), in: databases).get())
            #expect(try await form.run(.dbsize(), in: databases).get() == 1)
            #expect(try await form.keys(in: databases) == ["{bar}"])
            try await form.flush(databases)
            #expect(try ask(added, "DBSIZE") == .integer(0))
        }
    }

    @Test(arguments: Form.allCases)
    func `what goes to every primary does not go to one that is a replica since`(_ form: Form) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster async throws in
            #expect(try await form.run(.set("{bar}", "value"), in: databases).get())
            try await failOver(to: cluster.replicas[0], cluster)
            try await form.flush(databases)
            #expect(try ask(cluster.replicas[0], "DBSIZE") == .integer(0))
            #expect(try await form.run(.dbsize(), in: databases).get() == 0)
        }
    }

    /// An orderly one, which loses nothing; servers give it up where the machine is slow, and are asked again.
    private func failOver(to replica: RedisTestServer, _ cluster: RedisTestCluster) async throws {
        try await awaitCopy(of: cluster.primaries[0], at: replica)
        var hasTakenOver = false
        for _ in 0..<20 where !hasTakenOver {
            try ask(replica, "CLUSTER FAILOVER")
            hasTakenOver = try await eventually(attempts: 600) {
                try ask(replica, "ROLE").elements?.first?.bytes?.text == "master"
            }
        }
        let isKnown = try await eventually {
            try cluster.servers.allSatisfy { try ServerConversation(with: $0).ownerOf(5_061) == replica.port }
        }
        #expect(hasTakenOver && isKnown)
    }

    @Test(arguments: Form.allCases)
    func `a transaction that watches keys runs at the server that has them`(_ form: Form) async throws {
        try await withSharedCluster { databases, _ async throws in
            for round in 1...2 {
                for index in 0..<20 {
                    let key = "{\(index)}:sum"
                    #expect(try await form.sumUp(key, in: databases) == true)
                    #expect(try await form.run(.get(key), in: databases).get() == "\(round)")
                }
            }
        }
    }
}
