import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What a restore refuses before the first key, and what it says where it ends early.
@Suite("Refusals and ends of bulkhead restore", .timeLimit(.minutes(10))) struct RestoreRefusalTests {
    private func json(_ outcome: Bulkhead.Outcome) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: outcome.output) as? [String: Any], "\(outcome.errors)")
    }

    /// Writes a snapshot that no server has made.
    private func write(_ path: String, _ version: RDBVersion, _ records: (inout RDBWriter) -> Void) throws {
        var writer = RDBWriter(version)
        records(&writer)
        writer.end()
        var block: [UInt8] = []
        writer.take(into: &block)
        try Data(block).write(to: URL(fileURLWithPath: path))
    }

    private func keys(
        _ writer: inout RDBWriter, _ keys: [(name: String, type: RDBType, body: [UInt8], expiry: Int64?)]
    ) {
        for key in keys {
            Array(key.name.utf8).withUnsafeBytes { writer.key($0, type: key.type, expiry: key.expiry) }
            key.body.withUnsafeBytes { writer.body($0) }
        }
    }

    /// A string, and a hash whose fields expire as the other family of servers writes it.
    private func writeForeign(_ path: String) throws {
        let isRedis = ServerUnderTest.identity.flavour == .redis
        let time: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0]
        let field: [UInt8] = [1, 0x66, 1, 0x76]
        try write(path, isRedis ? RDBVersion(.valkey, 80) : RDBVersion(.redis, 12)) { writer in
            writer.select(0)
            let hash = isRedis ? [1] + field + time : time + [1, 0] + field
            keys(
                &writer,
                [
                    ("plain", .string, [1, 0x78], nil), ("hash", isRedis ? .valkeyHash2 : .hashMetadata, hash, nil),
                ])
        }
    }

    @Test func `of a file without a checksum every value is decoded before the first key is written`() async throws {
        try await withToolServer(arguments: ["--rdbchecksum", "no"]) { server, databases in
            for index in 0..<53 { try await databases[.main].set("key:\(index)", "value") }
            try await databases[.main].send("HSET", "broken", "corruptible", "x", "other", "y")
            try await databases[.main].send("SAVE")
            var file = try bytes(server.folder + "/dump.rdb")
            let field = Array("corruptible".utf8)
            let place = try #require(file.indices.first { file[$0...].starts(with: field) })
            // The length before it says that the field goes on behind the end of the hash.
            file[place - 1] = file[place - 1] | 0x3f
            let damaged = server.folder + "/damaged.rdb"
            try Data(file).write(to: URL(fileURLWithPath: damaged))
            let words = ["restore", damaged, "--into", "5", "--url", server.url]
            for more in [[], ["--dry-run"], ["--verify"]] {
                let refused = try await Bulkhead.run(words + more)
                #expect(refused.exitCode == 65, "\(refused.text) \(refused.errors)")
                #expect(refused.text.contains("its value is damaged"), "\(refused.text)")
                #expect(refused.text.contains("  broken"), "\(refused.text)")
                #expect(try await databases["db5"].dbsize() == 0)
            }
            let rest = try await Bulkhead.run(words + ["--skip-unsupported"])
            #expect(rest.exitCode == 1, "\(rest.errors)")
            #expect(try await databases["db5"].dbsize() == 53)
            #expect(try await databases["db5"].exists("broken") == 0)
        }
    }

    @Test(arguments: ["fail", "skip", "replace"])
    func `of a file with a type that the server does not know nothing is restored, unless the rest is wanted`(
        policy: String
    ) async throws {
        try await withToolServer { server, databases in
            let file = server.folder + "/foreign.rdb"
            try writeForeign(file)
            let words = ["restore", file, "--into", "7", "--on-conflict", policy, "--json", "--url", server.url]
            let refused = try await Bulkhead.run(words)
            #expect(refused.exitCode == 1)
            #expect(refused.errors.contains("cannot take 1 key of the file: nothing was restored"), "\(refused.errors)")
            let counts = try json(refused)
            #expect(counts["restored"] as? Int == 0 && counts["untried"] as? Int == 2)
            #expect((counts["remarks"] as? [[String: Any]])?.first?["keys"] as? [String] == ["hash"])
            #expect(try await databases["db7"].dbsize() == 0)

            let dry = try await Bulkhead.run(words + ["--dry-run"])
            #expect(dry.exitCode == 1)
            #expect(dry.errors.contains("nothing would be restored"), "\(dry.errors)")

            let rest = try await Bulkhead.run(words + ["--skip-unsupported"])
            #expect(rest.exitCode == 1)
            #expect(try json(rest)["restored"] as? Int == 1)
            #expect(try json(rest)["failed"] as? Int == 1)
            #expect(try await databases["db7"].get("plain") == "x")
        }
    }

    /// A value of a module: the type's name and version in 64 bits, and its end.
    private func moduleValue(of type: String) throws -> [UInt8] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var number: UInt64 = 0
        for letter in type { number = number << 6 | UInt64(try #require(letters.firstIndex(of: letter))) }
        number = number << 10 | 1
        return [0x81] + withUnsafeBytes(of: number.bigEndian) { Array($0) } + [0]
    }

    @Test(arguments: ["ReJSON-RL", "TSDB-TYPE", "MBbloom--", "strange-1"])
    func `of a file with a type of a module that the server does not have nothing is restored`(
        type: String
    ) async throws {
        try await withToolServer { server, databases in
            let file = server.folder + "/module.rdb"
            let body = try moduleValue(of: type)
            try write(file, RDBVersion(.redis, 9)) { writer in
                writer.select(0)
                keys(&writer, [("plain", .string, [1, 0x78], nil), ("document", .module2, body, nil)])
            }
            let words = ["restore", file, "--into", "7", "--json", "--url", server.url]
            let refused = try await Bulkhead.run(words)
            #expect(refused.exitCode == 1, "\(refused.errors)")
            #expect(refused.errors.contains("cannot take 1 key of the file: nothing was restored"), "\(refused.errors)")
            let remark = try #require((try json(refused)["remarks"] as? [[String: Any]])?.first)
            #expect((remark["text"] as? String)?.contains("no module for values of the type \(type)") == true)
            #expect(try await databases["db7"].dbsize() == 0)
        }
    }

    @Test func `what has expired in the file is no conflict, is counted once, and is not compared`() async throws {
        try await withToolServer { server, databases in
            let file = server.folder + "/old.rdb"
            try write(file, RDBVersion(.redis, 9)) { writer in
                writer.select(0)
                keys(&writer, [("over", .string, [1, 0x78], 1_000), ("live", .string, [1, 0x79], nil)])
            }
            try await databases["db7"].set("over", "mine")
            let words = ["restore", file, "--into", "7", "--json", "--url", server.url]
            let dry = try json(try await Bulkhead.run(words + ["--dry-run", "--on-conflict", "skip"]))
            #expect(["expired", "skipped", "conflicts", "untried"].map { dry[$0] as? Int } == [1, 0, 0, 1])
            let outcome = try await Bulkhead.run(words + ["--verify"])
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let document = try json(outcome)
            #expect(["restored", "expired", "conflicts"].map { document[$0] as? Int } == [1, 1, 0])
            #expect((document["verified"] as? [String: Any])?["different"] as? Int == 0)
            #expect(try await databases["db7"].get("over") == "mine")
            #expect(try await databases["db7"].get("live") == "y")
        }
    }

    /// A server with many keys in knowledge, saved.
    private func withManyKeys(
        _ count: Int, _ body: (String, RedisTestServer, RedisDatabases) async throws -> Void
    ) async throws {
        try await withToolServer { server, databases in
            try await databases[.knowledge].send(
                "EVAL", "for i = 1, \(count) do redis.call('SET', 'doc:' .. i, i) end", 0)
            try await databases[.main].send("SAVE")
            try await body(server.folder + "/dump.rdb", server, databases)
        }
    }

    @Test(arguments: [("fail", "skip"), ("skip", "skip"), ("replace", "replace")])
    func `after an interruption the call that goes on has the same policy, and finishes`(
        policy: String, next: String
    ) async throws {
        try await withManyKeys(1_000) { file, server, databases in
            let target = try databases["db7"]
            let words = [
                "restore", file, "--into", "7", "--on-conflict", policy, "--rate", "50", "--json", "-q", "--url",
                server.url,
            ]
            let outcome = try await Bulkhead.run(words) { process in
                while try await target.dbsize() == 0 { try await Task.sleep(for: .milliseconds(20)) }
                kill(process, SIGINT)
            }
            #expect(outcome.exitCode == 2)
            let restored = try #require(try json(outcome)["restored"] as? Int)
            #expect((1..<1_000).contains(restored))
            var goOn = try #require(try json(outcome)["go_on"] as? String)
            #expect(goOn.contains("--on-conflict \(next)"), "\(goOn)")
            #expect(outcome.errors.contains("To go on:\n  \(goOn)\n"))
            goOn = goOn.replacing("--rate 50", with: "")
            let rest = try await Bulkhead.shell(goOn)
            #expect(rest.exitCode == 0, "\(rest.errors)")
            #expect(try await Bulkhead.run("diff", "knowledge", "7", "--url", server.url).exitCode == 0)
        }
    }

    /// Only where the program is slow enough, in a debug build, for a signal to come in the middle.
    @Test(.enabled(if: TestTier.isWhole))
    func `a restore that is stopped while keys are compared says so, and is no success`() async throws {
        try await withManyKeys(30_000) { file, server, databases in
            let target = try databases["db7"]
            let words = ["restore", file, "--into", "7", "--verify", "--json", "-q", "--url", server.url]
            let outcome = try await Bulkhead.run(words) { process in
                while try await target.dbsize() < 30_000 { try await Task.sleep(for: .milliseconds(5)) }
                kill(process, SIGINT)
            }
            #expect(outcome.exitCode == 2, "\(outcome.errors)")
            #expect(outcome.errors.contains("it was asked to stop"), "\(outcome.errors)")
            let document = try json(outcome)
            #expect(document["restored"] as? Int == 30_000)
            #expect(document["stopped"] != nil)
            let compared = (document["verified"] as? [String: Any])?["compared"] as? Int ?? 0
            #expect(compared < 30_000)
        }
    }

    @Test(.enabled(if: hasFunctions))
    func `a part of a library of functions is never restored`() async throws {
        try await withToolServer { server, databases in
            let file = server.folder + "/functions.rdb"
            let size = SnapshotRecords.Limits.functionBytes + 1
            try write(file, RDBVersion(.redis, 10)) { writer in
                // FUNCTION2, and its code with a length of 32 bits.
                var record: [UInt8] = [245, 0x80]
                withUnsafeBytes(of: UInt32(size).bigEndian) { record.append(contentsOf: $0) }
                record += [UInt8](repeating: UInt8(ascii: "-"), count: size)
                record.withUnsafeBytes { writer.body($0) }
                writer.select(0)
                keys(&writer, [("plain", .string, [1, 0x78], nil)])
            }
            let words = ["restore", file, "--into", "7", "--url", server.url]
            let refused = try await Bulkhead.run(words + ["--with-functions"])
            #expect(refused.exitCode == 1)
            #expect(refused.errors.contains("nothing was restored: the file has functions"), "\(refused.errors)")
            #expect(try await databases["db7"].dbsize() == 0)
            #expect(try await Bulkhead.run(words).exitCode == 0)
            #expect(try await databases["db7"].get("plain") == "x")
        }
    }
}
