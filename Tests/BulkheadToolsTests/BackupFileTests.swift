import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Files that appear whole or not at all, and are never in the place of somebody else's.
@Suite("Files of backups", .serialized, .timeLimit(.minutes(10))) struct BackupFileTests {
    private func withKeys(_ body: (RedisTestServer, RedisDatabases, String) async throws -> Void) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            for index in 0..<100 { try await databases[.knowledge].set("doc:\(index)", "\(index)") }
            try await databases[.prompts].set("prompt", "text")
            try await withBackupFolder { folder in try await body(server, databases, folder) }
        }
    }

    @Test func `what is there is replaced only by a backup of the same database, or by --replace`() async throws {
        try await withKeys { server, databases, folder in
            let path = folder + "/k.rdb"
            func backup(_ words: String...) async throws -> Bulkhead.Outcome {
                try await Bulkhead.run(["backup"] + words + ["--to", path, "--url", server.url])
            }
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            var outcome = try await backup("knowledge")
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("no manifest says that it is a backup of this tool"), "\(outcome.errors)")
            #expect(try bytes(path) == Array("precious".utf8))
            #expect(try names(in: folder) == ["k.rdb"])

            outcome = try await backup("knowledge", "--replace")
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let first = try manifest(path)
            #expect(first.keys == 100)
            #expect(first.replaces == nil)

            // Its own: replaced, and the manifest says what went.
            try await databases[.knowledge].set("doc:100", "100")
            outcome = try await backup("knowledge")
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try manifest(path).keys == 101)
            #expect(try manifest(path).replaces == first.content)

            // Another database's: refused.
            let before = try bytes(path)
            outcome = try await backup("prompts")
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("is a backup of knowledge (number 1)"), "\(outcome.errors)")
            #expect(try bytes(path) == before)

            // The manifest alone does not make a foreign file ours.
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            #expect(try await backup("knowledge").exitCode == 1)
            #expect(try bytes(path) == Array("precious".utf8))
        }
    }

    @Test func `a crash between the manifest and its file leaves what the next backup goes on from`() async throws {
        try await withKeys { server, databases, folder in
            let path = folder + "/k.rdb"
            let words = ["backup", "knowledge", "--to", path, "--url", server.url]
            #expect(try await Bulkhead.run(words).exitCode == 0)
            let old = try bytes(path)
            try await databases[.knowledge].set("doc:100", "100")
            #expect(try await Bulkhead.run(words).exitCode == 0)
            // As it is when the new manifest is published and the new file is not.
            try Data(old).write(to: URL(fileURLWithPath: path))
            #expect(try manifest(path).isOf(path))
            #expect(try await Bulkhead.run(words).exitCode == 0)
            #expect(try manifest(path).keys == 101)
            // And where there was no file before.
            try FileManager.default.removeItem(atPath: path)
            let outcome = try await Bulkhead.run(words)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try summary(path).databases.mapValues(\.keys) == [1: 101])
        }
    }

    @Test func `an empty database does not take the place of a backup that has keys`() async throws {
        try await withKeys { server, databases, folder in
            let path = folder + "/p.rdb"
            let words = ["backup", "prompts", "--to", path, "--url", server.url]
            #expect(try await Bulkhead.run(words).exitCode == 0)
            let before = try bytes(path)
            try await databases[.prompts].unlink("prompt")
            let outcome = try await Bulkhead.run(words)
            #expect(outcome.exitCode == 1)
            #expect(outcome.errors.contains("has 0 keys"), "\(outcome.errors)")
            #expect(try bytes(path) == before)
            #expect(try names(in: folder) == ["p.rdb", "p.rdb.json"])
            #expect(try await Bulkhead.run(words + ["--allow-smaller"]).exitCode == 0)
            #expect(try manifest(path).keys == 0)
        }
    }

    @Test(arguments: [
        (["knowledge", "--to", "FOLDER/none/k.rdb"], 74, "make the folder first"),
        (["knowledge", "--to", "FOLDER/none/"], 74, "make it first"),
        (["knowledge", "prompts", "--to", "FOLDER/k.rdb"], 64, "several databases go into a folder"),
        (["knowledge", "1", "--to", "FOLDER"], 64, "are both number 1"),
        (["knowledge"], 64, "--to FILE or FOLDER is missing"),
        (["knowledge", "--to", "FOLDER/k.rdb", "--keep", "3"], 64, "--keep needs a folder"),
        (["knowledge", "--to", "FOLDER/k.rdb", "--as", "-1"], 64, "--as takes the number of a database"),
        (["knowledge", "--to", "FOLDER/k.rdb", "--as", "x"], 64, "--as takes the number of a database"),
        (["cache", "--to", "FOLDER/k.rdb"], 64, "no database is named 'cache'"),
        (["knowledge", "--to", "/dev/null"], 64, "neither a file nor a folder"),
        (["knowledge", "--too", "FOLDER/k.rdb"], 64, "did you mean --to?"),
    ])
    func `a call that cannot work leaves nothing behind`(words: [String], code: Int, message: String) async throws {
        try await withKeys { server, _, folder in
            let words = words.map { $0.hasPrefix("FOLDER") ? folder + $0.dropFirst(6) : $0 }
            let outcome = try await Bulkhead.run(["backup"] + words + ["--url", server.url])
            #expect(outcome.exitCode == Int32(code), "\(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(try names(in: folder) == [])
        }
    }

    @Test(arguments: ["sync", "scan"])
    func `a disk that has no more room leaves no half file, and what was there stays`(method: String) async throws {
        try await withKeys { server, databases, folder in
            let path = folder + "/k.rdb"
            #expect(try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url).exitCode == 0)
            let before = try bytes(path)
            let large = RESPBytes((0..<600_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 40_503) >> 7) })
            try await databases[.knowledge].set("large", large)
            // A limit on the size of files fails as a full disk does: in a write, or at its end. Units of 512 bytes.
            let outcome = try await Bulkhead.shell(
                """
                trap '' XFSZ; ulimit -f 100
                bulkhead backup knowledge --method \(method) --to \(path) --url \(server.url)
                """)
            #expect(outcome.exitCode == 74, "\(outcome.errors)")
            #expect(outcome.errors.contains("writing \(path) failed"), "\(outcome.errors)")
            #expect(try bytes(path) == before)
            #expect(try names(in: folder) == ["k.rdb", "k.rdb.json"])
        }
    }

    @Test(arguments: [true, false]) func `a symbolic link is refused before a server is asked`(
        leadsSomewhere: Bool
    ) async throws {
        try await withBackupFolder { folder in
            let link = folder + "/latest.rdb"
            if leadsSomewhere { try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/real.rdb")) }
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder + "/real.rdb")
            let before = try names(in: folder)
            for more in [[], ["--replace"]] {
                let outcome = try await Bulkhead.run(
                    ["backup", "knowledge", "--to", link, "--url", "unix:///nowhere/socket"] + more)
                #expect(outcome.exitCode == 64)
                #expect(outcome.errors.contains("a symbolic link to \(folder)/real.rdb"), "\(outcome.errors)")
                #expect(try names(in: folder) == before)
            }
        }
    }

    @Test func `backups of the same second are two files`() async throws {
        try await withKeys { server, _, folder in
            var paths: Set<String> = []
            for _ in 0..<3 {
                let outcome = try await Bulkhead.run("backup", "knowledge", "--to", folder, "-q", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                paths.insert(outcome.text)
            }
            #expect(paths.count == 3)
            #expect(try names(in: folder).count == 6)
        }
    }

    @Test func `two backups that have chosen one name are two files, and the second is the younger`() async throws {
        try await withKeys { server, databases, folder in
            let command = Command.backup
            let arguments = try Arguments(
                reading: ["knowledge", "--to", folder], flags: command.flags, operands: command.operands,
                of: "bulkhead backup")
            let entry = try #require(databases.catalogue.entries.first { $0.name == .knowledge })
            func plan() throws -> BackupPlan {
                try BackupPlan([entry], to: folder, in: databases, replacing: false, arguments)
            }
            var plans = [try plan(), try plan()]
            // A second may have ended between the two.
            while plans[0].items[0].path != plans[1].items[0].path { plans = [try plan(), try plan()] }
            var made: [String] = []
            for keep in [2, 2, 1] {
                var options = Backup.Options()
                options.keep = keep
                let backup = Backup(
                    program: "bulkhead backup", databases: databases, plan: plans[min(made.count, 1)],
                    options: options, say: { _ in },
                    bar: { total, unit in
                        WorkProgress("backup", total: total, unit: unit, isSilent: true, .ofThisProcess())
                    }, isQuiet: true)
                let report = try await backup.run()
                #expect(report.deleted == (keep == 2 ? [] : made) && report.later == [])
                made.append(try #require(report.files.first?.path))
                #expect(made == made.sorted() && Set(made).count == made.count)
                #expect(try manifest(made[made.count - 1]).isOf(made[made.count - 1]))
            }
            #expect(try names(in: folder).count == 2)
        }
    }

    @Test func `a database without a key that fits the pattern gets no file, and the exit code is 1`() async throws {
        try await withKeys { server, _, folder in
            for method in ["sync", "scan"] {
                let words = ["backup", "knowledge", "prompts", "--pattern", "doc:*", "--to", folder, "--keep", "1"]
                let outcome = try await Bulkhead.run(words + ["--method", method, "--json", "--url", server.url])
                #expect(outcome.exitCode == 1)
                #expect(outcome.errors.contains("no key matches doc:* in prompts"), "\(outcome.errors)")
                let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
                #expect(json?["unmatched"] as? [String] == ["prompts"])
                #expect(try names(in: folder).count == 2)
            }
        }
    }

    @Test func `a server that is away keeps no other from being backed up`() async throws {
        try await withKeys { server, _, folder in
            let json =
                #"{"databases": [{"name": "gone", "number": 0, "url": "unix:///nowhere/socket"}, "#
                + #"{"name": "knowledge", "number": 1}]}"#
            try Data(json.utf8).write(to: URL(fileURLWithPath: folder + "/catalogue.json"))
            let place = ["--catalogue", folder + "/catalogue.json", "--url", server.url]
            let outcome = try await Bulkhead.run(["backup", "gone", "knowledge", "--to", folder, "--json"] + place)
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("cannot connect to"), "\(outcome.errors)")
            #expect(try names(in: folder).filter { $0.hasPrefix("knowledge-") }.count == 2)
            #expect(outcome.text.contains("\"failed\""), "\(outcome.text)")
            for tool in ["check", "doctor"] {
                let outcome = try await Bulkhead.run([tool, "--json"] + place)
                #expect(outcome.exitCode == 2)
                #expect(outcome.text.contains("\"unreachable\""), "\(outcome.text)")
                let text = try await Bulkhead.run([tool] + place)
                #expect(text.exitCode == 2)
                #expect(text.text.contains("nothing is known of gone"), "\(text.text)")
            }
        }
    }

    @Test func `a file can be read by its owner alone`() async throws {
        try await withKeys { server, _, folder in
            #expect(
                try await Bulkhead.shell("umask 0; bulkhead backup knowledge --to \(folder)/k.rdb --url \(server.url)")
                    .exitCode == 0)
            for name in ["k.rdb", "k.rdb.json"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a backup that is stopped leaves no file, and one that was killed is cleaned up after`(
        signal: Int32
    ) async throws {
        try await withKeys { server, databases, folder in
            try await fillWithEverything(databases[.knowledge], prefix: "k:")
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            // The rest of the snapshot never comes.
            proxy[.toClient] = [.blackhole(after: 100_000)]
            func run(_ signal: Int32) async throws -> Bulkhead.Outcome {
                let words = ["backup", "knowledge", "--to", folder + "/k.rdb", "--url", "unix://" + proxy.path]
                return try await Bulkhead.run(words) { process in
                    try await waitForPartialFile(in: folder)
                    kill(process, signal)
                }
            }
            let outcome = try await run(signal)
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("stopped; no file was made"), "\(outcome.errors)")
            #expect(try names(in: folder) == [])

            _ = try await run(SIGKILL)
            #expect(try names(in: folder).count == 1)
            let again = try await Bulkhead.run("backup", "knowledge", "--to", folder + "/k.rdb", "--url", server.url)
            #expect(again.exitCode == 0, "\(again.errors)")
            #expect(try names(in: folder) == ["k.rdb", "k.rdb.json"])
        }
    }

    @Test func `unfinished files of other programs and other databases stay where they are`() async throws {
        try await withKeys { server, _, folder in
            let foreign = [
                ".download.iso.partial", ".prompts.rdb-12ab.partial", ".k.rdb-12xy.partial", ".k.rdb.partial",
                ".prompts-20260101T000000Z.rdb-1.partial",
            ]
            let own = [".k.rdb-12ab.partial", ".k.rdb.json-9f.partial"]
            for name in foreign + own { try Data().write(to: URL(fileURLWithPath: folder + "/" + name)) }
            let outcome = try await Bulkhead.run("backup", "knowledge", "--to", folder + "/k.rdb", "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try names(in: folder) == (foreign + ["k.rdb", "k.rdb.json"]).sorted())

            // In a folder, names tell the time of a run: those of earlier runs are its own as well.
            let earlier = ".knowledge-20260101T000000Z.rdb-1.partial"
            try Data().write(to: URL(fileURLWithPath: folder + "/" + earlier))
            let second = try await Bulkhead.run("backup", "knowledge", "--to", folder, "--url", server.url)
            #expect(second.exitCode == 0, "\(second.errors)")
            let left = try names(in: folder)
            #expect(!left.contains(earlier))
            for name in foreign { #expect(left.contains(name), "\(name)") }
        }
    }

    @Test func `more databases than one snapshot is cut into are refused before a server is asked`() async throws {
        try await withBackupFolder { folder in
            let words = ["backup", "--to", folder, "--url", "redis://127.0.0.1:1"]
            let outcome = try await Bulkhead.run(words + (0...64).map { String($0) })
            #expect(outcome.exitCode == 64, "\(outcome.errors)")
            #expect(outcome.errors.contains("65 databases of 127.0.0.1:1, and 64 are"), "\(outcome.errors)")
            // As many as it is cut into go on, to where nobody listens.
            #expect(try await Bulkhead.run(words + (0...63).map { String($0) }).exitCode == 2)
        }
    }
}
