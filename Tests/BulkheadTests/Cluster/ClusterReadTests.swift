import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Names whose reads replicas of a cluster may answer.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterReadTests {
    private static let keys = (0..<40).map { "key:\($0)" }

    /// A cluster with a replica a primary, and keys that all of them have. A busy machine must not make a replica take
    /// its primary's place, except where that is what a test waits for.
    private func withReplicas(
        _ reads: RedisReads = .replicaPreferred(staleness: .seconds(120)), replicas: Int = 1, zone: String? = nil,
        nodeTimeout: Duration = .seconds(3), isUnlimited: Bool = false,
        _ body: (RedisDatabases, RedisTestCluster) async throws -> Void
    ) async throws {
        try await withReplicatedCluster(replicas: replicas, nodeTimeout: nodeTimeout) { cluster, number async throws in
            let place = try DatabaseServer(cluster: cluster.addresses)
            let catalogue = { (reads: RedisReads) throws -> DatabaseCatalogue in
                try DatabaseCatalogue([
                    DatabaseEntry(.main, number: number, mayBeFlushed: true, server: place, reads: reads)
                ])
            }
            var configuration = testGroupConfiguration()
            configuration.zone = zone
            if isUnlimited { configuration.commandTimeout = nil }
            try await withDatabases(configuration, of: try catalogue(.primary)) { databases in
                for key in Self.keys { try await databases[.main].set(key, "value of \(key)") }
            }
            try await awaitCopies(cluster)
            try await awaitReplicasInMaps(cluster)
            try await withDatabases(configuration, of: try catalogue(reads)) { databases in
                try await body(databases, cluster)
            }
        }
    }

    /// A server leaves replicas out of its map until it has heard that they have data. A client that reads such a map
    /// looks for others ten seconds later.
    private func awaitReplicasInMaps(_ cluster: RedisTestCluster) async throws {
        for server in cluster.servers {
            let talk = try ServerConversation(with: server)
            let areThere = try await eventually {
                let rows = try talk.ask("CLUSTER SLOTS").elements ?? []
                // A range of slots has two numbers, then its servers.
                return rows.reduce(0) { $0 + ($1.elements?.count ?? 2) - 2 } == cluster.servers.count
            }
            #expect(areThere)
        }
    }

    private func awaitCopies(_ cluster: RedisTestCluster) async throws {
        for (index, replica) in cluster.replicas.enumerated() {
            let count = cluster.options.replicas
            try await awaitCopy(of: cluster.primaries[index / count], at: replica)
        }
    }

    private func expectAllKeys(_ form: Form, _ databases: RedisDatabases) async {
        for key in Self.keys {
            guard case .success("value of \(key)"?) = await form.run(.get(key), in: databases) else {
                Issue.record("\(key) was not read")
                return
            }
        }
    }

    /// Reads until each of these servers has answered some of it.
    private func readUntilUsed(_ form: Form, _ databases: RedisDatabases, _ servers: [RedisTestServer]) async throws {
        let areUsed = try await eventually {
            await expectAllKeys(form, databases)
            return try servers.allSatisfy { try $0.calls(of: "get") > 0 }
        }
        #expect(areUsed)
    }

    @Test(arguments: Form.allCases)
    func `are answered by replicas, and nothing else is sent there`(_ form: Form) async throws {
        try await withReplicas { databases, cluster async throws in
            try await readUntilUsed(form, databases, cluster.replicas)
            // What has several slots is split, and each part goes to a replica.
            let many = try await form.run(.mget(Self.keys), in: databases).get()
            #expect(many == Self.keys.map { "value of \($0)" })
            for replica in cluster.replicas { #expect(try replica.calls(of: "mget") > 0) }
            for primary in cluster.primaries { #expect(try primary.calls(of: "mget") == 0) }
            for index in 0..<20 {
                let key = "{\(index)}:count"
                #expect(try await form.run(.incr(key), in: databases).get() == 1)
                #expect(await form.run(.raw("HSCAN", ["{\(index)}:hash", "0"]), in: databases).isSuccess)
                #expect(await form.run(.raw("EVAL", ["return 1", "1", key]), in: databases).isSuccess)
                #expect(await form.run(.raw("SET", [key, "b", "GET"]), in: databases).isSuccess)
            }
            #expect(await form.run(.raw("DBSIZE", []), in: databases).isSuccess)
            let main = try databases[.main]
            _ = try await main.transaction(.strlen("{a}:1"), .strlen("{a}:1"))
            _ = try await main.withConnection(forKey: "{a}:1") { try await $0.strlen("{a}:1") }
            for replica in cluster.replicas {
                for name in ["hscan", "dbsize", "eval", "exec", "strlen"] {
                    #expect(try replica.calls(of: name) == 0, "\(name)")
                }
                let errors = try ask(replica, "INFO errorstats").bytes?.text ?? ""
                #expect(!errors.contains("errorstat_MOVED") && !errors.contains("errorstat_READONLY"), "\(errors)")
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `are answered by a replica that was not in the first map`(_ form: Form) async throws {
        try await withReplicas { databases, cluster async throws in
            let replica = cluster.replicas[0]
            replica.kill()
            // One that has failed is in nobody's map.
            for server in cluster.primaries {
                let talk = try ServerConversation(with: server)
                let isLeftOut = try await eventually {
                    let rows = try talk.ask("CLUSTER SLOTS").elements ?? []
                    return rows.count { $0.elements?.count == 3 } == 1
                }
                #expect(isLeftOut)
            }
            await expectAllKeys(form, databases)
            try replica.restart()
            try await awaitReplicasInMaps(cluster)
            try await awaitCopies(cluster)
            // Reads go on, and the map is asked for again.
            try await readUntilUsed(form, databases, [replica])
        }
    }

    @Test(arguments: Form.allCases)
    func `go to the primary where the replica is killed`(_ form: Form) async throws {
        try await withReplicas { databases, cluster async throws in
            try await readUntilUsed(form, databases, cluster.replicas)
            let before = try cluster.primaries[1].calls(of: "get")
            cluster.replicas[1].kill()
            for _ in 0..<5 { await expectAllKeys(form, databases) }
            // The second primary has a dozen of the keys, and had to answer five times for each.
            #expect(try cluster.primaries[1].calls(of: "get") >= before + 25)
        }
    }

    @Test(arguments: Form.allCases, [1, 2])
    func `without a time limit go on elsewhere where a replica hangs`(_ form: Form, replicas: Int) async throws {
        try await withReplicas(replicas: replicas, isUnlimited: true) { databases, cluster async throws in
            try await readUntilUsed(form, databases, cluster.replicas)
            let hanging = cluster.replicas[0]
            try hanging.pause()
            defer { hanging.resume() }
            for _ in 0..<3 { await expectAllKeys(form, databases) }
            #expect(try await form.run(.mget(Self.keys), in: databases).get() == Self.keys.map { "value of \($0)" })
        }
    }

    @Test(arguments: Form.allCases)
    func `go on elsewhere where a script holds the replica`(_ form: Form) async throws {
        try await withReplicas { databases, cluster async throws in
            try await readUntilUsed(form, databases, cluster.replicas)
            let replica = cluster.replicas[0]
            try ask(replica, "CONFIG SET lua-time-limit 1")
            Thread.detachNewThread { _ = try? ask(replica, "EVAL repeat\tuntil(false) 0") }
            let talk = try ServerConversation(with: replica)
            let isHeld = try await eventually {
                try talk.ask("PING").errorMessage?.starts(with: "BUSY".utf8) == true
            }
            #expect(isHeld)
            for _ in 0..<5 { await expectAllKeys(form, databases) }
            try talk.ask("SCRIPT KILL")
        }
    }

    @Test(arguments: Form.allCases)
    func `go on where a primary is killed, and at its replica when that has taken its place`(
        _ form: Form
    ) async throws {
        try await withReplicas(nodeTimeout: .seconds(1)) { databases, cluster async throws in
            try await readUntilUsed(form, databases, cluster.replicas)
            cluster.primaries[1].kill()
            for _ in 0..<5 { await expectAllKeys(form, databases) }
            let isPromoted = try await eventually {
                await expectAllKeys(form, databases)
                return try ask(cluster.replicas[1], "ROLE").elements?.first?.bytes?.text == "master"
            }
            #expect(isPromoted)
            for _ in 0..<5 { await expectAllKeys(form, databases) }
            for key in Self.keys { #expect(await form.run(.set(key, "new"), in: databases).isSuccess) }
        }
    }

    @Test(arguments: SlotMove.ofServer)
    func `see no redirection while slots move, and reach the replicas of the new primary`(
        _ way: SlotMove
    ) async throws {
        try await withReplicas { databases, cluster async throws in
            let main = try databases[.main]
            for index in 0..<30 { try await main.set("{bar}:\(index)", index) }
            try await awaitCopies(cluster)
            try await readUntilUsed(.asynchronous, databases, cluster.replicas)
            let isOver = Mutex(false)
            async let reading = { () async throws -> Int in
                var count = 0
                while !isOver.withLock({ $0 }) {
                    for index in 0..<30 {
                        let value = try await main.get("{bar}:\(index)", as: Int.self)
                        // A replica may lack what has left, or has not come yet.
                        #expect(value == index || value == nil)
                        count += 1
                    }
                }
                return count
            }()
            let outcome = await Task.detached {
                Result { try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2], way) }
            }.value
            isOver.withLock { $0 = true }
            try outcome.get()
            #expect(try await reading > 0)
            try await awaitCopies(cluster)
            let before = try cluster.replicas[2].calls(of: "get")
            let isUsed = try await eventually {
                for index in 0..<30 where try await main.get("{bar}:\(index)", as: Int.self) != index { return false }
                return try cluster.replicas[2].calls(of: "get") > before
            }
            #expect(isUsed)
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(valkey: 8, 1)), arguments: Form.allCases)
    func `in the same zone go to replicas of that zone only`(_ form: Form) async throws {
        let reads = RedisReads.sameZone(staleness: .seconds(120))
        try await withReplicas(reads, replicas: 2, zone: "b") { databases, cluster async throws in
            let near = cluster.replicas.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            let far = cluster.replicas.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            for server in near { try ask(server, "CONFIG SET availability-zone b") }
            for server in far { try ask(server, "CONFIG SET availability-zone c") }
            try await readUntilUsed(form, databases, near)
            for server in far { #expect(try server.calls(of: "get") == 0) }
        }
    }

    @Test(arguments: Form.allCases)
    func `in the same zone go to the primary where no server says its zone`(_ form: Form) async throws {
        try await withReplicas(.sameZone(staleness: .seconds(120)), zone: "b") { databases, cluster async throws in
            // Until each replica was asked, and beyond.
            let areAsked = try await eventually {
                await expectAllKeys(form, databases)
                return try cluster.replicas.allSatisfy { try $0.calls(of: "readonly") > 0 }
            }
            #expect(areAsked)
            for _ in 0..<5 { await expectAllKeys(form, databases) }
            for server in cluster.replicas { #expect(try server.calls(of: "get") == 0) }
        }
    }

    @Test func `in the same zone need a zone, and the catalogue takes no list of a cluster's replicas`() throws {
        let json = #"{"databases": [{"name": "main", "number": 0, "cluster": ["a:1"], "reads": "same-zone"}]}"#
        let catalogue = try DatabaseCatalogue(json: Array(json.utf8))
        #expect(try catalogue[.main].reads == .sameZone())
        let databases = RedisDatabases(RedisConfiguration(), catalogue: catalogue)
        let error = #expect(throws: RedisError.self) { try databases[.main] }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("REDIS_ZONE") == true)
        #expect(try RedisConfiguration(environment: ["REDIS_ZONE": "a"]).zone == "a")
        let replica = try DatabaseServer(url: "redis://replica")
        let place = try DatabaseServer(cluster: ["a:1"])
        #expect(throws: RedisError.self) {
            try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0, server: place, reads: .replicaPreferred(replicas: [replica]))
            ])
        }
    }
}
