import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Calls that somebody makes who means another one.
@Suite("Plausible mistakes", .timeLimit(.minutes(10))) struct PlausibleMistakeTests {
    private func withKeys(_ body: (RedisTestServer, RedisDatabases) async throws -> Void) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            for index in 0..<20 { try await databases[.main].set("session:\(index)", "secret") }
            try await body(server, databases)
        }
    }

    // MARK: migrate

    @Test func `a migration without a pattern is a whole database, and has to say so`() async throws {
        try await withKeys { server, databases in
            let words = ["migrate", "--from", "main", "--to", "knowledge", "--url", server.url]
            for wrong in [[], ["--dry-run"], ["--all", "--pattern", "session:*"]] {
                let outcome = try await Bulkhead.run(words + wrong)
                #expect(outcome.exitCode == 64, "\(outcome.errors)")
                #expect(outcome.errors.contains("--all"), "\(outcome.errors)")
                #expect(try await databases[.main].dbsize() == 20)
            }
            let moved = try await Bulkhead.run(words + ["--all"])
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(try await databases[.knowledge].dbsize() == 20)
        }
    }

    @Test(arguments: [["--dry-run"], []])
    func `a pattern that no key fits is said, and is no success`(words: [String]) async throws {
        try await withKeys { server, databases in
            let call = ["migrate", "--from", "main", "--to", "knowledge", "--pattern", "sessions:*"]
            let outcome = try await Bulkhead.run(call + words + ["--url", server.url])
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("no key matches sessions:*"), "\(outcome.errors)")
            #expect(try await databases[.main].dbsize() == 20)
        }
    }

    @Test func `on a terminal a migration shows what it would do and who is there, and asks`() async throws {
        try await withKeys { server, databases in
            let other = try RedisDatabases(url: server.url + "?client_name=celery")
            try await other[.main].ping()
            for (typed, left) in [("knowledge", 20), ("", 20), ("yes", 20), ("main", 0)] {
                let outcome = try await Bulkhead.shell(
                    "echo '\(typed)' | script -qec \"bulkhead migrate --from main --to knowledge --all "
                        + "--url \(server.url)\" /dev/null")
                #expect(outcome.text.contains("main (number 0) has 20 keys"), "\(outcome.text)")
                #expect(outcome.text.contains("celery (1)"), "\(outcome.text)")
                #expect(outcome.text.contains("Type main to"), "\(outcome.text)")
                #expect(!outcome.text.contains("secret"))
                #expect(outcome.exitCode == (left == 0 ? 0 : 1), "\(outcome.text)")
                #expect(try await databases[.main].dbsize() == left)
            }
            await other.close()
        }
    }

    @Test func `whoever says --yes is not asked`() async throws {
        try await withKeys { server, databases in
            let outcome = try await Bulkhead.shell(
                "script -qec \"bulkhead migrate --from main --to knowledge --all --yes --url \(server.url)\" /dev/null")
            #expect(outcome.exitCode == 0, "\(outcome.text)")
            #expect(try await databases[.main].dbsize() == 0)
        }
    }

    // MARK: restore

    private let catalogue = #"""
        {"databases": [
            {"name": "main", "number": 0, "may_be_flushed": true, "key_patterns": ["session:*"]},
            {"name": "knowledge", "number": 1, "key_patterns": ["doc:*"]}]}
        """#

    @Test func `a file of another name, and keys that belong elsewhere, are said and asked about`() async throws {
        try await withKeys { server, databases in
            let (names, file) = (server.folder + "/catalogue.json", server.folder + "/main.rdb")
            try Data(catalogue.utf8).write(to: URL(fileURLWithPath: names))
            let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url)
            #expect(backup.exitCode == 0, "\(backup.errors)")
            let call = "--into knowledge --catalogue \(names) --url \(server.url)"
            func said(_ outcome: Bulkhead.Outcome) -> String {
                (outcome.text + outcome.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            let dry = try await Bulkhead.shell("bulkhead restore \(file) --dry-run \(call)")
            #expect(said(dry).contains("is a backup of main (number 0)"), "\(said(dry))")
            #expect(said(dry).contains("20 of its 20 keys match patterns of main"), "\(said(dry))")
            let asked = try await Bulkhead.shell(
                "echo main | script -qec \"bulkhead restore \(file) \(call)\" /dev/null")
            #expect(said(asked).contains("Type knowledge to restore"), "\(said(asked))")
            #expect(asked.exitCode == 1)
            #expect(try await databases[.knowledge].dbsize() == 0)
            let agreed = try await Bulkhead.shell(
                "echo knowledge | script -qec \"bulkhead restore \(file) \(call)\" /dev/null")
            #expect(agreed.exitCode == 0, "\(said(agreed))")
            #expect(try await databases[.knowledge].dbsize() == 20)
            // Where it came from nobody is asked.
            try await databases[.main].flushdb()
            let back = try await Bulkhead.shell(
                "script -qec \"bulkhead restore \(file) --into main --catalogue \(names) --url \(server.url)\" "
                    + "/dev/null")
            #expect(back.exitCode == 0, "\(said(back))")
        }
    }

    // MARK: flush

    @Test func `where keys expire a flush takes at most so many`() async throws {
        try await withKeys { server, databases in
            func flush(_ words: String...) async throws -> Bulkhead.Outcome {
                try await Bulkhead.run(["flush", "main", "--url", server.url] + words)
            }
            #expect(try await flush("--yes", "--at-most", "25", "--expecting", "20").exitCode == 64)
            #expect(try await flush("--at-most", "25").exitCode == 64)
            let refused = try await flush("--yes", "--at-most", "19")
            #expect(refused.exitCode == 1)
            #expect(refused.errors.contains("it holds 20 keys, and at most 19"), "\(refused.errors)")
            #expect(try await databases[.main].dbsize() == 20)
            #expect(try await flush("--yes", "--at-most", "25").exitCode == 0)
            #expect(try await databases[.main].dbsize() == 0)
        }
    }
}
