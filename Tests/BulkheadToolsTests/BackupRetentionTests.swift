import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("Old backups", .serialized, .timeLimit(.minutes(10))) struct BackupRetentionTests {
    /// Copies a backup to the name of an older time, with a manifest of its own.
    private func age(_ path: String, to time: String, _ change: (inout BackupManifest) -> Void = { _ in }) throws {
        var manifest = try manifest(path)
        let (folder, name) = FilePath.split(path)
        manifest.file = name.split(separator: "-")[0] + "-\(time).rdb"
        change(&manifest)
        let copy = folder + "/" + manifest.file
        try Data(try bytes(path)).write(to: URL(fileURLWithPath: copy))
        try Data(try manifest.json("test")).write(to: URL(fileURLWithPath: copy + ".json"))
    }

    @Test func `only a database's own files are deleted, oldest first, after the new one is safe`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.knowledge].set("doc", "1")
            try await databases[.main].set("session", "1")
            try await withBackupFolder { folder in
                let first = try await Bulkhead.run("backup", "knowledge", "--to", folder, "-q", "--url", server.url)
                #expect(first.exitCode == 0, "\(first.errors)")
                #expect(first.errors == "")
                let newest = String(first.text.dropLast())
                for day in 1...5 { try age(newest, to: "2020010\(day)T000000Z") }
                // None of these is an old backup of knowledge of this server.
                try age(newest, to: "20190101T000000Z") { $0.server.address = "elsewhere:6379" }
                try age(newest, to: "20190102T000000Z") { $0.database.number = 2 }
                try age(newest, to: "20190103T000000Z") { $0.format = "something else" }
                try age(newest, to: "20190104T000000Z") { $0.content.crc64 = "0000000000000000" }
                try age(newest, to: "20190105T000000Z") { $0.pattern = "doc:*" }
                try age(newest, to: "2019") { _ in }
                for name in ["knowledge-20180101T000000Z.rdb", "knowledge.rdb", "notes.txt"] {
                    try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
                }
                let foreign = try names(in: folder).filter { $0.contains("-201") || !$0.contains("-2") }
                try FileManager.default.removeItem(atPath: newest)
                try FileManager.default.removeItem(atPath: newest + ".json")

                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "main", "--to", folder, "--keep", "3", "--json", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
                let gone = ["1", "2", "3"].map { "\(folder)/knowledge-2020010\($0)T000000Z.rdb" }
                #expect(json?["deleted"] as? [String] == gone)
                #expect(outcome.errors.contains("Deleted 3 old"))
                let left = try names(in: folder)
                for name in foreign { #expect(left.contains(name), "\(name)") }
                #expect(left.filter { $0.hasPrefix("knowledge-202") && $0.hasSuffix(".rdb") }.count == 3)
                #expect(left.filter { $0.hasPrefix("main-") }.count == 2)
            }
        }
    }

    @Test func `nothing old is deleted where the new backup fails`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.knowledge].set("doc", "1")
            try await withBackupFolder { folder in
                let first = try await Bulkhead.run("backup", "knowledge", "--to", folder, "--url", server.url)
                for day in 1...5 { try age(String(first.text.dropLast()), to: "2020010\(day)T000000Z") }
                let before = try names(in: folder)
                let url = server.url
                server.stop()
                let outcome = try await Bulkhead.run("backup", "knowledge", "--to", folder, "--keep", "1", "--url", url)
                #expect(outcome.exitCode == 2)
                #expect(try names(in: folder) == before)
            }
        }
    }

    @Test func `a manifest that lost its file to a crash is removed once it is older than what is kept`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try writeBackups(
            to: folder,
            [
                ("20200101T000000Z", 1, false), ("20200102T000000Z", 1, true), ("20200103T000000Z", 1, true),
                ("20200104T000000Z", 1, false),
            ])
        let retention = BackupRetention(folder: folder, address: "a:1", name: "knowledge", number: 1)
        let outcome = try retention.deleteAllBut(1, made: "knowledge-20200103T000000Z.rdb")
        #expect(outcome.gone == ["\(folder)/knowledge-20200102T000000Z.rdb"])
        #expect(
            try names(in: folder) == [
                "knowledge-20200103T000000Z.rdb", "knowledge-20200103T000000Z.rdb.json",
                "knowledge-20200104T000000Z.rdb.json",
            ])
    }

    @Test func `after a flush by mistake the last backup with keys stays, however many empty ones come`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try writeBackups(to: folder, (1...5).map { ("2020010\($0)T000000Z", $0 <= 2 ? 10 : 0, true) })
        let retention = BackupRetention(folder: folder, address: "a:1", name: "knowledge", number: 1)
        let made = "knowledge-20200105T000000Z.rdb"
        func left() throws -> [String] {
            try names(in: folder).filter { $0.hasSuffix(".rdb") }.map { String($0.dropFirst(16).prefix(2)) }
        }
        _ = try retention.deleteAllBut(3, made: made)
        #expect(try left() == ["02", "03", "04", "05"])
        _ = try retention.deleteAllBut(1, made: made)
        #expect(try left() == ["02", "05"])
        // As soon as there are keys again it goes with the others.
        try writeBackups(to: folder, [("20200106T000000Z", 7, true)])
        _ = try retention.deleteAllBut(1, made: "knowledge-20200106T000000Z.rdb")
        #expect(try left() == ["06"])
    }

    @Test func `a backup never deletes itself, though others have a later time in their names`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.knowledge].set("doc", "1")
            try await withBackupFolder { folder in
                let first = try await Bulkhead.run("backup", "knowledge", "--to", folder, "-q", "--url", server.url)
                let old = String(first.text.dropLast())
                // The clock of a machine stood in 2090.
                for day in 1...3 { try age(old, to: "2090010\(day)T000000Z") }
                try age(old, to: "20200101T000000Z")
                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "--to", folder, "--keep", "1", "--url", server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                let made = FilePath.split(String(outcome.text.dropLast())).name
                let later = (1...3).map { "knowledge-2090010\($0)T000000Z.rdb" }
                #expect(try names(in: folder).filter { $0.hasSuffix(".rdb") } == [made] + later)
                #expect(outcome.errors.contains("Kept and not counted"))
                #expect(outcome.errors.contains("a clock was or is wrong"))
            }
        }
    }

    /// Files that manifests say to be backups of knowledge, with so many keys; or such a manifest alone.
    private func writeBackups(to folder: String, _ backups: [(time: String, keys: Int, hasFile: Bool)]) throws {
        for backup in backups {
            let file = "knowledge-\(backup.time).rdb"
            let content = Array("snapshot\(backup.time)".utf8)
            let manifest = BackupManifest(
                tool: "bulkhead", server: .init(address: "a:1", version: "7.0", flavour: "redis"),
                database: .init(name: "knowledge", number: 1, numberInFile: 1), file: file, rdbVersion: 10,
                content: .init(bytes: content.count, checksum: content.suffix(8)), keys: backup.keys, expiring: 0,
                types: [:], functions: 0, consistency: .pointInTime, startedAt: "", endedAt: "")
            try Data(try manifest.json("test")).write(to: URL(fileURLWithPath: "\(folder)/\(file).json"))
            if backup.hasFile { try Data(content).write(to: URL(fileURLWithPath: "\(folder)/\(file)")) }
        }
    }
}
