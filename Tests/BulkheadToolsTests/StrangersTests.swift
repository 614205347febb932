import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What somebody is told who has never used the program.
@Suite("A stranger's first calls", .timeLimit(.minutes(10))) struct StrangersTests {
    /// The words of standard error, wherever lines were broken.
    private func said(_ outcome: Bulkhead.Outcome) -> String {
        outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    // MARK: Where the server is

    @Test func `a URL with a number, as redis-cli takes it, is answered for whoever typed it`() async throws {
        let outcome = try await Bulkhead.run("check", "--url", "redis://127.0.0.1:1/3")
        #expect(outcome.exitCode == 64)
        let place = "where the command takes a database's name"
        #expect(said(outcome).contains("remove /3, and give 3, or its name, \(place)"))
        #expect(!outcome.errors.contains("databases[.name]"))
        for path in ["a-b", "3orange", "orange"] {
            let hidden = try await Bulkhead.run("check", "--url", "redis://h/\(path)")
            #expect(said(hidden).contains("remove it, and give its number, or its name, \(place)"))
            #expect(!hidden.errors.contains(path), "\(hidden.errors)")
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"databases": [{"name": "main", "number": 0, "url": "redis://h/3"}]}"#.utf8).write(to: file)
        let catalogue = try await Bulkhead.run("check", "--catalogue", file.path)
        #expect(said(catalogue).contains(#"remove it, and give the number as "number""#), "\(catalogue.errors)")
    }

    @Test func `the default address is called the default, and a missing password has a place`() throws {
        func advised(_ words: [String], _ environment: [String: String], _ message: String) throws -> String? {
            let arguments = try Arguments(reading: words, flags: ServerSelection.flags, of: "bulkhead check")
            return ProgramFailure(.failed, message).advising(arguments, environment: environment).message
        }
        let away = "bulkhead check: INFO in main: cannot connect to 127.0.0.1:6379: refused"
        let isDefault = "127.0.0.1:6379, the default without --url, REDIS_URL and REDIS_HOST: refused"
        #expect(try advised([], [:], away)?.hasSuffix(isDefault) == true)
        #expect(try advised([], ["REDIS_URL": ""], away)?.hasSuffix(isDefault) == true)
        #expect(try advised([], ["REDIS_HOST": "127.0.0.1"], away) == away)
        #expect(try advised(["--url", "redis://127.0.0.1"], [:], away) == away)
    }

    @Test func `a server with a URL of its own is not to be reached by the variables`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"databases": [{"name": "far", "number": 0, "url": "redis://127.0.0.1"}]}"#.utf8).write(to: file)
        func advised(_ words: [String], _ message: String) throws -> String? {
            let flags = ServerSelection.flags + [.toURL, .rightURL]
            let arguments = try Arguments(reading: words, flags: flags, of: "bulkhead migrate")
            return ProgramFailure(.failed, message).advising(arguments, environment: [:]).message
        }
        let away = "bulkhead migrate: INFO in far: cannot connect to 127.0.0.1:6379: refused"
        let lack = "requires a password and none was given"
        for words in [
            ["--catalogue", file.path], ["--to-url", "redis://127.0.0.1"], ["--right-url", "redis://127.0.0.1:6379"],
        ] {
            #expect(try advised(words, away) == away)
            let closed = try advised(words, "bulkhead migrate: 127.0.0.1:6379 \(lack)")
            #expect(closed?.hasSuffix("give it as :password@ before the host of the server's URL") == true)
        }
        let other = try advised(["--url", "redis://cache", "--to-url", "redis://new"], "new:6379 \(lack)")
        #expect(other?.contains("REDIS_PASSWORD") == false)
        let own = try advised(["--url", "redis://cache", "--to-url", "redis://new"], "cache:6379 \(lack)")
        #expect(own?.contains("REDIS_PASSWORD") == true)
    }

    @Test func `a server that requires a password says where to give it`() async throws {
        try await withToolServer(arguments: ["--requirepass", "secret"]) { server, _ in
            for command in [["check"], ["doctor", "-q"], ["flush", "main", "--dry-run"]] {
                let outcome = try await Bulkhead.run(command + ["--url", server.url])
                #expect(outcome.exitCode == 2)
                #expect(said(outcome).contains("give it as REDIS_PASSWORD, or as :password@"), "\(outcome.errors)")
            }
        }
    }

    @Test func `a target that is too small is named with its address, and without a code`() async throws {
        try await withToolServer { server, databases in
            let small = ["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"]
            try await withToolServer(arguments: small) { other, _ in
                for index in 0..<100 {
                    try await databases[.main].set("k:\(index)", String(repeating: "x", count: 50_000))
                }
                let outcome = try await Bulkhead.run(
                    "migrate", "--from", "main", "--all", "--url", server.url, "--to-url", other.url)
                let address = try RedisConfiguration(url: other.url).address
                #expect(outcome.exitCode == 2)
                #expect(said(outcome).contains("the server of main at \(address) has"), "\(outcome.errors)")
                #expect(!outcome.errors.contains("command-refused"), "\(outcome.errors)")
            }
        }
    }

    // MARK: Files

    @Test func `a page that cannot be written is told in the system's words`() async throws {
        try await withToolServer { server, _ in
            let file = server.folder + "/file"
            try Data().write(to: URL(fileURLWithPath: file))
            for (path, words) in [
                (server.folder + "/nowhere/page.html", "No such file or directory"),
                (file + "/page", "Not a directory"),
                (server.folder + "/" + String(repeating: "p", count: 300), "File name too long"),
            ] {
                for call in [["check", "--html", path], ["conformance", "--chapter", "handshake", "--page", path]] {
                    let outcome = try await Bulkhead.run(call + ["--url", server.url])
                    #expect(outcome.exitCode == 74)
                    #expect(said(outcome).contains(words), "\(call[0]): \(outcome.errors)")
                }
            }
            let page = server.folder + "/page.html"
            let outcome = try await Bulkhead.shell("umask 027; bulkhead check --html \(page) --url \(server.url)")
            #expect(outcome.exitCode < 2, "\(outcome.errors)")
            #expect(try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int == 0o640)
        }
    }

    @Test func `lint says of what cannot be read that alone`() async throws {
        try await withFolder { folder in
            let outcome = try await shell("bulkhead lint nofolder", in: folder)
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.hasPrefix("bulkhead lint: cannot read nofolder: "))
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }

    // MARK: Calls

    @Test(arguments: [
        ([], "name two databases, or a file and a database"), (["main"], "the second database is missing"),
        (["one.rdb"], "the second database is missing"),
    ])
    func `diff says which side is missing`(words: [String], message: String) async throws {
        let outcome = try await Bulkhead.run(["diff"] + words)
        #expect(outcome.exitCode == 64)
        #expect(said(outcome).contains(message), "\(outcome.errors)")
    }

    @Test func `of several words the missing ones are named`() async throws {
        let (one, none) = (try await Bulkhead.run("vectors", "main"), try await Bulkhead.run("vectors"))
        #expect(said(one).contains(": KEY is missing"))
        #expect(said(none).contains(": NAME and KEY are missing"))
    }

    @Test func `each command lists the exit codes that it has`() {
        for command in BulkheadProgram.commands {
            let page = HelpPage().command(command)
            #expect(page.contains("  66  ") == (command.name == "resp"), "\(command.name)")
            let readsSnapshots = ["check", "restore", "diff", "rdb"].contains(command.name)
            let readsText = ["resp", "conformance"].contains(command.name)
            #expect(page.contains("  65  ") == (readsSnapshots || readsText), "\(command.name)")
            #expect(page.contains("  64  ") && page.contains("  74  "), "\(command.name)")
        }
        #expect(BulkheadProgram.page().contains("  66  "))
    }

    @Test func `whoever ends the input at a question gets the answer on a line of its own`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].set("key", "value")
            for call in ["flush main", "migrate --from main --to knowledge --all"] {
                let outcome = try await Bulkhead.shell(
                    "script -qec \"bulkhead \(call) --url \(server.url)\" /dev/null < /dev/null")
                let lines = outcome.text.split(whereSeparator: \.isNewline).map {
                    $0.drop { $0 == "^" || $0 == "D" || $0 == "\u{8}" }
                }
                #expect(lines.contains { $0.hasPrefix("Type main to ") }, "\(outcome.text)")
                #expect(lines.contains { $0.hasPrefix("bulkhead ") && $0.contains("nothing was") }, "\(outcome.text)")
                #expect(try await databases[.main].dbsize() == 1)
            }
        }
    }

    @Test func `nobody is asked about keys that are not there`() async throws {
        try await withToolServer { server, databases in
            func move(_ words: String) async throws -> String {
                try await Bulkhead.shell(
                    "echo main | script -qec \"bulkhead migrate --from main --to knowledge \(words) "
                        + "--url \(server.url)\" /dev/null"
                ).text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            let empty = try await move("--all")
            #expect(!empty.contains("Type main") && empty.contains("nothing was moved"), "\(empty)")
            try await databases[.main].set("key", "value")
            let without = try await move("--pattern 'nothing:*'")
            #expect(!without.contains("Type main") && without.contains("nothing was moved"), "\(without)")
            // It would end a run that goes on.
            let resumed = try await move("--pattern 'nothing:*' --resume")
            #expect(resumed.contains("Type main"), "\(resumed)")
            #expect(try await databases[.main].dbsize() == 1)
        }
    }

    @Test func `restore says what exists already and what was not tried`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            for index in 0..<5 { try await databases[.main].set("k:\(index)", "value") }
            let file = server.folder + "/main.rdb"
            let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url)
            #expect(backup.exitCode == 0, "\(backup.errors)")
            let dry = try await Bulkhead.run("restore", file, "--into", "main", "--dry-run", "--url", server.url)
            #expect(dry.text.contains("5 exist already"), "\(dry.text)")
            let refused = try await Bulkhead.run("restore", file, "--into", "main", "--url", server.url)
            #expect(refused.text.contains("5 not tried"), "\(refused.text)")
        }
    }

    // MARK: Reports

    @Test func `an estimate is no interval between two equal words`() {
        #expect(Estimate(189_432, 189_410, 189_440).text(Units.count) == "~ 189 k")
        #expect(Estimate(500, 400, 900).text(Units.count) == "400–900")
    }

    @Test func `a check that came to no key prints why, and no tables of zeros`() async throws {
        try await withToolServer(arguments: ["--maxclients", "1"]) { server, databases in
            // Whoever saw the server come up has hung up; the server may not know it yet.
            #expect(await eventually { (try? await databases[.knowledge].set("key", "value")) != nil })
            await databases.close()
            let outcome = try await Bulkhead.run("check", "--url", server.url)
            #expect(outcome.exitCode == 2)
            #expect(!outcome.text.contains("average TTL"), "\(outcome.text)")
            let words = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("max number of clients reached"), "\(outcome.text)\(outcome.errors)")
            #expect(said(outcome).contains("Run it again"), "\(outcome.errors)")
        }
    }

    @Test func `a check that may not scan prints what it found, and does not ask for another run`() async throws {
        try await withToolServer(arguments: ["--databases", "3"]) { server, databases in
            try await databases[.knowledge].set("key", "value")
            try await databases[.main].send("ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@all", "-scan")
            let url = server.url.replacing("://", with: "://reader:x@", maxReplacements: 1)
            let page = server.folder + "/page.html"
            let outcome = try await Bulkhead.run("check", "--url", url, "--html", page)
            #expect(outcome.exitCode == 2)
            #expect(outcome.text.contains("analytics is number 3"), "\(outcome.text)")
            #expect(!outcome.text.contains("average TTL"), "\(outcome.text)")
            #expect(said(outcome).contains("no key was scanned"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("Run it again"), "\(outcome.errors)")
            #expect(FileManager.default.fileExists(atPath: page))
        }
    }

    @Test func `conformance says what it writes when the server has answered, and not with -q`() async throws {
        let away = try await Bulkhead.run("conformance", "--url", "redis://127.0.0.1:1")
        #expect(away.exitCode == 2 && !away.errors.contains("writes"), "\(away.errors)")
        try await withToolServer { server, _ in
            let call = ["conformance", "--chapter", "handshake", "--url", server.url]
            let (loud, quiet) = (try await Bulkhead.run(call), try await Bulkhead.run(call + ["-q"]))
            #expect(said(loud).contains("writes keys"))
            #expect(!said(quiet).contains("writes"))
        }
    }
}
