import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What a backup of a database that has lost most of its keys does to the backups of when it had them.
@Suite("A backup and a better one", .timeLimit(.minutes(10))) struct BackupBetterTests {
    private func fill(_ database: RedisDatabase, _ count: Int) async throws {
        try await database.flushdb()
        var batch = RedisBatch()
        for index in 0..<count { batch.append(.set("key:\(index)", "value \(index)")) }
        _ = try await database.pipeline(batch)
    }

    @Test func `a file that holds more than twice as much is replaced only if that is said`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            let path = server.folder + "/main.rdb"
            func backup(_ more: String...) async throws -> Bulkhead.Outcome {
                try await Bulkhead.run(["backup", "main", "--to", path, "--url", server.url] + more)
            }
            try await fill(main, 1_000)
            #expect(try await backup().exitCode == 0)
            try await fill(main, 1)
            for words in [[], ["--replace"]] {
                let outcome = try await Bulkhead.run(["backup", "main", "--to", path, "--url", server.url] + words)
                #expect(outcome.exitCode == 1, "\(outcome.errors)")
                #expect(outcome.errors.contains("--allow-smaller"), "\(outcome.errors)")
                #expect(try manifest(path).keys == 1_000)
                #expect(try names(in: server.folder).filter { $0.hasPrefix("main.rdb") }.count == 2)
            }
            #expect(try await backup("--allow-smaller").exitCode == 0)
            #expect(try manifest(path).keys == 1)
            // As many keys, and hardly anything in them.
            try await main.set("key:0", (0..<100_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 40_503) >> 7) })
            #expect(try await backup().exitCode == 0)
            try await main.set("key:0", "")
            #expect(try await backup().exitCode == 1)
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `a flush takes its backup beside one that is there`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            let path = server.folder + "/main.rdb"
            for (round, count) in [1_000, 1, 1_000].enumerated() {
                // Times in names are of whole seconds.
                if round > 0 { try await Task.sleep(for: .milliseconds(1_100)) }
                try await fill(main, count)
                let outcome = try await Bulkhead.run(
                    "flush", "main", "--yes", "--expecting", "\(count)", "--backup-first", path, "--json", "--url",
                    server.url)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
                let made = try #require(json?["backup"] as? String)
                #expect(try manifest(made).keys == count)
                #expect(try manifest(path).keys == 1_000)
            }
            let files = try names(in: server.folder).filter { $0.hasPrefix("main") && $0.hasSuffix(".rdb") }
            #expect(files.count == 3)
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `the last backup that is much larger than all that are kept stays, and why is said`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            try await withBackupFolder { folder in
                func backup(_ more: String...) async throws -> Bulkhead.Outcome {
                    let outcome = try await Bulkhead.run(
                        ["backup", "main", "--to", folder, "--keep", "1", "--url", server.url] + more)
                    #expect(outcome.exitCode == 0, "\(outcome.errors)")
                    try await Task.sleep(for: .milliseconds(1_100))
                    return outcome
                }
                func keys() throws -> [Int] {
                    try names(in: folder).filter { $0.hasSuffix(".rdb") }.map { try manifest(folder + "/" + $0).keys }
                }
                try await fill(main, 1_000)
                _ = try await backup()
                try await fill(main, 2)
                let outcome = try await backup()
                #expect(try keys() == [1_000, 2])
                #expect(outcome.errors.contains("1,000 keys"), "\(outcome.errors)")
                #expect(outcome.errors.contains("--allow-smaller"), "\(outcome.errors)")
                _ = try await backup()
                #expect(try keys() == [1_000, 2])
                _ = try await backup("--allow-smaller")
                #expect(try keys() == [2])
            }
        }
    }
}
