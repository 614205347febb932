import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What was restored is written like all else: copying a file into a server's folder would be undone by its AOF.
@Suite("What bulkhead restore has written", .timeLimit(.minutes(10))) struct RestoreDurabilityTests {
    @Test(.enabled(if: TestTier.hasTime))
    func `is there after a crash of a server with an append-only file`() async throws {
        let appending = promptly + ["--appendonly", "yes", "--appendfsync", "always"]
        try await withToolServer(arguments: appending) { server, databases in
            for index in 0..<200 { try await databases[.knowledge].set("doc:\(index)", "text \(index)") }
            try await databases[.knowledge].set("session", "x", expiry: .after(.seconds(5_000)))
            let file = server.folder + "/knowledge.rdb"
            let backup = try await Bulkhead.run("backup", "knowledge", "--to", file, "--url", server.url)
            try #require(backup.exitCode == 0, "\(backup.errors)")
            let restored = try await Bulkhead.run("restore", file, "--into", "analytics", "--url", server.url)
            try #require(restored.exitCode == 0, "\(restored.errors)")
            server.kill()
            try server.restart()
            let same = try await Bulkhead.run("diff", "knowledge", "analytics", "--url", server.url)
            #expect(same.exitCode == 0, "\(same.text) \(same.errors)")
            let outcome = try await Bulkhead.run("diff", file, "analytics", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.text) \(outcome.errors)")
        }
    }
}
