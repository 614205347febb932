import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What takes a command from the tools.
enum Denial: String, CaseIterable, CustomTestStringConvertible {
    /// A user without @dangerous, which INFO is in.
    case acl
    /// `rename-command` in the server's configuration.
    case renamed

    var arguments: [String] {
        self == .acl ? [] : ["INFO", "SYNC", "MOVE", "CONFIG"].flatMap { ["--rename-command", $0, ""] }
    }

    /// In front of a call of the program.
    var login: String { self == .acl ? "REDIS_USERNAME=tool REDIS_PASSWORD=pass " : "" }
    var testDescription: String { rawValue }
}

@Suite("Servers that deny commands", .serialized, .timeLimit(.minutes(10))) struct DeniedCommandsTests {
    /// A server with 20 keys in main, one of which expires.
    private func withDenial(
        _ denial: Denial, rules: String = "+@all -@dangerous +restore",
        _ body: (RedisTestServer, RedisDatabases) async throws -> Void
    ) async throws {
        try await withToolServer(arguments: promptly + denial.arguments) { server, databases in
            let main = try databases[.main]
            for index in 0..<20 { try await main.set("app:\(index)", "\(index)") }
            try await main.send("EXPIRE", "app:7", 10_000)
            let words = ["SETUSER", "tool", "on", ">pass", "~*"] + rules.split(separator: " ").map(String.init)
            try await main.run(.raw("ACL", words))
            try await body(server, databases)
        }
    }

    private func run(_ denial: Denial, _ words: String, _ server: RedisTestServer) async throws -> Bulkhead.Outcome {
        try await Bulkhead.shell(denial.login + "bulkhead \(words) --url \(server.url)")
    }

    private func said(_ outcome: Bulkhead.Outcome) -> String {
        outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private func json(_ outcome: Bulkhead.Outcome) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: outcome.output) as? [String: Any], "\(outcome.errors)")
    }

    @Test(arguments: Denial.allCases)
    func `check counts, and says what is not known without INFO`(denial: Denial) async throws {
        try await withDenial(denial) { server, _ in
            let outcome = try await run(denial, "check -q --json", server)
            #expect(outcome.exitCode == 1, "\(outcome.errors)")
            let report = try #require((try json(outcome)["servers"] as? [[String: Any]])?.first)
            let main = try #require((report["databases"] as? [[String: Any]])?.first)
            #expect(main["keys"] as? Int == 20 && main["complete"] as? Bool == true)
            #expect((main["expiring"] as? [String: Int])?["estimate"] == 1)
            #expect(report["memory"] == nil)
            let codes = (report["findings"] as? [[String: String]])?.compactMap { $0["code"] }
            #expect(codes?.contains("info") == true, "\(codes ?? [])")
        }
    }

    @Test(arguments: Denial.allCases)
    func `a flush shows what it would remove, and not how much of that expires`(denial: Denial) async throws {
        try await withDenial(denial) { server, _ in
            let outcome = try await run(denial, "flush main --dry-run", server)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(said(outcome).contains("has 20 keys; how many expire is not known"), "\(outcome.errors)")
            let document = try json(try await run(denial, "flush main --dry-run --json", server))
            #expect(document["keys"] as? Int == 20 && document["expiring"] == nil)
        }
    }

    @Test(arguments: Denial.allCases)
    func `keys are moved and compared within a server`(denial: Denial) async throws {
        try await withDenial(denial) { server, databases in
            let moved = try await run(denial, "migrate --from main --to knowledge --all --verify -q", server)
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(said(moved).contains("evicts keys or could not save is not known"), "\(moved.errors)")
            #expect(try await databases[.main].dbsize() == 0)
            #expect(try await databases[.knowledge].dbsize() == 20)
            #expect(try await databases[.knowledge].send("TTL", "app:7", as: Int.self) > 9_000)
            let diff = try await run(denial, "diff main knowledge -q", server)
            #expect(diff.exitCode == 1 && diff.text.contains("20 only in knowledge"), "\(diff.text) \(diff.errors)")
        }
    }

    @Test(arguments: Denial.allCases)
    func `a backup is made key by key, and comes back`(denial: Denial) async throws {
        try await withDenial(denial) { server, databases in
            try await withBackupFolder { folder in
                let path = folder + "/main.rdb"
                let backup = try await run(denial, "backup main --to \(path) -q", server)
                #expect(backup.exitCode == 0 && said(backup).contains("fuzzy"), "\(backup.errors)")
                let restored = try await run(denial, "restore \(path) --into knowledge --verify -q", server)
                #expect(restored.exitCode == 0, "\(restored.text) \(restored.errors)")
                #expect(said(restored).contains("not known"), "\(restored.errors)")
                #expect(try await databases[.knowledge].dbsize() == 20)
                let diff = try await run(denial, "diff main knowledge -q", server)
                #expect(diff.exitCode == 0, "\(diff.text)")
            }
        }
    }

    @Test func `who may not restore is told before the first key`() async throws {
        try await withDenial(.acl, rules: "+@all -restore") { server, databases in
            try await withBackupFolder { folder in
                let path = folder + "/main.rdb"
                _ = try await run(.acl, "backup main --to \(path) -q --method scan", server)
                let refused = try await run(.acl, "restore \(path) --into knowledge -q", server)
                #expect(refused.exitCode == 2 && refused.errors.contains("Nothing was restored"), "\(refused.errors)")
                #expect(refused.text.isEmpty)
            }
        }
    }

    // MARK: Moves

    @Test(arguments: ["", " --on-conflict replace"])
    func `where MOVE is denied each key is copied and deleted in one step`(more: String) async throws {
        try await withDenial(.acl, rules: "+@all -move") { server, databases in
            if !more.isEmpty { try await databases[.knowledge].set("app:3", "old") }
            let moved = try await run(.acl, "migrate --from main --to knowledge --all -q --json" + more, server)
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(try json(moved)["moved"] as? Int == 20)
            #expect(said(moved).contains("MOVE is refused"), "\(moved.errors)")
            #expect(try await databases[.main].dbsize() == 0)
            #expect(try await databases[.knowledge].get("app:3") == "3")
        }
    }

    @Test(arguments: [
        ("-unlink", "--rename app:=new:"), ("-unlink", "--on-conflict replace"), ("-move -unlink", ""),
        ("-move -unlink", "--on-conflict replace"),
    ])
    func `where UNLINK is denied no key is copied by a move`(denied: String, more: String) async throws {
        try await withDenial(.acl, rules: "+@all \(denied)") { server, databases in
            let words = "migrate --from main --to knowledge --pattern 'app:*' -q \(more)"
            let refused = try await run(.acl, words, server)
            #expect(refused.exitCode == 2, "\(refused.text)")
            #expect(refused.errors.lowercased().contains("unlink"), "\(refused.errors)")
            #expect(refused.errors.contains("Nothing was moved"), "\(refused.errors)")
            #expect(try await databases[.main].dbsize() == 20)
            #expect(try await databases[.knowledge].dbsize() == 0)
            let copied = try await run(.acl, words + " --copy", server)
            #expect(copied.exitCode == 0, "\(copied.errors)")
        }
    }

    @Test func `where UNLINK has another name no key is copied by a move`() async throws {
        try await withToolServer(arguments: ["--rename-command", "UNLINK", ""]) { server, databases in
            try await databases[.main].set("app:1", "x")
            let refused = try await Bulkhead.shell(
                "bulkhead migrate --from main --to knowledge --all --rename =new: -q --url \(server.url)")
            #expect(refused.exitCode == 2 && refused.errors.contains("UNLINK"), "\(refused.errors)")
            #expect(try await databases[.main].dbsize() == 1)
            #expect(try await databases[.knowledge].dbsize() == 0)
        }
    }

    @Test func `where neither MOVE nor a script is allowed both are named, and nothing is moved`() async throws {
        try await withDenial(.acl, rules: "+@all -move -eval") { server, databases in
            let refused = try await run(.acl, "migrate --from main --to knowledge --all -q", server)
            #expect(refused.exitCode == 2)
            for word in ["'move'", "EVAL", "Nothing was moved"] { #expect(refused.errors.contains(word)) }
            #expect(try await databases[.main].dbsize() == 20)
        }
    }

    @Test func `a user of some keys is told which keys a move needs`() async throws {
        try await withDenial(.acl) { server, databases in
            try await withToolServer { other, _ in
                try await databases[.main].send("ACL", "SETUSER", "tool", "reset", "on", ">pass", "~app:*", "+@all")
                let across = "--to-url \(other.url) -q"
                let notes = try await run(.acl, "migrate --from main --pattern 'app:*' \(across)", server)
                #expect(notes.exitCode == 2)
                #expect(notes.errors.contains("~bulkhead:migration:*"), "\(notes.errors)")
                for target in ["--to knowledge -q", across] {
                    let all = try await run(.acl, "migrate --from main --all \(target)", server)
                    #expect(all.exitCode == 2 && all.errors.contains("bulkhead-probe"), "\(all.errors)")
                    #expect(all.errors.contains("--pattern"), "\(all.errors)")
                }
                #expect(try await databases[.main].dbsize() == 20)
                try await databases[.main].send("ACL", "SETUSER", "tool", "~bulkhead:migration:*")
                let moved = try await run(.acl, "migrate --from main --pattern 'app:*' \(across)", server)
                #expect(moved.exitCode == 0, "\(moved.errors)")
            }
        }
    }

    @Test func `what nobody knows to be kept gets copies, and no moves`() async throws {
        try await withDenial(.acl) { other, _ in
            try await withToolServer { server, databases in
                for index in 0..<5 { try await databases[.main].set("t:\(index)", "x") }
                let url = other.url.replacingOccurrences(of: "://", with: "://tool:pass@")
                let words = [
                    "migrate", "--from", "main", "--pattern", "t:*", "--to-url", url, "-q", "--url", server.url,
                ]
                let refused = try await Bulkhead.run(words)
                #expect(refused.exitCode == 2)
                #expect(refused.errors.contains("INFO is denied to t"), "\(refused.errors)")
                #expect(try await databases[.main].dbsize() == 5)
                let copied = try await Bulkhead.run(words + ["--copy", "--verify"])
                #expect(copied.exitCode == 0, "\(copied.errors)")
            }
        }
    }

    @Test func `one database by two addresses is found to be one without INFO`() async throws {
        let options = RedisTestServer.Options(listening: .tcp, arguments: ["--rename-command", "INFO", ""])
        try await RedisTestServer.withServer(options) { server in
            let port = try #require(server.port)
            let one = "redis://127.0.0.1:\(port)"
            let other = "unix://" + server.socketPath
            let databases = try RedisDatabases(url: other)
            for index in 0..<5 { try await databases[.main].set("t:\(index)", "x") }
            let words = ["migrate", "--from", "main", "--all", "--copy", "--on-conflict", "replace", "-q"]
            let refused = try await Bulkhead.run(words + ["--url", one, "--to-url", other])
            #expect(refused.exitCode == 2)
            #expect(refused.errors.contains("the same database"), "\(refused.errors)")
            #expect(try await databases[.main].dbsize() == 5)
            await databases.close()
        }
    }

    // MARK: What doctor says

    @Test func `doctor names the rights that are missing, tool by tool`() async throws {
        try await withDenial(.acl, rules: "+@all -@dangerous") { server, databases in
            let outcome = try await run(.acl, "doctor", server)
            let text = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(outcome.exitCode == 1)
            for words in [
                "bulkhead check knows neither", "bulkhead restore cannot do all its work: the ACL denies INFO, RESTORE",
                "the ACL denies INFO, FLUSHDB, CLIENT LIST to t", "+info +flushdb +client|list",
                "bulkhead doctor leaves out memory", "bulkhead backup is no point-in-time snapshot",
                "whether anybody gets in without a password: the ACL denies ACL GETUSER to t",
            ] {
                #expect(text.contains(words), "\(words) is not in \(text)")
            }
            #expect(!text.contains("cannot be asked here"))
            #expect(try await databases[.main].dbsize() == 20)
        }
    }

    @Test func `doctor names commands that go by another name`() async throws {
        try await withDenial(.renamed) { server, _ in
            let outcome = try await run(.renamed, "doctor --json", server)
            let servers = try #require(try json(outcome)["servers"] as? [[String: Any]])
            let findings = try #require(servers.first?["findings"] as? [[String: String]])
            let renamed = findings.filter { $0["code"] == "renamed" }.compactMap { $0["message"] }
            #expect(renamed.contains { $0.contains("bulkhead backup") && $0.contains("SYNC by that name") })
            #expect(renamed.contains { $0.contains("bulkhead migrate") && $0.contains("INFO, MOVE") })
            #expect(!findings.contains { $0["code"] == "no-keys" })
        }
    }

    @Test(arguments: Denial.allCases)
    func `a number that the server does not have is found without CONFIG`(denial: Denial) async throws {
        try await withDenial(denial) { server, _ in
            let json = #"{"databases": [{"name": "main", "number": 0}, {"name": "far", "number": 40}]}"#
            let file = server.folder + "/catalogue.json"
            try Data(json.utf8).write(to: URL(fileURLWithPath: file))
            for words in ["doctor", "check -q"] {
                let outcome = try await run(denial, words + " --json --catalogue \(file)", server)
                #expect(outcome.exitCode == 1, "\(words): \(outcome.errors)")
                #expect(outcome.text.contains("number-out-of-range"), "\(words): \(outcome.text)")
                #expect(!outcome.text.contains("no-keys"), "\(words): \(outcome.text)")
            }
        }
    }

    @Test func `doctor says which commands it could not ask about, and what it left out for that`() async throws {
        try await withDenial(.acl, rules: "-@all +ping +select +get +info") { server, _ in
            let outcome = try await run(.acl, "doctor", server)
            #expect(outcome.exitCode == 1)
            let text = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            for words in [
                "which other commands are denied to", "leaves out settings, and leaves out modules",
                "the ACL denies CONFIG GET, MODULE LIST",
            ] {
                #expect(text.contains(words), "\(words) is not in \(text)")
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `a transaction that is discarded tells the same as ACL DRYRUN, and changes nothing`() async throws {
        try await withDenial(.acl, rules: "+@all -@dangerous -eval -watch") { server, databases in
            func ask() async throws -> ToolPermissions {
                var configuration = try RedisConfiguration(url: server.url)
                (configuration.username, configuration.password) = ("tool", "pass")
                let own = RedisDatabases(configuration)
                let permissions = try await ToolPermissions.ask(try own[.main])
                await own.close()
                return try #require(permissions)
            }
            let inTransaction = try await ask()
            try await databases[.main].send("ACL", "SETUSER", "tool", "+acl")
            let byDryRun = try await ask()
            #expect(inTransaction.deniedCommands.isSuperset(of: ["INFO", "EVAL", "WATCH", "FLUSHDB", "CLIENT LIST"]))
            // SYNC belongs into no transaction.
            #expect(inTransaction.deniedCommands == byDryRun.deniedCommands.subtracting(["SYNC"]))
            #expect(inTransaction.missingCommands == byDryRun.missingCommands)
            #expect(!inTransaction.hasKeyLimits && !byDryRun.hasKeyLimits)
            try await databases[.main].send("ACL", "SETUSER", "tool", "resetkeys", "~app:*")
            #expect(try await ask().hasKeyLimits)
            try await databases[.main].send("ACL", "SETUSER", "tool", "-acl")
            let limited = try await ask()
            #expect(limited.hasKeyLimits && limited.deniesNotes)
            #expect(limited.deniedCommands == inTransaction.deniedCommands)
            #expect(try await databases[.main].dbsize() == 20)
        }
    }
}
