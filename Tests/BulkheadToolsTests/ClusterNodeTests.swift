import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A node has a part of the keys, and no tool takes that for a database.
@Suite(
    "Nodes of a cluster", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
struct ClusterNodeTests {
    private struct Node {
        let server: RedisTestServer
        let busPort: Int
        let databases: RedisDatabases
        var url: String { "redis://127.0.0.1:\(server.port ?? 0)" }
        var main: RedisDatabase { get throws { try databases[.main] } }
    }

    private func start() async throws -> Node {
        for _ in 0..<8 {
            // The port of its bus may be taken by another test's.
            let busPort = Int.random(in: 20_000..<60_000)
            let arguments =
                promptly + [
                    "--cluster-enabled", "yes", "--cluster-port", "\(busPort)", "--cluster-node-timeout", "2000",
                ]
            let options = RedisTestServer.Options(listening: .tcp, arguments: arguments)
            guard let server = try? RedisTestServer.start(options) else { continue }
            let databases = try RedisDatabases(url: "redis://127.0.0.1:\(server.port ?? 0)")
            return Node(server: server, busPort: busPort, databases: databases)
        }
        throw CancellationError()
    }

    private func untilUp(_ isTrue: () async throws -> Bool) async throws {
        #expect(try await eventually(isTrue), "the cluster does not come up")
    }

    /// Nodes that share the slots and have met; `replicas` of them follow the last one in place of having any.
    private func withNodes(
        _ count: Int, replicas: Int = 0, _ body: ([Node]) async throws -> Void
    ) async throws {
        var nodes: [Node] = []
        defer { for node in nodes { node.server.stop() } }
        for _ in 0..<(count + replicas) { nodes.append(try await start()) }
        let share = ClusterFacts.allSlots / count
        for (index, node) in nodes.prefix(count).enumerated() {
            let last = index == count - 1 ? ClusterFacts.allSlots - 1 : (index + 1) * share - 1
            try await node.main.send("CLUSTER", "ADDSLOTSRANGE", index * share, last)
        }
        for node in nodes.dropFirst() {
            try await nodes[0].main.send("CLUSTER", "MEET", "127.0.0.1", node.server.port ?? 0, node.busPort)
        }
        for node in nodes {
            try await untilUp {
                try await node.main.send("CLUSTER", "INFO", as: String.self).contains("cluster_state:ok")
            }
        }
        let primary = try await nodes[count - 1].main.send("CLUSTER", "MYID", as: String.self)
        for node in nodes.dropFirst(count) {
            try await untilUp { (try? await node.main.send("CLUSTER", "REPLICATE", primary)) != nil }
            try await untilUp { try await ServerFacts(of: node.main).info["master_link_status"] == "up" }
        }
        var written = 0
        for index in 0..<300 {
            for node in nodes.prefix(count) {
                if (try? await node.main.set("key:\(index)", "v")) != nil { written += 1 }
            }
        }
        #expect(written == 300)
        for node in nodes.dropFirst(count) {
            try await untilUp { try await node.main.dbsize() == (try await nodes[count - 1].main.dbsize()) }
        }
        try await body(nodes)
        for node in nodes { await node.databases.close() }
    }

    @Test func `backup, diff and flush refuse a node, and name the others`() async throws {
        try await withNodes(2) { nodes in
            try await withBackupFolder { folder in
                for words in [
                    ["backup", "main", "--to", folder + "/k.rdb"],
                    ["backup", "main", "--to", folder, "--method", "scan"],
                    ["diff", "main", "main"], ["flush", "main", "--dry-run"],
                ] {
                    let outcome = try await Bulkhead.run(words + ["--url", nodes[0].url])
                    #expect(outcome.exitCode == (words[0] == "flush" ? 1 : 2), "\(words): \(outcome.errors)")
                    let said = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    #expect(said.contains("a node of a cluster"), "\(said)")
                    for node in nodes { #expect(said.contains("127.0.0.1:\(node.server.port ?? 0)"), "\(said)") }
                }
                #expect(try names(in: folder) == [])
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `check looks at one node, says so, and reads a replica without calling it denied`() async throws {
        try await withNodes(2, replicas: 1) { nodes in
            for (node, counted) in [(nodes[0], nodes[0]), (nodes[2], nodes[1])] {
                let outcome = try await Bulkhead.run("check", "main", "--exact", "-q", "--json", "--url", node.url)
                #expect(outcome.exitCode == 1, "\(outcome.errors)")
                let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
                let report = try #require((json?["servers"] as? [[String: Any]])?.first)
                let codes = (report["findings"] as? [[String: String]] ?? []).compactMap { $0["code"] }
                #expect(codes.contains("cluster") && !codes.contains("refused"), "\(codes)")
                let main = try #require((report["databases"] as? [[String: Any]])?.first)
                #expect(main["keys"] as? Int == (try await counted.main.dbsize()))
                #expect((main["types"] as? [[String: Any]])?.first?["type"] as? String == "string")
            }
            let doctor = try await Bulkhead.run("doctor", "--url", nodes[2].url)
            #expect(doctor.text.contains("127.0.0.1:\(nodes[1].server.port ?? 0)"), "\(doctor.text)")
        }
    }

    @Test func `the only primary of a cluster has every key, and is backed up`() async throws {
        try await withNodes(1) { nodes in
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let outcome = try await Bulkhead.run("backup", "main", "--to", path, "--url", nodes[0].url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(try manifest(path).keys == 300)
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: ["-info", "-info -hello"])
    func `a node is recognised without INFO too`(rules: String) async throws {
        try await withNodes(2) { nodes in
            let words =
                ["SETUSER", "tool", "on", ">pass", "~*", "+@all"] + rules.split(separator: " ").map(String.init)
            try await nodes[0].main.run(.raw("ACL", words))
            try await withBackupFolder { folder in
                let url = nodes[0].url.replacingOccurrences(of: "://", with: "://tool:pass@")
                let outcome = try await Bulkhead.run("backup", "main", "--to", folder + "/k.rdb", "--url", url)
                #expect(outcome.exitCode == 2)
                #expect(outcome.errors.contains("a node of a cluster"), "\(outcome.errors)")
            }
        }
    }

    @Test func `what another node has is no matter of rights`() {
        let moved = RedisError(code: .init(server: "MOVED"), message: "MOVED 866 127.0.0.1:7001", stage: .answered)
        #expect(moved.explained.contains("another node at 127.0.0.1:7001 has this key"))
        #expect(!moved.isOfOneCommand && !moved.deniesKey)
        let readOnly = RedisError(
            code: .readOnly, message: "READONLY You can't write against a read only replica.", stage: .answered)
        #expect(readOnly.explained.contains("name its primary"))
    }
}
