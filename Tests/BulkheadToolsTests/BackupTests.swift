import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead backup", .serialized, .timeLimit(.minutes(10))) struct BackupTests {
    private func withEverything(
        arguments: [String] = promptly,
        _ body: (RedisTestServer, RedisDatabases, String) async throws -> Void
    ) async throws {
        try await withToolServer(arguments: arguments) { server, databases in
            for name in [DatabaseName.main, .knowledge, "db5"] {
                try await fillWithEverything(try databases[name], prefix: "\(name):")
            }
            if hasFunctions {
                try await databases[.main].send(
                    "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)\n")
            }
            try await withBackupFolder { folder in try await body(server, databases, folder) }
        }
    }

    @Test(arguments: ["sync", "scan"])
    func `a backup holds one database, whole, and passes the server's own check, and a fresh server loads it as it is`(
        method: String
    ) async throws {
        try await withEverything { server, databases, folder in
            let path = folder + "/knowledge.rdb"
            let outcome = try await Bulkhead.run(
                "backup", "knowledge", "--to", path, "--method", method, "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.text == path + "\n")
            #expect(try names(in: folder) == ["knowledge.rdb", "knowledge.rdb.json"])

            let check = try await checkedByServer(path)
            #expect(check.exitCode == 0, "\(check.text)")
            let source = try await contents(of: databases[.knowledge])
            let found = try summary(path)
            #expect(found.checksum == .right)
            #expect(found.databases.mapValues(\.keys) == [1: source.count])
            #expect(found.functions == 0)
            try await withServerLoading(path) { _, loaded in
                let found = try await contents(of: loaded[.knowledge])
                #expect(found == source)
                for name in loaded.catalogue.entries.map(\.name) where name != .knowledge {
                    #expect(try await loaded[name].dbsize() == 0)
                }
            }
        }
    }

    @Test(arguments: ["sync", "scan"])
    func `a manifest says of which server, database and moment a file is, and what is in it`(
        method: String
    ) async throws {
        try await withEverything { server, databases, folder in
            let path = folder + "/5.rdb"
            let outcome = try await Bulkhead.run(
                "backup", "5", "--to", path, "--as", "0", "--with-functions", "--method", method, "--json", "--url",
                server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let manifest = try manifest(path)
            let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            let file = (json?["files"] as? [[String: Any]])?.first
            #expect(file?["path"] as? String == path)
            #expect((file?["manifest"] as? [String: Any])?["keys"] as? Int == manifest.keys)

            let found = try summary(path)
            let tally = try #require(found.databases[0])
            #expect(found.databases.count == 1)
            #expect(found.functions == (hasFunctions ? 1 : 0))
            #expect(manifest.functions == found.functions)
            #expect((manifest.keys, manifest.expiring) == (tally.keys, tally.expires))
            #expect(manifest.types == tally.types)
            #expect(try await databases["db5"].dbsize() == tally.keys)
            #expect((manifest.database.name, manifest.database.number, manifest.database.numberInFile) == ("db5", 5, 0))
            #expect(manifest.server.version == server.version)
            #expect(manifest.server.flavour == server.flavour.rawValue)
            #expect(try manifest.server.address == databases["db5"].address)
            let info = try await databases[.main].info().text
            #expect(info.contains("run_id:\(manifest.server.runID ?? "none")"))
            #expect(manifest.rdbVersion == found.version?.number)
            #expect(try manifest.isOf(path))
            #expect(manifest.consistency == (method == "sync" ? .pointInTime : .fuzzy))
            #expect(manifest.sourceChecksum == (method == "sync" ? "ok" : nil))
            if method == "sync" {
                #expect(info.contains("master_replid:\(manifest.server.replicationID ?? "none")"))
                #expect(manifest.server.replicationOffset != nil)
                #expect(manifest.snapshotAt != nil)
            }
        }
    }

    @Test func `several names go into files of one moment`() async throws {
        try await withEverything { server, databases, folder in
            let outcome = try await Bulkhead.run(
                "backup", "main", "knowledge", "5", "--to", folder, "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let paths = outcome.text.split(separator: "\n").map(String.init)
            #expect(paths.count == 3)
            let manifests = try paths.map(manifest)
            #expect(manifests.map(\.database.name) == ["main", "knowledge", "db5"])
            #expect(Set(manifests.map(\.server.replicationOffset)).count == 1)
            #expect(Set(paths.compactMap { $0.split(separator: "-").last }).count == 1, "\(paths)")
            for (path, manifest) in zip(paths, manifests) {
                // The names are chosen before the server is asked, which may be a second later.
                let (name, start) = (FilePath.split(path).name, "\(manifest.database.name)-")
                #expect(name.hasPrefix(start) && name <= "\(start)\(compact(manifest.startedAt)).rdb")
                #expect(try summary(path).databases.mapValues(\.keys) == [manifest.database.number: manifest.keys])
                let check = try await checkedByServer(path)
                #expect(check.exitCode == 0, "\(check.text)")
            }
            let info = try await databases[.main].info().text
            #expect(!info.contains("sync_full:0") && info.contains("sync_full:1"))
        }
    }

    private func compact(_ time: String) -> String { time.filter { $0 != "-" && $0 != ":" } }

    @Test func `what a transaction writes while a backup is made is in it as a whole or not at all`() async throws {
        try await withEverything { server, databases, folder in
            let database = try databases[.knowledge]
            let writer = Task {
                var count = 0
                while !Task.isCancelled {
                    count += 1
                    let text = String(count)
                    do {
                        _ = try await database.withConnection { connection in
                            try await connection.pipeline(
                                .raw("MULTI", []), .raw("SET", ["pair:left", text]), .raw("SET", ["pair:right", text]),
                                .raw("EXEC", []))
                        }
                    } catch let error as RedisError where error.code == .cancelled {
                        break
                    }
                }
                return count
            }
            while try await database.exists("pair:right") == 0 {}
            for round in 0..<3 {
                let path = folder + "/\(round).rdb"
                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "--to", path, "--method", "sync", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                try await withServerLoading(path) { _, loaded in
                    let left = try await loaded[.knowledge].get("pair:left")
                    #expect(left != nil)
                    #expect(try await loaded[.knowledge].get("pair:right") == left)
                }
            }
            writer.cancel()
            let written = try await writer.value
            #expect(written > 10)
        }
    }

    @Test(arguments: ["sync", "scan"])
    func `a pattern keeps the keys that fit and says so in the manifest`(method: String) async throws {
        try await withEverything { server, databases, folder in
            let path = folder + "/k.rdb"
            let words = ["backup", "knowledge", "--to", path, "--method", method, "--url", server.url]
            let outcome = try await Bulkhead.run(words + ["--pattern", "knowledge:key:[12]*"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            // 1, 2, and 10 to 29, and 100 to 299.
            #expect(try summary(path).databases[1]?.keys == 222)
            #expect(try manifest(path).pattern == "knowledge:key:[12]*")
            let check = try await checkedByServer(path)
            #expect(check.exitCode == 0, "\(check.text)")
            // All keys are another backup than some.
            let all = try await Bulkhead.run(words)
            #expect(all.exitCode == 1)
            #expect(all.errors.contains("is a backup of keys like"), "\(all.errors)")
        }
    }

    @Test func `an empty database makes a file that loads and has nothing in it`() async throws {
        for method in ["sync", "scan"] {
            try await withEverything { server, databases, folder in
                let path = folder + "/prompts.rdb"
                let outcome = try await Bulkhead.run(
                    "backup", "prompts", "--to", path, "--method", method, "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                let check = try await checkedByServer(path)
                #expect(check.exitCode == 0, "\(check.text)")
                try await withServerLoading(path) { _, loaded in
                    let prompts = try await loaded[.prompts].dbsize()
                    #expect(prompts == 0)
                    #expect(try await loaded[.main].dbsize() == 0)
                }
            }
        }
    }

    @Test func `a server that makes its snapshot as a file first gives the same backup`() async throws {
        try await withEverything(arguments: ["--repl-diskless-sync", "no"]) { server, databases, folder in
            let path = folder + "/knowledge.rdb"
            let outcome = try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let count = try await databases[.knowledge].dbsize()
            #expect(try summary(path).databases.mapValues(\.keys) == [1: count])
        }
    }

    @Test func `a login, and how long keys were not used, come along`() async throws {
        let arguments = promptly + ["--requirepass", "secret", "--maxmemory-policy", "allkeys-lfu"]
        let server = try RedisTestServer.start(.init(arguments: arguments))
        defer { server.stop() }
        var configuration = try RedisConfiguration(url: server.url)
        configuration.password = "secret"
        let databases = RedisDatabases(configuration)
        try await databases[.main].set("key", "value")
        try await withBackupFolder { folder in
            for method in ["sync", "scan"] {
                let path = "\(folder)/\(method).rdb"
                let outcome = try await Bulkhead.shell(
                    "REDIS_PASSWORD=secret bulkhead backup main --to \(path) --method \(method) --url \(server.url)")
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(!String(decoding: try bytes(path + ".json"), as: UTF8.self).contains("secret"))
                var reader = RDBReader()
                var frequencies: [UInt8?] = []
                try bytes(path).withUnsafeBytes { file in
                    reader.feed(file)
                    while let event = try reader.next() {
                        if case .entry(let entry) = event { frequencies.append(entry.frequency) }
                    }
                }
                #expect(frequencies.count == 1)
                #expect(frequencies.allSatisfy { $0 != nil })
            }
        }
        await databases.close()
    }
}
