import Bulkhead
import Foundation
import RedisTestServer
import TestSupport
import Testing

@testable import BulkheadTools

@Suite("bulkhead flush", .timeLimit(.minutes(2))) struct FlushTests {
    private func withKeys(_ body: (RedisTestServer, RedisDatabases) async throws -> Void) async throws {
        try await withToolServer { server, databases in
            for index in 0..<20 { try await databases[.main].set("session:\(index)", "secret value") }
            try await databases[.main].set("cache:1", "x", expiry: .after(.seconds(1_000)))
            try await databases[.knowledge].set("doc:1", "vector")
            try await body(server, databases)
        }
    }

    @Test func `a script that expects the right count removes these keys and no others`() async throws {
        try await withKeys { server, databases in
            let outcome = try await Bulkhead.run(
                "flush", "main", "--yes", "--expecting", "21", "--json", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            #expect(json?["flushed"] as? Bool == true)
            #expect(json?["keys"] as? Int == 21)
            #expect(json?["expiring"] as? Int == 1)
            #expect(try await databases[.main].dbsize() == 0)
            #expect(try await databases[.knowledge].dbsize() == 1)
        }
    }

    @Test(arguments: [
        (["main", "--yes", "--expecting", "20"], 1, "it holds 21 keys, and 20 were expected"),
        (["main"], 1, "nobody is there to ask"),
        (["knowledge", "--yes", "--expecting", "1"], 1, "the catalogue protects knowledge"),
        (["main", "--yes"], 64, "--yes and --expecting N belong together"),
        (["main", "--json"], 64, "--json asks nobody"),
        (["0", "--yes", "--expecting", "21"], 64, "a name, not a number: it is called main"),
        (["cache", "--yes", "--expecting", "21"], 64, "no database is named 'cache'"),
        (["main", "--yess", "--expecting", "21"], 64, "unknown flag --yess; did you mean --yes?"),
        ([], 64, "NAME is missing"),
    ])
    func `whatever is not plainly agreed to removes nothing`(words: [String], code: Int, message: String) async throws {
        try await withKeys { server, databases in
            let outcome = try await Bulkhead.run(["flush"] + words + ["--url", server.url])
            #expect(outcome.exitCode == Int32(code))
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(try await databases[.main].dbsize() == 21)
            #expect(try await databases[.knowledge].dbsize() == 1)
        }
    }

    @Test func `a backup comes first, and without it nothing is removed`() async throws {
        try await withKeys { server, databases in
            let words = ["flush", "main", "--yes", "--expecting", "21", "--url", server.url, "--backup-first"]
            let failed = try await Bulkhead.run(words + [server.folder + "/missing/main.rdb"])
            #expect(failed.exitCode != 0)
            #expect(try await databases[.main].dbsize() == 21)

            let file = server.folder + "/main.rdb"
            let outcome = try await Bulkhead.run(words + [file])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try await databases[.main].dbsize() == 0)
            let back = try await Bulkhead.run("restore", file, "--into", "main", "--url", server.url)
            #expect(back.exitCode == 0, "\(back.errors)")
            #expect(try await databases[.main].dbsize() == 21)
        }
    }

    @Test func `a look shows counts, names and clients, and no value`() async throws {
        try await withKeys { server, databases in
            let url = server.url + "?client_name=celery"
            let other = try RedisDatabases(url: url)
            try await other[.main].ping()
            let outcome = try await Bulkhead.run("flush", "main", "--dry-run", "--url", server.url)
            await other.close()
            #expect(outcome.exitCode == 0)
            #expect(outcome.errors.contains("main (number 0) has 21 keys, 1 with an expiry."))
            #expect(outcome.errors.contains("  session:"))
            #expect(outcome.errors.contains("celery (1)"))
            #expect(!outcome.errors.contains("secret"))
            #expect(try await databases[.main].dbsize() == 21)
        }
    }

    @Test func `a name that shares its number with a protected one is refused`() async throws {
        try await withKeys { server, databases in
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(
                """
                {"databases": [{"name": "audit", "number": 0},
                    {"name": "cache", "number": 0, "alias_of": "audit", "may_be_flushed": true}]}
                """.utf8
            ).write(to: file)
            let outcome = try await Bulkhead.run(
                "flush", "cache", "--yes", "--expecting", "21", "--catalogue", file.path, "--url", server.url)
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("cache shares number 0 with audit, which the catalogue protects"))
            #expect(try await databases[.main].dbsize() == 21)
        }
    }

    @Test func `typing the name on a terminal removes the keys, and anything else does not`() async throws {
        try await withKeys { server, databases in
            for (typed, left) in [("Main", 21), ("", 21), ("yes", 21), ("main", 0)] {
                let outcome = try await Bulkhead.shell(
                    "echo '\(typed)' | script -qec \"bulkhead flush main --url \(server.url)\" /dev/null")
                #expect(outcome.text.contains("Type main to remove 21 keys:"))
                #expect(outcome.exitCode == (left == 0 ? 0 : 1))
                #expect(try await databases[.main].dbsize() == left)
            }
        }
    }

    @Test func `a server with search indexes, or one that hides them, is refused`() throws {
        var preview = FlushPreview(entry: DatabaseEntry(.main, number: 0, mayBeFlushed: true))
        preview.searchIndexes = []
        #expect(preview.refusal == nil)
        preview.searchIndexes = ["llama_index"]
        #expect(preview.refusal?.contains("drops the search indexes llama_index") == true)
        preview.searchIndexes = nil
        #expect(preview.refusal?.contains("cannot be asked") == true)
    }
}
