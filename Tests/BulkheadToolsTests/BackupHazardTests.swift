import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// How backups of Redis lose data elsewhere, and that these do not.
@Suite("Hazards of backups", .serialized, .timeLimit(.minutes(10))) struct BackupHazardTests {
    private func withKeys(
        arguments: [String] = promptly, _ body: (RedisTestServer, RedisDatabases, String) async throws -> Void
    ) async throws {
        try await withToolServer(arguments: arguments) { server, databases in
            try await databases[.main].set("session", "secret")
            for index in 0..<50 { try await databases[.knowledge].set("doc:\(index)", "\(index)") }
            try await databases[.prompts].set("prompt", "text")
            try await withBackupFolder { folder in try await body(server, databases, folder) }
        }
    }

    @Test func `a backup of one database does not hold the whole server, as redis-cli -n 1 --rdb does`() async throws {
        try await withKeys { server, _, folder in
            for method in ["sync", "scan"] {
                let path = "\(folder)/\(method).rdb"
                #expect(
                    try await Bulkhead.run("backup", "1", "--to", path, "--method", method, "--url", server.url)
                        .exitCode == 0)
                let file = String(decoding: try bytes(path), as: UTF8.self)
                #expect(!file.contains("session") && !file.contains("secret") && !file.contains("prompt"))
                #expect(try summary(path).databases.mapValues(\.keys) == [1: 50])
            }
        }
    }

    @Test func `no call overwrites a backup with something else, as a restore by --rdb does`() async throws {
        try await withKeys { server, databases, folder in
            let path = folder + "/k.rdb"
            #expect(try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url).exitCode == 0)
            let before = try bytes(path)
            // Whoever mixes up the direction works on an empty server, another server, or another database.
            try await databases[.knowledge].flushdbForTest()
            #expect(try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url).exitCode == 1)
            #expect(try await Bulkhead.run("backup", "main", "--to", path, "--url", server.url).exitCode == 1)
            try await withToolServer(arguments: promptly) { other, databases in
                try await databases[.knowledge].set("doc", "of another server")
                let outcome = try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", other.url)
                #expect(outcome.exitCode == 1)
            }
            #expect(try bytes(path) == before)
        }
    }

    @Test func `a backup holds what was written just before, and never a dump that lay around`() async throws {
        // A fast save is over before anybody looks at LASTSAVE, and a slow one is not over yet: neither is asked.
        try await withKeys { server, databases, folder in
            try await databases[.main].send("SAVE")
            for round in 0..<3 {
                try await databases[.knowledge].set("round", "\(round)")
                let path = "\(folder)/\(round).rdb"
                #expect(try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url).exitCode == 0)
                try await withServerLoading(path) { _, loaded in
                    let found = try await loaded[.knowledge].get("round")
                    #expect(found == "\(round)")
                }
            }
        }
    }

    @Test func `a failure is an exit code and words, and never a file that says success`() async throws {
        try await withKeys { server, _, folder in
            let url = server.url
            server.stop()
            for method in ["auto", "sync", "scan"] {
                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "--to", folder + "/k.rdb", "--method", method, "--json", "--url", url)
                #expect(outcome.exitCode == 2)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errors.contains("cannot connect"), "\(outcome.errors)")
                #expect(try names(in: folder) == [])
            }
        }
    }

    @Test func `a file without its checksum or with another one is not taken for the backup it was`() async throws {
        try await withKeys { server, _, folder in
            let path = folder + "/k.rdb"
            #expect(try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url).exitCode == 0)
            let manifest = try manifest(path)
            #expect(try manifest.isOf(path))
            let whole = try bytes(path)
            for changed in [
                Array(whole.dropLast(8)) + Array(repeating: 0, count: 8), Array(whole.dropLast(1)), whole + [0], [],
            ] {
                try Data(changed).write(to: URL(fileURLWithPath: path))
                #expect(try !manifest.isOf(path))
            }
        }
    }

    @Test func `a server that writes no checksums is recognised, and its backup has one all the same`() async throws {
        try await withKeys(arguments: promptly + ["--rdbchecksum", "no"]) { server, _, folder in
            let path = folder + "/k.rdb"
            let outcome = try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url)
            #expect(outcome.exitCode == 0)
            #expect(try manifest(path).sourceChecksum == "absent")
            #expect(outcome.errors.contains("The server sent no checksum"), "\(outcome.errors)")
            #expect(try summary(path).checksum == .right)
        }
    }

    @Test func `fields that expire are there where Valkey would fall back to a format without`() async throws {
        try await withKeys { server, databases, folder in
            guard hasFieldExpiry else { return }
            try await databases[.knowledge].send("HSET", "hash", "f", "v")
            try await databases[.knowledge].send("HEXPIRE", "hash", 1_000, "FIELDS", 1, "f")
            let path = folder + "/k.rdb"
            let outcome = try await Bulkhead.run(
                "backup", "knowledge", "--to", path, "--method", "sync", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            try await withServerLoading(path) { _, loaded in
                let left = try await loaded[.knowledge].send("HTTL", "hash", "FIELDS", 1, "f", as: [Int].self)
                #expect(left.allSatisfy { $0 > 900 })
            }
        }
    }
}

extension RedisDatabase {
    /// The catalogue of the tests protects knowledge, as the standard one does.
    fileprivate func flushdbForTest() async throws {
        for try await key in scan() { try await unlink(key) }
    }
}
