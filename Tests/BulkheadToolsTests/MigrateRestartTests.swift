import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A single server beside a cluster is restarted between two runs: its process has another name then.
@Suite(
    "bulkhead migrate: a server is restarted between two runs", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: ServerUnderTest.isAtLeast(redis: 6, 2)))
struct MigrateRestartTests {
    @Test(arguments: [["alone", "wide"], ["wide", "alone"]])
    func `a resumed run that is killed as it replaces the names of the old process leaves none`(
        _ way: [String]
    ) async throws {
        let cluster = try RedisTestCluster.start()
        defer { cluster.stop() }
        let synced = ["--appendonly", "yes", "--appendfsync", "always"]
        let server = try RedisTestServer.start(RedisTestServer.Options(arguments: synced))
        defer { server.stop() }
        let gate = KillGate()
        let proxy = gate.proxy(to: server.socketPath, "alone")
        defer { proxy.stop() }
        func catalogue(_ path: String) -> String {
            let nodes = cluster.addresses.map { "\"\($0)\"" }.joined(separator: ", ")
            return #"""
                {"databases": [{"name": "alone", "number": 0, "url": "unix://\#(path)"},
                    {"name": "wide", "number": 0, "cluster": [\#(nodes)]}]}
                """#
        }
        let path = server.folder + "/names.json"
        try Data(catalogue(proxy.path).utf8).write(to: URL(fileURLWithPath: path))
        let databases = RedisDatabases(
            RedisConfiguration(), catalogue: try DatabaseCatalogue(json: Array(catalogue(server.socketPath).utf8)))
        let (alone, wide) = (try databases["alone"], try databases["wide"])
        let (source, target) = way[0] == "alone" ? (alone, wide) : (wide, alone)
        func run(_ more: [String], until place: KillGate.Place?) async throws -> Int32? {
            gate.open(until: place)
            let words = ["migrate", "--from", way[0], "--to", way[1], "--all", "--json", "-q", "--catalogue", path]
            let outcome = try await Bulkhead.run(words + more) { process in
                while !gate.isShut, kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(1)) }
                if gate.isShut { kill(process, SIGKILL) }
            }
            if !gate.isShut, outcome.exitCode != 0 { Issue.record("\(outcome.errors)") }
            return gate.isShut ? nil : outcome.exitCode
        }
        for key in ["k:1", "k:2"] { try await source.set(key, key) }
        #expect(try await run([], until: .changing("k:1", at: "alone")) == nil)
        let slot = SlotNotes.tag(of: HashSlot(ofKey: Array("k:1".utf8)))
        let old = try #require(
            try await alone.names.first { $0.hasPrefix("bulkhead:migration:{\(slot)}:") && $0.hasSuffix(":process") })
        server.kill()
        try server.restart()
        #expect(try await run(["--resume"], until: .changing(old, at: "alone")) == nil)
        #expect(try await run(["--resume"], until: nil) == 0)
        #expect(try await source.names == [])
        #expect(try await target.names == ["k:1", "k:2"])
        await databases.close()
    }
}
