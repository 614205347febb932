import Foundation
import BulkheadTestSupport
import Testing

/// The program that kills migrations: that it does what it is asked, and would find what it looks for.
/// `Tests/migration-kills` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct MigrationKillsTests {
    private static func run(_ words: String...) throws -> (output: String, status: Int32) {
        try Child.run(Repository.binaries.appendingPathComponent("BulkheadMigrationKills").path, words)
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `killed migrations and servers lose and double nothing`() throws {
        let (output, status) = try Self.run("--rounds", "2", "--keys", "1000")
        #expect(status == 0, "\(output)")
        #expect(output.contains("Nothing was lost or doubled."))
        #expect(output.split(separator: "\n").count { $0.contains(" killed, ") } == 8)
    }

    @Test(arguments: [("--copy", "doubled"), ("--dry-run", "lost")])
    func `a migration that does something else is found out`(flag: String, finding: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wrong-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = folder.appendingPathComponent("bulkhead")
        let program = Repository.binaries.appendingPathComponent("bulkhead").path
        try "#!/bin/sh\nexec \(program) \"$@\" \(flag)\n".write(to: script, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
        let (output, status) = try Self.run(
            "--rounds", "1", "--keys", "500", "--only", "client killed, one server", "--program", script.path)
        #expect(status == 1, "\(finding): \(output)")
        #expect(!output.contains("Nothing was lost or doubled."))
    }
}
