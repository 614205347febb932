import Bulkhead
import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Files as they lie about: with a mark behind them, compressed, of the newest servers, and such as are no snapshots.
@Suite("Files that the tools are given", .timeLimit(.minutes(10))) struct FileKindsTests {
    private static func small(_ write: (inout RDBWriter) -> Void = { _ in }) -> [UInt8] {
        made(RDBVersion(.redis, 10)) { writer in
            writer.select(0)
            key("key", .string, [5] + Array("value".utf8), &writer)
            write(&writer)
        }
    }

    private static func made(_ version: RDBVersion, _ write: (inout RDBWriter) -> Void) -> [UInt8] {
        var writer = RDBWriter(version)
        write(&writer)
        writer.end()
        var file: [UInt8] = []
        writer.take(into: &file)
        return file
    }

    private static func key(_ name: String, _ type: RDBType, _ body: [UInt8], _ writer: inout RDBWriter) {
        Array(name.utf8).withUnsafeBytes { writer.key($0, type: type) }
        body.withUnsafeBytes { writer.body($0) }
    }

    private static func write(_ file: [UInt8], _ path: String) throws {
        try Data(file).write(to: URL(fileURLWithPath: path))
    }

    private static let mark = Array("0123456789abcdef0123456789abcdef01234567".utf8)

    @Test(arguments: [
        Array("\n".utf8), Array("\r\n".utf8), mark, mark + Array("\n".utf8),
    ])
    func `a line break or the mark of a replication behind a snapshot is no damage`(tail: [UInt8]) async throws {
        try await withToolServer { server, databases in
            let path = server.folder + "/file.rdb"
            try Self.write(Self.small() + tail, path)
            let described = try await Bulkhead.run("rdb", path)
            #expect(described.exitCode == 0, "\(described.errors)")
            let checked = try await Bulkhead.run("check", "--rdb", path)
            #expect(checked.exitCode != 65, "\(checked.errors)")
            let restored = try await Bulkhead.run("restore", path, "--into", "main", "--url", server.url)
            #expect(restored.exitCode == 0, "\(restored.errors)")
            #expect(try await databases[.main].get("key") == "value")
            let same = try await Bulkhead.run("diff", path, "main", "--url", server.url)
            #expect(same.exitCode == 0, "\(same.text) \(same.errors)")
        }
    }

    static let others: [(what: String, file: [UInt8], words: String)] = {
        let log = Array("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n".utf8)
        func vcs(_ version: UInt8, _ codec: UInt8) -> [UInt8] { Array("VCS".utf8) + [version, codec, 0, 1, 0, 0] }
        return [
            ("a log behind a snapshot", small() + log, "an append-only file: a snapshot, and behind it the commands"),
            ("a log", log, "an append-only file, the log of a server's commands"),
            (
                "a manifest", Array("file appendonly.aof.1.base.rdb seq 1 type b\n".utf8),
                "the manifest of an append-only file"
            ),
            ("a stream", Array("$EOF:".utf8) + mark + Array("\r\n".utf8) + small(), "a replication stream"),
            ("gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], "compressed with gzip: unpack it with gunzip"),
            ("zstd", [0x28, 0xb5, 0x2f, 0xfd, 4, 0, 0, 0, 0, 0], "compressed with Zstandard: unpack it with unzstd"),
            ("lz4", [4, 0x22, 0x4d, 0x18, 4, 0, 0, 0, 0, 0], "compressed with LZ4: unpack it with unlz4"),
            ("another codec", vcs(1, 2), "compressed by Valkey with codec 2, and only LZ4 (1) is read, not Zstandard"),
            ("a newer envelope", vcs(2, 1), "compressed by Valkey in a format newer"),
            ("a cut frame", Array(CompressedFile.lz4(small()).dropLast(3)), "the LZ4 frame is incomplete"),
            ("a new format", Array("REDIS0016\u{ff}".utf8.prefix(9)) + [255], "format 16 (of Redis, not known here)"),
            ("something behind", small() + [1, 2, 3], "bytes follow the end of the snapshot"),
            ("JSON", Array("{\"a\": 1}".utf8), "it is no RDB file (it begins with `{`); give a dump.rdb"),
            ("zeros", [UInt8](repeating: 0, count: 32), "it is no RDB file; give a dump.rdb"),
            ("a mark too long", small() + mark + mark, "bytes follow the end of the snapshot"),
        ]
    }()

    @Test(arguments: others.map(\.what))
    func `what is no snapshot is called by its name, with what to do, by every tool`(what: String) async throws {
        let (_, file, words) = try #require(Self.others.first { $0.what == what })
        let piped = try await Bulkhead.run("rdb", "-", input: file)
        #expect(piped.exitCode == 65)
        #expect(piped.errors.contains(words), "\(piped.errors)")
        #expect(piped.output.isEmpty)
        try await withBackupFolder { folder in
            let path = folder + "/file.rdb"
            try Self.write(file, path)
            for call in [["check", "--rdb", path], ["restore", path, "--into", "main"], ["diff", path, "main"]] {
                let outcome = try await Bulkhead.run(call)
                #expect(outcome.exitCode == 65, "\(call): \(outcome.errors)")
                #expect(outcome.errors.contains(words), "\(call): \(outcome.errors)")
            }
        }
    }

    @Test func `a server's append-only file is named, and its base is a snapshot`() async throws {
        try await withToolServer(arguments: ["--appendonly", "yes"]) { server, databases in
            try await databases[.main].set("before", "1")
            try await databases[.main].send("BGREWRITEAOF")
            let isRewritten = try await eventually {
                let info = try await databases[.main].info("persistence")
                return info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
            }
            #expect(isRewritten)
            try await databases[.main].set("after", "1")
            let all = try FileManager.default.subpathsOfDirectory(atPath: server.folder).filter { $0.contains("aof") }
            var named = 0
            for name in all {
                var isFolder: ObjCBool = false
                let path = server.folder + "/" + name
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
                else { continue }
                let outcome = try await Bulkhead.run("rdb", path)
                if name.hasSuffix("base.rdb") {
                    #expect(outcome.exitCode == 0, "\(outcome.errors)")
                    #expect(outcome.text.contains(#""keys" : 1"#))
                } else {
                    #expect(outcome.exitCode == 65)
                    #expect(outcome.errors.contains("append-only file"), "\(name): \(outcome.errors)")
                    named += 1
                }
            }
            #expect(named > 0)
        }
    }

    @Test func `a snapshot that Valkey compressed is described, checked, restored and compared`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await fillWithEverything(databases[.knowledge], prefix: "k:")
            try await databases[.knowledge].send("SAVE")
            let plain = try bytes(server.folder + "/dump.rdb")
            let path = server.folder + "/packed.rdb"
            var random = SeededGenerator(seed: 4)
            try Self.write(CompressedFile.lz4(plain) { random.below($0) }, path)
            let described = try await Bulkhead.run("rdb", path)
            #expect(described.exitCode == 0, "\(described.errors)")
            #expect(described.output == (try await Bulkhead.run("rdb", server.folder + "/dump.rdb")).output)
            let restored = try await Bulkhead.run("restore", path, "--into", "9", "--url", server.url, "--verify")
            #expect(restored.exitCode == 0, "\(restored.text) \(restored.errors)")
            let count = try await databases[.knowledge].dbsize()
            #expect(try await databases["db9"].dbsize() == count)
        }
    }

    @Test func `hashes with names in a template are restored into any server as plain ones`() async throws {
        let fields = [("a", "1"), ("name", "x"), ("e-mail", "70000")].map {
            RDBHashField(name: Array($0.0.utf8), value: Array($0.1.utf8))
        }
        var template = BodyWriter()
        template.template(5, fields)
        let file = Self.made(RDBVersion(.redis, 15)) { writer in
            ([0xf2] + template.bytes).withUnsafeBytes { writer.body($0) }
            writer.select(0)
            for code in 29...32 {
                var body = BodyWriter()
                body.hash(fields, apart: RDBType(rawValue: UInt8(code)), template: 5)
                Self.key("hash:\(code)", RDBType(rawValue: UInt8(code)), body.bytes, &writer)
            }
        }
        try await withToolServer { server, databases in
            let path = server.folder + "/newest.rdb"
            try Self.write(file, path)
            let restored = try await Bulkhead.run("restore", path, "--into", "main", "--url", server.url, "--verify")
            #expect(restored.exitCode == 0, "\(restored.text) \(restored.errors)")
            for code in 29...32 {
                #expect(
                    try await databases[.main].hgetall("hash:\(code)") == ["a": "1", "name": "x", "e-mail": "70000"])
            }
        }
    }

    private func expectRefusal(of file: [UInt8], _ reason: String) async throws {
        try await withToolServer { server, databases in
            let path = server.folder + "/refused.rdb"
            try Self.write(file, path)
            let refused = try await Bulkhead.run("restore", path, "--into", "main", "--url", server.url)
            #expect(refused.exitCode == 1)
            #expect(refused.text.contains(reason), "\(refused.text)")
            #expect(try await databases[.main].dbsize() == 0)
        }
    }

    @Test func `types that the server lacks are refused by their formats and first servers`() async throws {
        let array: [UInt8] = [1, 0, 5, 0, 1, 97]
        let file = Self.made(RDBVersion(.redis, 14)) { writer in
            writer.select(0)
            Self.key("array", .array, array, &writer)
            Self.key("plain", .string, [1, 97], &writer)
        }
        try await expectRefusal(of: file, "format 14 (Redis 8.8 and newer)")
    }

    @Test func `a key with metadata of modules is refused, as RESTORE would lose it`() async throws {
        var metadata = BodyWriter()
        metadata.metadata([[1, 2, 3]])
        let file = Self.made(RDBVersion(.redis, 13)) { writer in
            writer.select(0)
            metadata.bytes.withUnsafeBytes { writer.body($0) }
            Self.key("tagged", .string, [1, 97], &writer)
        }
        try await expectRefusal(of: file, "modules have attached metadata to it")
    }

    // MARK: Data of modules beside the keys

    private static let aux: [UInt8] = {
        var writer = BodyWriter()
        writer.bytes.append(0xf7)
        writer.length(BodyWriter.moduleID("scdtype00", 1))
        writer.bytes += [2, 1, 5, 4, 100, 97, 116, 97, 0]
        return writer.bytes
    }()

    @Test func `data that modules keep beside the keys is named by rdb, backup, restore and diff`() async throws {
        let file = Self.made(RDBVersion(.redis, 10)) { writer in
            Self.aux.withUnsafeBytes { writer.body($0) }
            writer.select(0)
            Self.key("key", .string, [5] + Array("value".utf8), &writer)
        }
        let words = "scdtype00 (\(Self.aux.count) B)"
        try await withToolServer { server, databases in
            let path = server.folder + "/module.rdb"
            try Self.write(file, path)
            let described = try await Bulkhead.run("rdb", path)
            #expect(described.text.contains(#""scdtype00" : \#(Self.aux.count)"#), "\(described.text)")
            let call = ["restore", path, "--into", "main", "--url", server.url]
            for (more, verb) in [(["--dry-run"], "would not take it"), ([], "did not take it")] {
                let restored = try await Bulkhead.run(call + more)
                #expect(restored.exitCode == 0, "\(restored.errors)")
                let text = restored.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                #expect(text.contains(words) && text.contains(verb), "\(restored.text)")
            }
            let json = try await Bulkhead.run(call + ["--json", "--on-conflict", "replace"])
            #expect(json.text.contains(#""module_data""#))
            let compared = try await Bulkhead.run("diff", path, "main", "--url", server.url)
            #expect(compared.exitCode == 0)
            let text = compared.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains(words) && text.contains("it was not compared"), "\(compared.text)")
        }
        let source = ScriptedServer.sending(
            Array("$EOF:".utf8) + Self.mark + Array("\r\n".utf8) + file + Self.mark)
        defer { source.stop() }
        try await withBackupFolder { folder in
            let path = folder + "/main.rdb"
            let made = try await Bulkhead.run("backup", "main", "--to", path, "--url", "unix://" + source.path)
            #expect(made.exitCode == 0, "\(made.errors)")
            let text = made.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains(words) && text.contains("it is not in the file"), "\(made.errors)")
            #expect(try manifest(path).moduleDataLeftOut == ["scdtype00": Self.aux.count])
        }
    }
}
