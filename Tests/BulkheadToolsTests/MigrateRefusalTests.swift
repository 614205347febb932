import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead migrate: what it refuses before it begins", .timeLimit(.minutes(10))) struct MigrateRefusalTests {
    private func refuses(
        _ words: [String], _ message: String, code: Int32 = 2, arguments: [String] = [], more: [String] = [],
        prepare: (RedisTestServer, RedisDatabases) async throws -> Void = { _, _ in }
    ) async throws {
        try await withToolServer(arguments: arguments) { server, databases in
            for index in 0..<10 { try await databases[.main].set("t:\(index)", "x") }
            try await prepare(server, databases)
            let outcome = try await Bulkhead.run(["migrate", "--all"] + words + ["--url", more.first ?? server.url])
            #expect(outcome.exitCode == code, "\(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
            #expect(outcome.text == "")
            #expect(try await databases[.main].dbsize() == 10)
        }
    }

    @Test func `a database to itself, also by another name`() async throws {
        try await refuses(["--from", "main", "--to", "main"], "both main", code: 64)
        try await refuses(["--from", "main", "--to", "0"], "both main", code: 64)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(
            #"{"databases":[{"name":"a","number":3},{"name":"b","number":3,"alias_of":"a"}]}"#.utf8
        ).write(to: file)
        try await refuses(
            ["--from", "a", "--to", "b", "--catalogue", file.path], "two names of one database", code: 64)
    }

    @Test func `a database to itself, also by another address of its server`() async throws {
        let options = RedisTestServer.Options(listening: .tcp)
        try await RedisTestServer.withServer(options) { server in
            let outcome = try await Bulkhead.run(
                "migrate", "--all", "--from", "main", "--url", server.url, "--to-url", "unix://\(server.socketPath)")
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("are the same database 0 of the same server"), "\(outcome.errors)")
        }
    }

    @Test func `another address of the same server is no other server`() async throws {
        let options = RedisTestServer.Options(listening: .tcp)
        try await RedisTestServer.withServer(options) { server in
            let databases = try RedisDatabases(url: server.url)
            try await databases[.main].set("t:1", "x")
            let migrated = try await Migrated.run(
                ["--from", "main", "--all", "--to", "knowledge", "--to-url", "unix://\(server.socketPath)"],
                from: server)
            #expect(migrated.json["one_server"] as? Bool == true)
            #expect(try await databases[.knowledge].get("t:1") == "x")
            await databases.close()
        }
    }

    @Test func `a number that the server does not have`() async throws {
        try await refuses(
            ["--from", "main", "--to", "5"], "db5", arguments: ["--databases", "4"])
    }

    @Test func `a node of a cluster`() async throws {
        let arguments = ["--cluster-enabled", "yes"]
        try await RedisTestServer.withServer(RedisTestServer.Options(arguments: arguments)) { server in
            let outcome = try await Bulkhead.run(
                "migrate", "--all", "--from", "main", "--to-url", "unix:///does/not/exist", "--url", server.url)
            #expect(outcome.exitCode == 2)
            let other = try await Bulkhead.run(
                "migrate", "--all", "--from", "main", "--to", "knowledge", "--url", server.url)
            #expect(other.exitCode == 2)
            #expect(other.output.isEmpty)
        }
        try await RedisTestServer.withServer { source in
            try await RedisTestServer.withServer(RedisTestServer.Options(arguments: arguments)) { server in
                let outcome = try await Bulkhead.run(
                    "migrate", "--all", "--from", "main", "--url", source.url, "--to-url", server.url)
                #expect(outcome.exitCode == 2)
                #expect(outcome.errors.contains("a node of a cluster"), "\(outcome.errors)")
            }
        }
    }

    @Test func `a replica`() async throws {
        try await RedisTestServer.withServer(RedisTestServer.Options(listening: .tcp)) { primary in
            try await withToolServer { server, databases in
                let port = try #require(primary.port)
                try await databases[.main].send("REPLICAOF", "127.0.0.1", port)
                let outcome = try await Bulkhead.run(
                    "migrate", "--all", "--from", "main", "--to", "knowledge", "--url", server.url)
                #expect(outcome.exitCode == 2)
                #expect(outcome.errors.contains("is on a replica"), "\(outcome.errors)")
            }
        }
    }

    @Test(arguments: [("-copy", ["--copy"], "COPY"), ("-scan", [], "SCAN"), ("-dbsize", [], "DBSIZE")])
    func `a user who may not`(rule: String, words: [String], command: String) async throws {
        try await withToolServer { server, databases in
            for index in 0..<10 { try await databases[.main].set("t:\(index)", "x") }
            try await databases[.main].send("ACL", "SETUSER", "bob", "on", ">pw", "~*", "+@all", rule)
            let outcome = try await Bulkhead.shell(
                """
                REDIS_USERNAME=bob REDIS_PASSWORD=pw bulkhead migrate --all --from main --to knowledge \
                --url \(server.url) \(words.joined(separator: " "))
                """)
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains(command) && outcome.errors.contains("NOPERM"), "\(outcome.errors)")
            #expect(outcome.errors.contains("Nothing was"))
            #expect(try await databases[.main].dbsize() == 10)
        }
    }

    @Test(arguments: ["-unlink", "-dump", "-restore", "-set"])
    func `a user who may not, on either of two servers`(rule: String) async throws {
        try await withSides(.across) { sides in
            for index in 0..<10 { try await sides.source.set("t:\(index)", "x") }
            let source = rule == "-unlink" || rule == "-dump" ? sides.source : sides.target
            try await source.send("ACL", "SETUSER", "default", rule)
            let migrated = try await sides.migrate()
            #expect(migrated.exitCode == 2)
            #expect(migrated.errors.contains("NOPERM") && migrated.errors.contains("Nothing was"), "\(migrated.errors)")
            #expect(try await sides.source.dbsize() == 10)
            #expect(try await sides.target.dbsize() == 0)
        }
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `a value of a module that the target has not, before another key is moved`() async throws {
        try await RedisTestServer.withServer(try #require(SearchServer.vectorSetOptions)) { source in
            try await withToolServer { server, targets in
                // The server that is tested may be as new.
                if (try? await targets[.main].send("VADD", "v", "VALUES", 2, 1, 1, "a")) != nil { return }
                let databases = try RedisDatabases(url: source.url)
                let main = try databases[.main]
                for index in 0..<50 { try await main.set("t:\(index)", "x") }
                try await main.send("VADD", "vectors", "VALUES", 2, 1, 1, "a")
                let words = ["migrate", "--from", "main", "-q", "--url", source.url, "--to-url", server.url]
                let refused = try await Bulkhead.run(words + ["--all"])
                #expect(refused.exitCode == 2)
                for word in ["vectorset", "vectors", "Nothing was moved"] {
                    #expect(refused.errors.contains(word), "\(refused.errors)")
                }
                #expect(try await main.dbsize() == 51)
                #expect(try await targets[.main].dbsize() == 0)
                let others = try await Bulkhead.run(words + ["--pattern", "t:*"])
                #expect(others.exitCode == 0, "\(others.errors)")
                await databases.close()
            }
        }
    }

    @Test func `a target without memory`() async throws {
        try await withSides(.across) { sides in
            for index in 0..<10 { try await sides.source.set("t:\(index)", "x") }
            try await sides.target.send("CONFIG", "SET", "maxmemory", "1")
            let migrated = try await sides.migrate()
            #expect(migrated.exitCode == 2)
            #expect(migrated.errors.contains("maxmemory to at least"), "\(migrated.errors)")
            #expect(try await sides.source.dbsize() == 10)
        }
    }

    @Test(arguments: [MigrationReport.Stop.interrupted, .failed("the link broke")])
    func `a dry run that ends early says that nothing was moved, and names no call to go on`(
        stop: MigrationReport.Stop
    ) throws {
        var plan = MigrationPlan(from: DatabaseEntry("main", number: 0), to: DatabaseEntry("knowledge", number: 1))
        plan.isDryRun = true
        var report = MigrationReport()
        report.stop = stop
        let words = try #require(MigrationSummary(report, plan, seconds: 1).ending(nil))
        #expect(!words.contains("o on:") && !words.contains("stays"), "\(words)")
    }

    @Test func `a key that can never be moved is no reason to go on, and one that failed beside it is`() {
        let plan = MigrationPlan(from: DatabaseEntry("main", number: 0), to: DatabaseEntry("knowledge", number: 1))
        func report(_ outcomes: KeyOutcome?...) -> MigrationReport {
            var slice = MigrationSlice(outcomes.indices.map { RESPBytes("t:\($0)") })
            for (place, outcome) in outcomes.enumerated() { slice.outcomes[place] = outcome }
            var report = MigrationReport()
            report.begin(outcomes.count)
            report.add(slice, unanswered: "no answer", plan)
            return report
        }
        let end = report(.moved, .impossible("the target cannot take it"))
        #expect((end.found, end.moved, end.failed, end.impossible) == (2, 1, 1, 1))
        #expect(end.isAtItsEnd && !end.isComplete && end.exitCode == .found)
        let words = MigrationSummary(end, plan, seconds: 1).ending(nil)
        #expect(
            words == "bulkhead migrate: 1 key cannot be moved and stays in main: another run would end the same.")
        #expect(!report(.impossible("too large"), .failed("no memory")).isAtItsEnd)
        #expect(!report(.impossible("too large"), nil).isAtItsEnd)
        #expect(!report(.moved).isAtItsEnd)
    }

    @Test func `a value that the target can never take stays, and no command to go on is printed`() async throws {
        try await withToolServer { server, databases in
            try await withToolServer(arguments: ["--proto-max-bulk-len", "1mb"]) { other, _ in
                let source = try databases[.main]
                // Noise, as nothing may make it shorter.
                var random = SeededGenerator(seed: 7)
                let noise = RESPBytes((0..<2 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) })
                try await source.set("t:large", noise)
                try await source.set("t:small", "x")
                let migrated = try await Migrated.run(["--from", "main", "--all", "--to-url", other.url], from: server)
                #expect(migrated.exitCode == 1 && migrated["moved"] == 1 && migrated["failed"] == 1)
                #expect(migrated.json["go_on"] == nil)
                #expect(migrated.said.contains("1 key cannot be moved and stays in main"), "\(migrated.said)")
                #expect(try await source.names == ["t:large"])
            }
        }
    }
}
