import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("What doctor finds") struct DiagnosisTests {
    private func facts(_ change: (inout ServerFacts) -> Void = { _ in }) -> ServerFacts {
        var facts = ServerFacts()
        facts.info = [
            "redis_version": "7.0.15", "maxmemory": "1000", "used_memory": "100", "maxmemory_policy": "noeviction",
            "rdb_last_bgsave_status": "ok", "aof_enabled": "1", "aof_last_write_status": "ok", "role": "master",
            "tcp_port": "6379",
        ]
        facts.settings = ["databases": "16", "bind": "127.0.0.1 -::1", "protected-mode": "yes", "save": "3600 1"]
        facts.keyspace = [0, 1, 2, 3].reduce(into: [:]) { $0[$1] = ServerFacts.Keyspace(keys: 5, expiring: 0) }
        facts.modules = []
        facts.searchIndexes = []
        change(&facts)
        return facts
    }

    private func codes(
        _ catalogue: DatabaseCatalogue = .standard, open: Bool = false, denied: Set<String> = [],
        _ change: (inout ServerFacts) -> Void
    ) -> [String] {
        Diagnosis(
            facts(change), catalogue.entries, permissions: [ToolPermissions(user: "default", deniedCommands: denied)],
            isOpenToAnybody: open
        ).findings.map { "\($0.severity.rawValue) \($0.code)" }
    }

    @Test(arguments: [
        (["redis_version": "6.2.5"], RDBVersion(.redis, 9)), (["redis_version": "7.0.15"], RDBVersion(.redis, 10)),
        (["redis_version": "7.2.0"], RDBVersion(.redis, 11)), (["redis_version": "8.2.3"], RDBVersion(.redis, 12)),
        (["redis_version": "8.6.0"], RDBVersion(.redis, 13)), (["redis_version": "8.8.1"], RDBVersion(.redis, 14)),
        (["redis_version": "8.10.0"], RDBVersion(.redis, 15)), (["redis_version": "9.0.0"], RDBVersion(.redis, 15)),
        (["redis_version": "7.2.4", "valkey_version": "8.1.8"], RDBVersion(.valkey, 11)),
        (["redis_version": "7.2.4", "valkey_version": "9.1.2"], RDBVersion(.valkey, 80)),
        (["redis_version": "7.2.4", "valkey_version": "9.2.0"], RDBVersion(.valkey, 81)), ([:], RDBVersion(.redis, 9)),
    ])
    func `a server's version says which format its dumps have`(_ info: [String: String], _ format: RDBVersion) {
        var facts = ServerFacts()
        facts.info = info
        #expect(facts.dumpVersion == format)
    }

    @Test func `a server in order gives no finding`() {
        #expect(codes { _ in } == [])
    }

    @Test func `eviction that reaches protected data is an error, and one of expiring keys a note`() {
        #expect(codes { $0.info["maxmemory_policy"] = "allkeys-lru" } == ["error eviction"])
        #expect(codes { $0.info["maxmemory_policy"] = "volatile-lru" } == [])
        #expect(
            codes {
                $0.info["maxmemory_policy"] = "volatile-lru"
                $0.keyspace[1]?.expiring = 2
            } == ["note eviction"])
    }

    @Test func `what must stay counts before its first key comes`() throws {
        let (one, none) = (ServerFacts.Keyspace(keys: 1, expiring: 0), [Int: ServerFacts.Keyspace]())
        func evicting(_ keys: [Int: ServerFacts.Keyspace]) -> (inout ServerFacts) -> Void {
            {
                $0.info["maxmemory_policy"] = "allkeys-lru"
                $0.keyspace = keys
            }
        }
        #expect(codes(.standard, evicting(none)) == ["error eviction", "note no-keys"])
        let only = try DatabaseCatalogue([DatabaseEntry("cache", number: 0, mayBeFlushed: true)])
        #expect(codes(only, evicting([0: one])) == [])
        func message(_ keys: [Int: ServerFacts.Keyspace]) -> String? {
            Diagnosis(
                facts(evicting(keys)), DatabaseCatalogue.standard.entries,
                permissions: [ToolPermissions(user: "default", deniedCommands: [])], isOpenToAnybody: false
            ).findings.first?.message
        }
        #expect(message(none)?.hasSuffix("full, also those of knowledge and prompts, which have none yet") == true)
        let both = message([1: one])
        #expect(both?.hasSuffix("also those of knowledge, and those of prompts, which has none yet") == true)
    }

    @Test func `numbers past the server's end and keys without a name are found`() throws {
        let catalogue = try DatabaseCatalogue([DatabaseEntry("far", number: 16), DatabaseEntry("near", number: 0)])
        #expect(
            codes(catalogue) { $0.keyspace = [0: ServerFacts.Keyspace(keys: 1, expiring: 0), 5: $0.keyspace[1]!] }
                == ["error number-out-of-range", "warning unnamed-keys"])
        // Where CONFIG does not say how many there are, SELECT does.
        #expect(
            codes(catalogue) {
                $0.settings = nil
                $0.numbersBeyond = [16]
                $0.keyspace = [:]
            } == ["error number-out-of-range", "note no-keys"])
    }

    @Test func `two names of one number, which two spellings of an address have let pass, are found`() throws {
        let there = try DatabaseServer(url: "redis://127.0.0.1")
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry("main", number: 1), DatabaseEntry("orders", number: 1, server: there),
        ])
        #expect(codes(catalogue) { $0.keyspace = [1: $0.keyspace[1]!] } == ["error shared-number"])
    }

    @Test func `memory without a limit, or nearly full, is a warning`() {
        #expect(codes { $0.info["maxmemory"] = "0" } == ["warning maxmemory"])
        #expect(codes { $0.info["used_memory"] = "900" } == ["warning maxmemory"])
        #expect(codes { $0.info["used_memory"] = "899" } == [])
        let most = "9223372036854775807"
        #expect(
            codes {
                $0.info["used_memory"] = most
                $0.info["maxmemory"] = "1"
            } == ["warning maxmemory"], "whatever number the server says")
        #expect(codes { $0.info["maxmemory"] = most } == [])
    }

    @Test func `data that a restart loses, and writes that failed, are found`() {
        #expect(
            codes {
                $0.info["aof_enabled"] = "0"
                $0.settings?["save"] = ""
            } == ["warning persistence"])
        #expect(codes { $0.info["rdb_last_bgsave_status"] = "err" } == ["error persistence"])
        #expect(codes { $0.info["aof_last_write_status"] = "err" } == ["error persistence"])
        #expect(codes { $0.settings?["appendfsync"] = "no" } == ["note persistence"])
    }

    @Test func `an open door is an error, and one that only protected mode keeps shut a note`() {
        #expect(codes(open: true) { _ in } == [])
        #expect(codes(open: true) { $0.settings?["bind"] = "* -::*" } == ["note open"])
        #expect(
            codes(open: true) {
                $0.settings?["bind"] = "0.0.0.0"
                $0.settings?["protected-mode"] = "no"
            } == ["error open"])
        #expect(codes(open: false) { $0.settings?["bind"] = "" } == [])
        // A unix socket alone lets no machine in.
        #expect(
            codes(open: true) {
                $0.settings?["bind"] = ""
                $0.info["tcp_port"] = "0"
            } == [])
    }

    @Test func `what was not looked at because it is denied is said, and is nothing to mend`() {
        func findings(_ change: (inout ServerFacts) -> Void = { _ in }) -> [Finding] {
            var permissions = ToolPermissions(user: ToolPermissions.unnamed, deniedCommands: [])
            let refusal = RedisError(code: .noPermission, message: "NOPERM", stage: .answered)
            permissions.namelessness = refusal
            let facts = facts {
                $0.settings?["bind"] = "* -::*"
                $0.refusals = ["ACL GETUSER": refusal, "FT._LIST": refusal]
                $0.searchIndexes = nil
                change(&$0)
            }
            return Diagnosis(
                facts, DatabaseCatalogue.standard.entries, permissions: [permissions], isOpenToAnybody: nil
            ).findings
        }
        #expect(Set(findings().map { "\($0.severity.rawValue) \($0.code)" }) == ["note not-looked-at"])
        for question in ["ACL GETUSER", "FT._LIST", "ACL WHOAMI"] {
            let found = findings().filter { $0.message.contains("the ACL denies \(question) to this user") }
            #expect(found.count == 1 && found.first?.remedy.isEmpty == false, "\(question)")
        }
        // A server that no other machine reaches lets none in.
        #expect(findings { $0.info["tcp_port"] = "0" }.count == 2)
    }

    @Test func `what one of INFO and CONFIG does not say is not taken for unset`() {
        func without(_ names: [String], _ change: @escaping (inout ServerFacts) -> Void) -> [String] {
            codes { facts in
                for name in names { facts.info[name] = nil }
                change(&facts)
            }
        }
        // CONFIG says it.
        #expect(without(["maxmemory"]) { $0.settings?["maxmemory"] = "0" } == ["warning maxmemory"])
        let evicting = without(["maxmemory", "maxmemory_policy"]) {
            $0.settings?["maxmemory"] = "1000"
            $0.settings?["maxmemory-policy"] = "allkeys-lru"
        }
        #expect(evicting == ["error eviction"])
        #expect(
            without(["aof_enabled"]) {
                $0.settings?["save"] = ""
                $0.settings?["appendonly"] = "yes"
            } == [])
        // Nobody says it.
        #expect(without(["maxmemory"]) { _ in } == [])
        #expect(without(["maxmemory"]) { $0.info["maxmemory_policy"] = "allkeys-lru" } == ["warning eviction"])
        #expect(without(["aof_enabled"]) { $0.settings?["save"] = "" } == [])
    }

    @Test func `search modules, replicas, clusters and sentinels have their findings`() {
        #expect(codes { $0.modules = ["search"] } == ["warning search"])
        #expect(codes { $0.searchIndexes = ["llama_index"] } == ["warning search"])
        #expect(codes { $0.info["role"] = "slave" } == ["warning replica"])
        #expect(codes { $0.info["redis_mode"] = "cluster" } == ["error cluster"])
        #expect(
            codes {
                $0.info["redis_mode"] = "cluster"
                $0.settings?["cluster-databases"] = "16"
            } == ["note cluster", "note resharding"])
        #expect(codes { $0.info["redis_mode"] = "sentinel" }.first == "error sentinel")
    }

    @Test func `a replica names its primary with host and port`() {
        func primary(_ fields: [String: String]) -> String? {
            facts { $0.info.merge(fields) { _, new in new } }.primary
        }
        #expect(primary(["role": "slave", "master_host": "cache", "master_port": "6380"]) == "cache:6380")
        #expect(primary(["role": "slave", "master_host": "fd00::1", "master_port": "6379"]) == "[fd00::1]:6379")
        // A primary, and a replica that does not say where its own is.
        #expect(primary(["role": "master", "master_host": "cache", "master_port": "6380"]) == nil)
        #expect(primary(["role": "slave"]) == nil)
    }

    @Test func `a tool that the ACL keeps from its work is named with what it lacks`() {
        #expect(codes(denied: ["MOVE"]) { _ in } == ["warning acl"])
        let findings = Diagnosis(
            facts(), DatabaseCatalogue.standard.entries,
            permissions: [ToolPermissions(user: "app", deniedCommands: ["SYNC"])], isOpenToAnybody: false
        ).findings
        #expect(
            findings.map(\.message) == [
                "bulkhead backup is no point-in-time snapshot: the ACL denies SYNC to app"
            ])
        #expect(findings.first?.remedy == "ACL SETUSER app +sync.")
    }
}

@Suite("What doctor finds about failovers and the network") struct NetworkDiagnosisTests {
    private func codes(
        _ catalogue: DatabaseCatalogue = .standard, certificateLife: Duration? = nil,
        _ change: (inout ServerFacts) -> Void = { _ in }
    ) -> [String] {
        var facts = ServerFacts()
        facts.info = ["redis_version": "9.1.2", "role": "master", "tcp_port": "6379"]
        facts.settings = ["databases": "16", "bind": "*", "tls-port": "0", "min-replicas-to-write": "0"]
        facts.keyspace = [0, 1, 2, 3].reduce(into: [:]) { $0[$1] = ServerFacts.Keyspace(keys: 5, expiring: 0) }
        change(&facts)
        let diagnosis = Diagnosis(
            facts, catalogue.entries, permissions: [ToolPermissions(user: "default", deniedCommands: [])],
            isOpenToAnybody: false, certificateLife: certificateLife)
        return (diagnosis.replication + diagnosis.resharding + diagnosis.encryption)
            .map { "\($0.severity.rawValue) \($0.code)" }
    }

    @Test func `a primary that writes on without its replicas is a warning, where something must stay`() throws {
        #expect(codes { $0.info["connected_slaves"] = "1" } == ["warning min-replicas"])
        #expect(codes { $0.info["connected_slaves"] = "0" } == [])
        #expect(
            codes {
                $0.info["connected_slaves"] = "1"
                $0.settings?["min-replicas-to-write"] = "1"
            } == [])
        #expect(
            codes {
                $0.info["connected_slaves"] = "1"
                $0.keyspace = [:]
            } == ["warning min-replicas"], "keys will come")
        let cache = try DatabaseCatalogue([DatabaseEntry("cache", number: 0, mayBeFlushed: true)])
        #expect(codes(cache) { $0.info["connected_slaves"] = "1" } == [], "the cache may be lost")
    }

    @Test func `a move of slots that leaves databases behind is an error while it goes on`() throws {
        func cluster(_ change: @escaping (inout ServerFacts) -> Void = { _ in }) -> (inout ServerFacts) -> Void {
            {
                $0.info["redis_mode"] = "cluster"
                $0.settings?["cluster-databases"] = "16"
                $0.cluster = ClusterFacts()
                change(&$0)
            }
        }
        #expect(codes(.standard, cluster()) == ["note resharding"])
        #expect(codes(.standard, cluster { $0.cluster?.movesKeyByKey = true }) == ["error resharding"])
        #expect(codes(.standard, cluster { $0.settings?["cluster-databases"] = "1" }) == [])
        #expect(codes(try DatabaseCatalogue([DatabaseEntry("only", number: 0)]), cluster()) == [])
    }

    @Test func `a certificate is a warning from 30 days before its end, and an error behind it`() {
        #expect(codes(certificateLife: .seconds(86_400 * 30)) == [])
        #expect(codes(certificateLife: .seconds(86_400 * 30 - 1)) == ["warning certificate"])
        #expect(codes(certificateLife: .seconds(-1)) == ["error certificate"])
    }

    @Test func `a port with TLS that is not used is a warning, and one without it a note`() {
        #expect(codes { $0.settings?["tls-port"] = "6380" } == ["warning tls"])
        #expect(
            codes {
                $0.settings?["tls-port"] = "6380"
                $0.settings?["bind"] = "127.0.0.1"
            } == [], "only its own machine reaches it")
        #expect(codes(certificateLife: .seconds(86_400 * 90)) { $0.settings?["tls-port"] = "6380" } == ["note tls"])
        #expect(
            codes(certificateLife: .seconds(86_400 * 90)) {
                $0.settings?["tls-port"] = "6380"
                $0.info["tcp_port"] = "0"
            } == [])
    }
}

@Suite("bulkhead doctor", .timeLimit(.minutes(10))) struct DoctorTests {
    private func codes(_ outcome: Bulkhead.Outcome) throws -> [String] {
        let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
        let servers = try #require(json?["servers"] as? [[String: Any]])
        let findings = servers.compactMap { $0["findings"] as? [[String: String]] }.joined()
        return findings.compactMap { $0["code"] }
    }

    @Test func `a real server in order exits 0`() async throws {
        try await withToolServer(arguments: ["--maxmemory", "100mb", "--appendonly", "yes"]) { server, databases in
            for name: DatabaseName in [.main, .knowledge, .prompts, .analytics] {
                try await databases[name].set("key", "value")
            }
            let outcome = try await Bulkhead.run("doctor", "--url", server.url, "--json")
            #expect(outcome.exitCode == 0, "\(outcome.text)")
            #expect(try codes(outcome) == [])
        }
    }

    @Test func `what is wrong with a real server is found, and exits 1`() async throws {
        let arguments = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu", "--databases", "8"]
        try await withToolServer(arguments: arguments, catalogue: .standard) { server, databases in
            try await databases[.knowledge].set("doc:1", "vector")
            let other = RedisDatabases(
                try RedisConfiguration(url: server.url),
                catalogue: try DatabaseCatalogue([DatabaseEntry("other", number: 7)]))
            try await other["other"].set("key", "value")
            await other.close()
            let outcome = try await Bulkhead.run("doctor", "--url", server.url, "--json")
            #expect(outcome.exitCode == 1)
            #expect(try codes(outcome) == ["eviction", "unnamed-keys", "persistence", "no-keys"])
            let text = try await Bulkhead.run("doctor", "--url", server.url)
            #expect(text.text.contains("number 7 has 1 key and no name.\n"))
            // What can be typed stands on a line of its own, and leads to this server.
            #expect(text.text.contains("\n         $ bulkhead migrate --from 7 --to NAME --all --url \(server.url)\n"))
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `a user with few rights learns which tools cannot work`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].send(
                "ACL", "SETUSER", "operator", "on", ">secret", "~*", "+@all", "-move", "-sync", "-config|get")
            var url = server.url
            url.replace("://", with: "://operator:secret@", maxReplacements: 1)
            let outcome = try await Bulkhead.run("doctor", "--url", url, "--json")
            #expect(outcome.text.contains("bulkhead migrate copies and deletes within a server: the ACL denies MOVE"))
            #expect(outcome.text.contains("the ACL denies SYNC to operator"))
            #expect(!outcome.text.contains("secret"))
        }
    }

    @Test func `a replica of a real server is pointed to its primary, with host and port`() async throws {
        try await withToolServer { server, databases in
            // It is asked for while nobody listens there.
            try await databases[.main].send("REPLICAOF", "127.0.0.1", 1)
            let outcome = try await Bulkhead.run("doctor", "--url", server.url)
            #expect(outcome.exitCode == 1)
            #expect(outcome.text.contains("Point the URL to the primary, 127.0.0.1:1."), "\(outcome.text)")
        }
    }

    @Test func `a name on a server of its own is held against that one`() async throws {
        try await withToolServer(arguments: ["--maxmemory", "100mb"]) { server, databases in
            try await withToolServer(arguments: ["--databases", "2"]) { other, _ in
                try await databases[.main].set("key", "value")
                let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
                defer { try? FileManager.default.removeItem(at: file) }
                try Data(
                    """
                    {"databases": [{"name": "main", "number": 0}, {"name": "far", "number": 2, "url": "\(other.url)"}]}
                    """.utf8
                ).write(to: file)
                let outcome = try await Bulkhead.run(
                    "doctor", "--url", server.url, "--catalogue", file.path, "--json")
                let far = ["number-out-of-range", "maxmemory", "persistence"]
                #expect(try codes(outcome) == ["persistence"] + far)
            }
        }
    }

    @Test func `an empty server that evicts is found before the first key comes`() async throws {
        let arguments = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]
        try await withToolServer(arguments: arguments) { server, _ in
            let outcome = try await Bulkhead.run("doctor", "--url", server.url, "--json")
            #expect(outcome.exitCode == 1)
            #expect(try codes(outcome) == ["eviction", "persistence", "no-keys"])
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a name's URL may lead to the server of all others`(host: String) async throws {
        let options = RedisTestServer.Options(
            listening: .tcp, arguments: ["--maxmemory", "100mb", "--appendonly", "yes"])
        let server = try RedisTestServer.start(options)
        defer { server.stop() }
        let text = #"""
            {"databases": [{"name": "main", "number": 0},
                {"name": "orders", "number": 1, "url": "redis://\#(host):\#(server.port ?? 0)"}]}
            """#
        let file = server.folder + "/names.json"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let databases = RedisDatabases(
            try RedisConfiguration(url: server.url), catalogue: try DatabaseCatalogue(contentsOfFile: file))
        for name: DatabaseName in ["main", "orders"] { try await databases[name].set("key", "value") }
        await databases.close()
        let words = ["--url", server.url, "--catalogue", file]
        let outcome = try await Bulkhead.run(["doctor"] + words + ["--json"])
        #expect(outcome.exitCode == 0, "\(outcome.text)\(outcome.errors)")
        #expect(try codes(outcome) == [])
        let check = try await Bulkhead.run(["check"] + words + ["--json"])
        #expect(check.exitCode == 0, "\(check.text)\(check.errors)")
        #expect(!check.text.contains("unnamed-keys"), "\(check.text)")
        // By its number, by its name, and with a URL that leads there.
        for name in ["1", "orders"] {
            let path = "\(server.folder)/\(name).rdb"
            let backup = try await Bulkhead.run(["backup", name, "--to", path] + words)
            #expect(backup.exitCode == 0, "\(backup.errors)")
        }
        let start = try await Bulkhead.run(["catalogue"] + words)
        #expect(try DatabaseCatalogue(json: Array(start.output)) == DatabaseCatalogue(contentsOfFile: file))
    }

    @Test func `two names of one number are told of, and their keys are at home under both`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        defer { server.stop() }
        let text = #"""
            {"databases": [{"name": "main", "number": 1},
                {"name": "orders", "number": 1, "key_patterns": ["o:*"],
                    "url": "redis://localhost:\#(server.port ?? 0)"}]}
            """#
        let file = server.folder + "/names.json"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let databases = RedisDatabases(
            try RedisConfiguration(url: server.url), catalogue: try DatabaseCatalogue(contentsOfFile: file))
        try await databases["main"].set("o:1", "value")
        await databases.close()
        let words = ["--url", server.url, "--catalogue", file]
        let check = try await Bulkhead.run(["check"] + words + ["--json"])
        #expect(check.exitCode == 1, "\(check.errors)")
        #expect(try codes(check) == ["shared-number"], "\(check.text)")
        #expect(check.text.contains(#""orders""#), "\(check.text)")
        #expect(try codes(try await Bulkhead.run(["doctor"] + words + ["--json"])).contains("shared-number"))
        let migrate = try await Bulkhead.run(["migrate", "--from", "main", "--to", "orders", "--all"] + words)
        #expect(migrate.exitCode == 64, "\(migrate.errors)")
        let misplaced = try await Bulkhead.run(["migrate", "--from", "main", "--misplaced", "--dry-run"] + words)
        #expect(misplaced.errors.contains("nothing can be misplaced"), "\(misplaced.errors)")
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `a certificate of a real server that ends soon is found`() async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let url = server.url + "?tls_ca_file=" + TestCertificates.shared.authority
        let outcome = try await Bulkhead.run("doctor", "--url", url, "--json")
        #expect(outcome.exitCode == 1)
        #expect(outcome.text.contains("the server's certificate ends in 29 days"), "\(outcome.text)\(outcome.errors)")
    }

    @Test func `a real primary with a replica should demand that one has its writes`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        defer { server.stop() }
        let replica = try RedisTestServer.start(
            RedisTestServer.Options(arguments: ["--replicaof", "127.0.0.1", "\(server.port ?? 0)"]))
        defer { replica.stop() }
        let databases = RedisDatabases(try RedisConfiguration(url: server.url))
        try await databases[.knowledge].set("doc:1", "vector")
        #expect(await eventually { (try? await databases[.main].info("replication")["connected_slaves"]) == "1" })
        let outcome = try await Bulkhead.run("doctor", "--url", server.url, "--json")
        #expect(try codes(outcome).contains("min-replicas"), "\(outcome.text)")
        try await databases[.main].send("CONFIG", "SET", "min-replicas-to-write", "1")
        let later = try await Bulkhead.run("doctor", "--url", server.url, "--json")
        #expect(try !codes(later).contains("min-replicas"), "\(later.text)")
        await databases.close()
    }

    @Test func `a server that is not there exits 2 and says where it was looked for`() async throws {
        let outcome = try await Bulkhead.run("doctor", "--url", "redis://127.0.0.1:1")
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains("cannot connect to 127.0.0.1:1"))
    }
}
