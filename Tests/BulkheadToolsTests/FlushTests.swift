import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead flush", .timeLimit(.minutes(10))) struct FlushTests {
    private func withKeys(_ body: (RedisTestServer, RedisDatabases) async throws -> Void) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
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
        (["main"], 1, "there is no terminal to ask on"),
        (["knowledge", "--yes", "--expecting", "1"], 1, "the catalogue protects knowledge"),
        (["main", "--yes"], 64, "--yes and --expecting N belong together"),
        (["main", "--json"], 64, "--json cannot ask"),
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
            #expect(!outcome.errors.contains("bulkhead-tools"), "its own connections are no other clients")
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

    @Test(.enabled(if: SearchServer.options != nil, "\(SearchServer.absence)"))
    func `a real search module's indexes are named and kept`() async throws {
        let server = try RedisTestServer.start(#require(SearchServer.options))
        defer { server.stop() }
        let databases = try RedisDatabases(url: server.url)
        try await databases[.main].set("key", "value")
        try await databases[.main].send("FT.CREATE", "llama_index", "SCHEMA", "t", "TEXT")
        let words = ["flush", "main", "--yes", "--expecting", "1", "--url", server.url]
        let refused = try await Bulkhead.run(words)
        #expect(refused.exitCode == 1 && refused.errors.contains("drops the search indexes llama_index"))
        #expect(try await databases[.main].dbsize() == 1)
        try await databases[.main].send("FT.DROPINDEX", "llama_index")
        let done = try await Bulkhead.run(words)
        #expect(done.exitCode == 0, "\(done.errors)")
        await databases.close()
    }

    @Test func `a database that holds nothing is not the 1204 keys that were expected`() async throws {
        try await withKeys { server, _ in
            let words = ["flush", "db5", "--yes", "--expecting", "1204", "--url", server.url]
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(#"{"databases": [{"name": "db5", "number": 5, "may_be_flushed": true}]}"#.utf8).write(to: file)
            let outcome = try await Bulkhead.run(words + ["--catalogue", file.path])
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("it holds 0 keys, and 1,204 were expected"), "\(outcome.errors)")
        }
    }

    @Test func `keys that are written while somebody types are not what they agreed to`() async throws {
        try await withKeys { server, databases in
            let (shown, go, url) = (server.folder + "/shown", server.folder + "/go", server.url)
            async let outcome = Bulkhead.shell(
                """
                (while ! test -e \(go); do sleep 0.05; done; echo main) |
                script -qec "bulkhead flush main --url \(url)" /dev/null > \(shown)
                """)
            while (try? String(contentsOfFile: shown, encoding: .utf8))?.contains("Type main") != true {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await databases[.main].set("new", "1")
            try Data().write(to: URL(fileURLWithPath: go))
            #expect(try await outcome.exitCode == 1)
            let text = try String(contentsOfFile: shown, encoding: .utf8).replacing("\r\n", with: " ")
            #expect(text.contains("it has 22 keys by now, and 21 were agreed to"), "\(text)")
            #expect(try await databases[.main].dbsize() == 22)
        }
    }

    @Test func `more keys than were agreed to, or than the backup has, are an objection, and fewer are none`() {
        var preview = FlushPreview(entry: DatabaseEntry(.main, number: 0, mayBeFlushed: true))
        preview.keys = 21
        #expect(preview.objection(toFlushing: 21, backedUp: nil) == nil)
        #expect(preview.objection(toFlushing: 20, backedUp: 21) == nil)
        #expect(preview.objection(toFlushing: 22, backedUp: nil)?.contains("21 were agreed to") == true)
        #expect(preview.objection(toFlushing: 22, backedUp: 22)?.contains("21 were agreed to") == true)
        #expect(preview.objection(toFlushing: 21, backedUp: 20)?.contains("the backup has 20") == true)
    }

    @Test func `a backup that is not of one moment will do only where that is said`() async throws {
        try await withKeys { server, databases in
            try await databases[.main].send("ACL", "SETUSER", "tool", "on", ">pass", "~*", "+@all", "-sync")
            let call =
                "REDIS_USERNAME=tool REDIS_PASSWORD=pass bulkhead flush main --yes --expecting 21 "
                + "--url \(server.url) --backup-first \(server.folder)/main.rdb"
            let refused = try await Bulkhead.shell(call)
            #expect(refused.exitCode == 2)
            #expect(refused.errors.contains("NOPERM") && refused.errors.contains("Nothing was removed."))
            #expect(refused.errors.contains("--allow-fuzzy"), "\(refused.errors)")
            #expect(try await databases[.main].dbsize() == 21)
            let allowed = try await Bulkhead.shell(call + " --allow-fuzzy")
            #expect(allowed.exitCode == 0, "\(allowed.errors)")
            #expect(try await databases[.main].dbsize() == 0)
            #expect(try summary(server.folder + "/main.rdb").databases[0]?.keys == 21)
        }
    }

    @Test func `what is shown says on which server it is`() async throws {
        try await withKeys { server, databases in
            let outcome = try await Bulkhead.run("flush", "main", "--dry-run", "--json", "--url", server.url)
            let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            #expect(try json?["server"] as? String == databases[.main].address)
            let text = try await Bulkhead.run("flush", "main", "--dry-run", "--url", server.url)
            #expect(try text.errors.contains("On \(databases[.main].address):"), "\(text.errors)")
        }
    }
}
