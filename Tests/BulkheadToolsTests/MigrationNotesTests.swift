import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What an interrupted migration leaves in its databases is no data of theirs.
@Suite("Notes of migrations and other tools", .serialized, .timeLimit(.minutes(10))) struct MigrationNotesTests {
    private static let notes = 3

    /// A server whose `main` has keys, and what a killed migration has left.
    private func withNotes(_ body: (RedisTestServer, RedisDatabases, String) async throws -> Void) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            for index in 0..<20 { try await main.set("key:\(index)", "\(index)") }
            for name in ["chain", "1f:owner", "{06S}:1f"] { try await main.set("bulkhead:migration:\(name)", "1") }
            try await withBackupFolder { folder in try await body(server, databases, folder) }
        }
    }

    private func said(_ outcome: Bulkhead.Outcome) -> String {
        (outcome.text + outcome.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test(arguments: ["sync", "scan"])
    func `a backup leaves them out, and says so`(method: String) async throws {
        try await withNotes { server, databases, folder in
            let path = folder + "/main.rdb"
            let outcome = try await Bulkhead.run(
                "backup", "main", "--to", path, "--method", method, "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(said(outcome).contains("3 keys are notes of a migration"), "\(outcome.errors)")
            #expect(try manifest(path).keys == 20)
            #expect(try manifest(path).migrationNotesLeftOut == Self.notes)
            #expect(try summary(path).databases.mapValues(\.keys) == [0: 20])
            #expect(try await checkedByServer(path).exitCode == 0)
            try await withServerLoading(path) { _, loaded in
                let keys = try await loaded[.main].dbsize()
                #expect(keys == 20)
            }
            // Those of a pattern that does not mean them are none of its.
            let other = folder + "/part.rdb"
            let part = try await Bulkhead.run(
                "backup", "main", "--to", other, "--pattern", "key:1?", "--method", method, "--url", server.url)
            #expect(part.exitCode == 0, "\(part.errors)")
            #expect(try manifest(other).migrationNotesLeftOut == nil)
            #expect(try manifest(other).keys == 10)
        }
    }

    @Test func `a flush counts them among what its backup was of`() async throws {
        try await withNotes { server, databases, folder in
            let outcome = try await Bulkhead.run(
                "flush", "main", "--yes", "--expecting", "23", "--backup-first", folder, "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try await databases[.main].dbsize() == 0)
        }
    }

    @Test func `a restore leaves out those of a server's own dump, and says so`() async throws {
        try await withNotes { server, databases, _ in
            try await databases[.main].send("SAVE")
            let words = ["restore", server.folder + "/dump.rdb", "--into", "knowledge", "--url", server.url]
            let dry = try await Bulkhead.run(words + ["--dry-run"])
            #expect(dry.exitCode == 0, "\(dry.errors)")
            #expect(said(dry).contains("20 would be restored"), "\(dry.text)")
            let outcome = try await Bulkhead.run(words + ["--verify", "--json"])
            #expect(outcome.exitCode == 0, "\(outcome.text)")
            let json = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(json["found"] as? Int == 20 && json["restored"] as? Int == 20 && json["untried"] as? Int == 0)
            #expect(json["migration_notes"] as? Int == Self.notes)
            #expect(try await databases[.knowledge].dbsize() == 20)
            let text = try await Bulkhead.run(words + ["--on-conflict", "skip"])
            #expect(said(text).contains("3 keys are notes of a migration"), "\(text.text)")
        }
    }

    @Test func `a comparison leaves them out on both sides`() async throws {
        try await withNotes { server, databases, folder in
            for index in 0..<20 { try await databases[.knowledge].set("key:\(index)", "\(index)") }
            try await databases[.knowledge].set("bulkhead:migration:1f:copied:0", "1")
            let path = folder + "/knowledge.rdb"
            _ = try await Bulkhead.run("backup", "knowledge", "--to", path, "-q", "--url", server.url)
            for (left, count) in [("knowledge", "4 keys are notes"), (path, "3 keys are notes")] {
                let outcome = try await Bulkhead.run("diff", left, "main", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.text) \(outcome.errors)")
                #expect(said(outcome).contains("20 the same"), "\(outcome.text)")
                #expect(said(outcome).contains(count), "\(outcome.text)")
            }
        }
    }

    @Test func `check names them`() async throws {
        try await withNotes { server, databases, _ in
            try await databases[.main].send("SAVE")
            for words in [["--url", server.url], ["--rdb", server.folder + "/dump.rdb"]] {
                let outcome = try await Bulkhead.run(["check", "main", "-q"] + words)
                #expect(outcome.exitCode == 1, "\(outcome.text)")
                #expect(said(outcome).contains("3 keys in main are notes of a migration"), "\(outcome.text)")
            }
        }
    }

    @Test func `who restores what was saved in the middle of a migration can migrate again`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await withToolServer { other, _ in
                let main = try databases[.main]
                for index in 0..<200 { try await main.set("key:\(index)", "\(index)") }
                let words = ["migrate", "--from", "main", "--to-url", other.url, "--all", "-q", "--url", server.url]
                _ = try await Bulkhead.run(words + ["--rate", "20"]) { process in
                    while try await main.dbsize() > 195 { try await Task.sleep(for: .milliseconds(5)) }
                    kill(process, SIGKILL)
                }
                #expect(try await main.exists("bulkhead:migration:chain") == 1)
                try await main.send("SAVE")
                let rest = try await Bulkhead.run(words + ["--resume"])
                #expect(rest.exitCode == 0, "\(rest.errors)")
                let restored = try await Bulkhead.run(
                    "restore", server.folder + "/dump.rdb", "--into", "main", "-q", "--url", server.url)
                #expect(restored.exitCode == 0, "\(restored.errors)")
                let again = try await Bulkhead.run(words + ["--on-conflict", "replace"])
                #expect(again.exitCode == 0, "\(again.errors)")
                #expect(try await main.dbsize() == 0)
            }
        }
    }
}
