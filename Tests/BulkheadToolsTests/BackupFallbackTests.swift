import Bulkhead
import BulkheadRDB
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("Backups key by key", .serialized, .timeLimit(.minutes(10))) struct BackupFallbackTests {
    @Test(arguments: ["-sync", "-replconf"])
    func `where the ACL denies SYNC it is said, and the backup is marked fuzzy`(rule: String) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await fillWithEverything(databases[.knowledge], prefix: "k:")
            try await databases[.main].send("ACL", "SETUSER", "tool", "on", ">pass", "~*", "+@all", rule)
            let source = try await contents(of: databases[.knowledge])
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let call = "REDIS_USERNAME=tool REDIS_PASSWORD=pass bulkhead backup knowledge --url \(server.url)"
                let refused = try await Bulkhead.shell(call + " --method sync --to \(path)")
                #expect(refused.exitCode == 2)
                #expect(refused.errors.contains("NOPERM"), "\(refused.errors)")
                #expect(try names(in: folder) == [])

                let outcome = try await Bulkhead.shell(call + " -q --to \(path)")
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(outcome.errors.contains("does not give a snapshot"))
                #expect(outcome.errors.contains("fuzzy"))
                #expect(try manifest(path).consistency == .fuzzy)
                try await withServerLoading(path) { _, loaded in
                    let found = try await contents(of: loaded[.knowledge])
                    #expect(found == source)
                }
            }
        }
    }

    @Test func `a replica that cannot give a snapshot is copied key by key`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.knowledge].set("doc", "1")
            // A replica of nobody: it refuses SYNC with NOMASTERLINK.
            try await databases[.main].send("CONFIG", "SET", "replica-serve-stale-data", "yes")
            try await databases[.main].run(.reaching("REPLICAOF", ["127.0.0.1", "1"]))
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let outcome = try await Bulkhead.run("backup", "knowledge", "--to", path, "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(outcome.errors.contains("NOMASTERLINK"))
                #expect(try manifest(path).keys == 1)
            }
        }
    }

    @Test(arguments: [true, false])
    func `where the server's own snapshot fails, keys are copied one by one`(isOnDisk: Bool) async throws {
        let gone = FileManager.default.temporaryDirectory.appendingPathComponent("gone-\(UUID())")
        try FileManager.default.createDirectory(at: gone, withIntermediateDirectories: false)
        let diskless = isOnDisk ? ["--repl-diskless-sync", "no", "--dir", gone.path] : ["--repl-diskless-sync", "yes"]
        try await withToolServer(arguments: promptly + diskless + ["--rdbcompression", "no"]) { server, databases in
            // The snapshot has all databases; what is wanted of it is small.
            try await databases[.main].set("large", RESPBytes(Array(repeating: 7, count: 1_000_000)))
            for index in 0..<10 { try await databases[.knowledge].set("doc:\(index)", "x") }
            try FileManager.default.removeItem(at: gone)
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            if !isOnDisk { proxy[.toClient] = [.cut(after: 100_000)] }
            let url = "unix://" + proxy.path
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let words = ["backup", "knowledge", "-q", "--to", path, "--url", url]
                let refused = try await Bulkhead.run(words + ["--method", "sync"])
                #expect(refused.exitCode == 2, "\(refused.errors)")
                #expect(try names(in: folder) == [])
                let outcome = try await Bulkhead.run(words)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(outcome.errors.contains("Copying key by key"), "\(outcome.errors)")
                #expect(try manifest(path).consistency == .fuzzy)
                #expect(try manifest(path).keys == 10)
                #expect(try names(in: folder) == ["k.rdb", "k.rdb.json"])
            }
        }
    }

    @Test func `a folder that takes no file is found out before the server makes a snapshot`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.knowledge].set("doc", "1")
            try await withBackupFolder { folder in
                let path = folder + "/missing/k.rdb"
                for method in ["auto", "sync", "scan"] {
                    let words = ["backup", "knowledge", "--method", method, "--to", path, "--url", server.url]
                    let outcome = try await Bulkhead.run(words)
                    #expect(outcome.exitCode == 74, "\(outcome.errors)")
                    #expect(outcome.errors.contains(folder + "/missing"), "\(outcome.errors)")
                }
                #expect(try await ServerFacts(of: databases[.main]).number("sync_full") == 0)
            }
        }
    }

    @Test func `room is looked at: too little for half of the last backup ends it, and what may not do is said`() {
        func room(_ free: Int, last: Int?) -> BackupRoom { BackupRoom(folder: "/b", free: free, last: last) }
        func obstacle(_ free: Int, last: Int?, dataset: Int? = nil) -> String? {
            room(free, last: last).obstacle(dataset: dataset)
        }
        #expect(
            obstacle(10_000, last: nil) == "/b has 9.77 KiB of room, and a backup needs at least 1.00 MiB")
        #expect(obstacle(10_000, last: nil, dataset: 5 << 20)?.contains("needs about 5.00 MiB, going by") == true)
        #expect(obstacle(2 << 20, last: nil) == nil)
        #expect(obstacle(40 << 20, last: 100 << 20)?.contains("needs about 100 MiB, as the last one") == true)
        #expect(obstacle(60 << 20, last: 100 << 20) == nil)
        #expect(room(60 << 20, last: 100 << 20).doubt(dataset: nil)?.contains("100 MiB") == true)
        #expect(room(60 << 20, last: 50 << 20).doubt(dataset: 1 << 30) == nil)
        #expect(room(60 << 20, last: nil).doubt(dataset: 1 << 30)?.contains("1.00 GiB of memory") == true)
        #expect(room(60 << 20, last: nil).doubt(dataset: nil) == nil)
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `keys that SCAN names twice are in the file once, and a server loads it`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let database = try databases[.knowledge]
            for index in 0..<3_000 { try await database.set("doc:\(index)", "\(index)") }
            // Growing and shrinking tables are what makes SCAN repeat itself.
            let churn = Task {
                var round = 0
                while !Task.isCancelled {
                    round += 1
                    for index in 0..<2_000 { _ = try? await database.set("tmp:\(index)", "\(round)") }
                    for index in 0..<2_000 { _ = try? await database.unlink("tmp:\(index)") }
                }
            }
            try await withBackupFolder { folder in
                for round in 0..<3 {
                    let path = "\(folder)/\(round).rdb"
                    let outcome = try await Bulkhead.run(
                        "backup", "knowledge", "--to", path, "--method", "scan", "--url", server.url)
                    #expect(outcome.exitCode == 0, "\(outcome.errors)")
                    try await withServerLoading(path) { _, loaded in
                        // Every key that was there all the time is there.
                        let keys = try await loaded[.knowledge].mget((0..<3_000).map { "doc:\($0)" })
                        #expect(keys.count { $0 == nil } == 0)
                    }
                }
            }
            churn.cancel()
            await churn.value
        }
    }

    @Test func `an expiry belongs to the value it stands with, also while keys are written`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let database = try databases[.knowledge]
            for index in 0..<500 { try await database.set("k:\(index)", "permanent") }
            let writer = Task {
                while !Task.isCancelled {
                    for index in 0..<500 {
                        _ = try? await database.set("k:\(index)", "expiring", expiry: .after(.seconds(1_000)))
                    }
                    for index in 0..<500 { _ = try? await database.set("k:\(index)", "permanent") }
                }
            }
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "--to", path, "--method", "scan", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                var reader = RDBReader()
                var (expires, mixed, count) = (false, 0, 0)
                try bytes(path).withUnsafeBytes { file in
                    reader.feed(file)
                    while let event = try reader.next() {
                        switch event {
                        case .entry(let entry):
                            count += 1
                            expires = entry.expiry != nil
                        case .body(let body, _):
                            if body.contains(UInt8(ascii: "x")) != expires { mixed += 1 }
                        default: break
                        }
                    }
                }
                #expect(count == 500)
                #expect(mixed == 0)
            }
            writer.cancel()
            await writer.value
        }
    }

    @Test(.enabled(if: hasFunctions))
    func `functions that were wanted come along where INFO is denied, or it is said that they do not`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let code = "#!lua name=lib\nredis.register_function('f', function() return 7 end)"
            try await databases[.main].send("FUNCTION", "LOAD", code)
            try await databases[.main].set("key", "value")
            try await databases[.main].send("ACL", "SETUSER", "tool", "on", ">pass", "~*", "+@all", "-info")
            try await withBackupFolder { folder in
                let call =
                    "REDIS_USERNAME=tool REDIS_PASSWORD=pass bulkhead backup main --url \(server.url) "
                    + "--method scan --with-functions --to \(folder)/k.rdb"
                let outcome = try await Bulkhead.shell(call)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(try summary(folder + "/k.rdb").functions == 1)
                try await databases[.main].send("ACL", "SETUSER", "tool", "-function")
                let refused = try await Bulkhead.shell(call)
                #expect(refused.exitCode == 2)
                #expect(refused.errors.contains("refuses to give its functions"), "\(refused.errors)")
            }
        }
    }

    @Test func `keys are asked for in parts of a few MiB, and a larger one alone`() {
        let keys = ["a", "b", "c", "d"].map { RESPBytes(Array($0.utf8)) }
        func parts(_ sizes: [Int]) -> [Int] { KeyByKeyCopy.parts(of: keys, sizes).map(\.count) }
        let half = KeyByKeyCopy.sliceBytes / 2
        #expect(parts([1, 1, 1, 1]) == [4])
        #expect(parts([half, half, 1, 1]) == [2, 2])
        #expect(parts([.max, .max, .max, 0]) == [1, 1, 2])
        #expect(parts([0, .max, 1, 1]) == [1, 1, 2])
        #expect(KeyByKeyCopy.parts(of: [], []).isEmpty)
    }
}
