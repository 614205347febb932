import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What doctor asks about is what the tools do: each runs, and the server counts its commands.
@Suite("What the tools ask of a server", .serialized, .timeLimit(.minutes(10))) struct ToolPermissionsTests {
    /// What every connection begins with, what each tool does without where it is denied, and what the test does.
    private static let always: Set = [
        "HELLO", "SELECT", "CLIENT", "PING", "CONFIG", "MODULE", "COMMAND", "FT._LIST", "MEMORY", "INFO",
        "SLOWLOG",
    ]
    /// Before 7.0 PTTL stands in for PEXPIRETIME; ACL DRYRUN came with that, too.
    private static let before7: Set = ServerUnderTest.isAtLeast(redis: 7, 0) ? [] : ["PTTL"]

    /// The commands that the server ran while `body` ran, without their second words.
    private func commands(
        on database: RedisDatabase, _ body: () async throws -> Void
    ) async throws -> Set<String> {
        try await database.send("CONFIG", "RESETSTAT")
        try await body()
        return names(in: try await database.send("INFO", "commandstats", as: String.self))
    }

    private func names(in stats: String) -> Set<String> {
        Set(
            stats.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("cmdstat_") }.map { line in
                line.dropFirst(8).prefix { $0 != ":" && $0 != "|" }.uppercased()
            })
    }

    private func needs(_ tool: String) throws -> Set<String> {
        Set(try #require(ToolPermissions.needs.first { $0.tool == tool }).calls.map(\.name))
    }

    @Test func `each command of each tool is one that doctor asks about`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            let file = server.folder + "/main.rdb"
            let functions = hasFunctions ? ["--with-functions"] : []
            if hasFunctions {
                try await main.send(
                    "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 7 end)")
            }
            try await withToolServer { other, _ in
                let runs: [(tool: String, words: [String])] = [
                    ("check", ["check", "--exact"]),
                    ("diff", ["diff", "main", "knowledge"]),
                    ("backup", ["backup", "main", "--to", file] + functions),
                    ("backup", ["backup", "main", "--to", file, "--method", "scan"] + functions),
                    ("restore", ["restore", file, "--into", "db5", "--verify"]),
                    ("restore", ["restore", file, "--into", "db5", "--on-conflict", "replace"] + functions),
                    ("diff", ["diff", file, "db5"]),
                    ("migrate", ["migrate", "--from", "main", "--to", "db6", "--all", "--copy", "--verify"]),
                    ("migrate", ["migrate", "--from", "main", "--to", "db7", "--all"]),
                    ("migrate", ["migrate", "--from", "7", "--to", "8", "--all", "--rename", "=new:"]),
                    ("migrate", ["migrate", "--from", "8", "--all", "--to-url", other.url]),
                    ("flush", ["flush", "main", "--yes", "--expecting", "20"]),
                ]
                for (tool, words) in runs {
                    if tool == "flush" {
                        try await main.flushdb()
                    }
                    if tool == "flush" || tool == "check" {
                        for index in 0..<20 { try await main.set("key:\(index)", "\(index)") }
                    }
                    // The names of numbers stand in no catalogue.
                    let call = words.map { $0.hasPrefix("db") ? String($0.dropFirst(2)) : $0 }
                    let found = try await commands(on: main) {
                        let outcome = try await Bulkhead.run(call + ["-q", "--url", server.url])
                        #expect(outcome.exitCode <= 1, "\(call): \(outcome.errors)")
                    }
                    let unknown = try found.subtracting(Self.always).subtracting(Self.before7).subtracting(needs(tool))
                    #expect(unknown.isEmpty, "\(call): \(unknown.sorted())")
                }
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 6, 2)))
    func `each command of each tool in a cluster is one that doctor asks about there`() async throws {
        try await ClusterPlace.with { place in
            let file = place.folder + "/main.rdb"
            let own = ClusterPlace.hasDatabases ? "other" : "alone"
            let runs: [(tool: String, words: [String])] = [
                ("check", ["check", "main", "--exact"]), ("diff", ["diff", "main", "alone"]),
                ("backup", ["backup", "main", "--to", file]),
                ("migrate", ["migrate", "--from", "main", "--to", own, "--all"]),
                ("migrate", ["migrate", "--from", own, "--to", "main", "--all", "--resume"]),
                ("migrate", ["migrate", "--from", "main", "--to", "alone", "--all"]),
                ("restore", ["restore", file, "--into", "main", "--verify", "--yes"]),
                ("flush", ["flush", "main", "--yes", "--expecting", "\(ClusterPlace.keys)"]),
            ]
            try await place.write(to: "main")
            let asked = Dictionary(
                uniqueKeysWithValues: ToolPermissions.needs.map { tool, calls in
                    (tool, Set((calls + (ToolPermissions.needsInCluster[tool] ?? [])).map(\.name)))
                })
            for (tool, words) in runs {
                for server in place.cluster.primaries {
                    _ = try ServerConversation(with: server).ask("CONFIG RESETSTAT")
                }
                let outcome = try await Bulkhead.run(words + ["-q", "--catalogue", place.catalogue])
                #expect(outcome.exitCode <= 1, "\(words): \(outcome.errors)")
                var found: Set<String> = []
                for server in place.cluster.primaries {
                    found.formUnion(names(in: try ServerConversation(with: server).text("INFO commandstats")))
                }
                #expect(!found.isEmpty)
                // ASKING comes with a redirection, and these with the test.
                let unknown = found.subtracting(Self.always).subtracting(Self.before7).subtracting(asked[tool] ?? [])
                #expect(unknown.isEmpty, "\(words): \(unknown.sorted())")
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `what a user lacks in a cluster is named`() async throws {
        try await ClusterPlace.with { place in
            for server in place.cluster.primaries {
                let rules = "+@all -hset -cluster|getslotmigrations -cluster|nodes"
                let conversation = try ServerConversation(with: server)
                // Others than Valkey 9 refuse a rule about a command that they do not have.
                let known =
                    ServerUnderTest.isAtLeast(valkey: 9, 0)
                    ? rules : rules.replacing("-cluster|getslotmigrations ", with: "")
                #expect(try conversation.text("ACL SETUSER app on >secret ~* &* \(known)") == "OK")
            }
            let servers = place.cluster.addresses.map { "redis://app:secret@\($0)" }
            let entry = DatabaseEntry(.main, number: 0, server: try DatabaseServer(cluster: servers))
            let databases = RedisDatabases(RedisConfiguration(), catalogue: try DatabaseCatalogue([entry]))
            for part in try await databases[.main].parts() {
                let permissions = try #require(try await ToolPermissions.ask(part, inCluster: true))
                let lacks = Dictionary(permissions.lacks.map { ($0.tool, $0) }) { first, _ in first }
                #expect(lacks["check"]?.commands == ["CLUSTER NODES"])
                let migrations = ServerUnderTest.isAtLeast(valkey: 9, 0) ? ["CLUSTER GETSLOTMIGRATIONS"] : []
                #expect(lacks["migrate"]?.commands == ["CLUSTER NODES"] + migrations + ["HSET"])
                #expect(lacks["migrate"]?.without == nil && lacks["restore"] == nil)
            }
            await databases.close()
        }
    }

    @Test func `what a backup lacks for its second way is no matter of one moment`() {
        func message(_ denied: Set<String>) -> String? {
            let permissions = ToolPermissions(user: "app", deniedCommands: denied)
            let findings = Diagnosis(ServerFacts(), [], permissions: [permissions], isOpenToAnybody: nil).findings
            return findings.map(\.message).first { $0.contains("bulkhead backup") }
        }
        #expect(message(["SYNC", "REPLCONF"])?.contains("no point-in-time snapshot") == true)
        #expect(message(["OBJECT IDLETIME"])?.contains("cannot do all its work") == true)
        #expect(message(["FUNCTION DUMP"])?.contains("cannot do all its work") == true)
        #expect(message(["MOVE"]) == nil)
    }
}
