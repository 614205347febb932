import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What a cluster refuses for a while only: calls wait until it is over. If their own time is over first, they fail by
/// the cluster's word.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterWaitTests {
    /// Slot 5061 is that of `{bar}`. The first server has it at the start.
    private static let slot = 5_061

    /// How often a server has answered with an error of this name.
    private func count(_ error: String, by server: RedisTestServer) throws -> Int {
        try number(behind: "errorstat_\(error):count=", in: try ask(server, "INFO errorstats").bytes?.text ?? "")
    }

    private func number(behind start: String, in info: String) throws -> Int {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix(start) }
        return Int(line?.dropFirst(start.count).prefix(while: \.isNumber) ?? "") ?? 0
    }

    /// By the cluster's word; or by the call's own time, if a slow machine had the server say nothing within it.
    private func expectOver(_ failure: RedisError?, by word: String) {
        #expect([word, "timed-out"].contains(failure?.code.name), "\(String(describing: failure))")
    }

    /// Has the slot half moved: `{bar}:1` is at the last server, and `{bar}:2` still at the first.
    private func beginMove(in cluster: RedisTestCluster) throws {
        let (giver, taker) = (cluster.primaries[0], cluster.primaries[2])
        let ids = try [giver, taker].map { try ServerConversation(with: $0).text("CLUSTER MYID") }
        try ask(taker, "CLUSTER SETSLOT \(Self.slot) IMPORTING \(ids[0])")
        try ask(giver, "CLUSTER SETSLOT \(Self.slot) MIGRATING \(ids[1])")
        try moveKey("{bar}:1", in: cluster)
    }

    private func moveKey(_ key: String, in cluster: RedisTestCluster) throws {
        try ask(cluster.primaries[0], "MIGRATE 127.0.0.1 \(cluster.primaries[2].port ?? 0) \(key) 0 60000")
    }

    @Test(arguments: Form.allCases)
    func `a call with two keys of a slot waits until both have moved`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            for key in ["{bar}:1", "{bar}:2"] { _ = try await form.run(.set(key, key), in: databases).get() }
            try beginMove(in: cluster)
            let time = Duration.milliseconds(400)
            let failure = await form.run(.mget(["{bar}:1", "{bar}:2"]), in: databases, within: time).failure
            expectOver(failure, by: "TRYAGAIN")
            async let call = form.run(.mget(["{bar}:1", "{bar}:2"]), in: databases, within: .seconds(60))
            // The server with half of the keys says it, again and again.
            let before = try cluster.primaries.map { try count("TRYAGAIN", by: $0) }
            while try zip(cluster.primaries, before).allSatisfy({ try count("TRYAGAIN", by: $0) < $1 + 2 }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            try moveKey("{bar}:2", in: cluster)
            #expect(try await call.get() == ["{bar}:1", "{bar}:2"])
        }
    }

    @Test(arguments: Form.allCases)
    func `a call to a slot that no server has waits until one has it`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            _ = try await form.run(.set("{bar}", "before"), in: databases).get()
            for server in cluster.primaries { try ask(server, "CLUSTER DELSLOTS \(Self.slot)") }
            // Keys of other slots are refused, too: a cluster serves all slots or none.
            let time = Duration.milliseconds(400)
            let failure = await form.run(.get("{1}"), in: databases, within: time).failure
            expectOver(failure, by: "CLUSTERDOWN")
            async let call = form.run(.set("{bar}", "after"), in: databases, within: .seconds(60))
            try await Task.sleep(for: .milliseconds(300))
            try ask(cluster.primaries[0], "CLUSTER ADDSLOTS \(Self.slot)")
            #expect(try await call.get())
            #expect(try await form.run(.get("{bar}"), in: databases).get() == "after")
        }
    }

    @Test func `a hundred calls that are redirected at once do not each ask for the map`() async throws {
        try await withCluster { databases, cluster async throws in
            let main = try databases[.main]
            let keys = (0..<20).map { "{\($0)}" }
            for key in keys { try await main.set(key, key) }
            let talk = try ServerConversation(with: cluster.primaries[0])
            for key in keys {
                guard case .integer(let slot) = try talk.ask("CLUSTER KEYSLOT \(key)") else { continue }
                let owner = try talk.ownerOf(Int(slot))
                let index = try #require(cluster.primaries.firstIndex { $0.port == owner })
                let (source, target) = (cluster.primaries[index], cluster.primaries[(index + 1) % 3])
                try cluster.move([Int(slot)], from: source, to: target)
            }
            for server in cluster.primaries { try ask(server, "CONFIG RESETSTAT") }
            try await getAtOnce(keys, from: main)
            let redirected = try cluster.primaries.map { try count("MOVED", by: $0) }.reduce(0, +)
            #expect(redirected >= keys.count, "\(redirected)")
            try await getAtOnce(keys, from: main)
            // What the redirections said is known by then.
            #expect(try cluster.primaries.map { try count("MOVED", by: $0) }.reduce(0, +) == redirected)
            var asked = 0
            for server in cluster.primaries {
                let info = try ask(server, "INFO commandstats").bytes?.text ?? ""
                asked += try number(behind: "cmdstat_cluster:calls=", in: info)
                asked += try number(behind: "cmdstat_cluster|slots:calls=", in: info)
            }
            #expect(asked <= 10, "\(asked) for \(redirected) redirections")
        }
    }

    private func getAtOnce(_ keys: [String], from database: RedisDatabase) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for call in 0..<100 {
                let key = keys[call % keys.count]
                group.addTask { () async throws in #expect(try await database.get(key) == key) }
            }
            try await group.waitForAll()
        }
    }
}
