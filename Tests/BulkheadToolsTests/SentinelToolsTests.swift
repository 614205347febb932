import BulkheadTestServer
import Foundation
import Testing

/// The tools on names that live behind sentinels: their catalogue leads them to the primary, whichever server that is.
@Suite(.serialized) struct SentinelToolsTests {
    @Test func `check, doctor, backup, flush, restore and migrate follow a name to its primary`() async throws {
        var options = RedisTestSentinelGroup.Options()
        // A busy machine keeps a primary silent for a second, and a failover loses the newest key.
        options.downAfter = .seconds(5)
        try await RedisTestSentinelGroup.withGroup(options) { group in
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("group-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            let catalogue = folder.appendingPathComponent("names.json").path
            let sentinels = group.sentinelAddresses.map { "\"\($0)\"" }.joined(separator: ", ")
            let place = "\"sentinels\": [\(sentinels)], \"primary\": \"mymaster\""
            try Data(
                """
                {"databases": [{"name": "main", "number": 0, "may_be_flushed": true, \(place)},
                    {"name": "other", "number": 1, "may_be_flushed": true, \(place)}]}
                """.utf8
            ).write(to: URL(fileURLWithPath: catalogue))
            func run(_ words: String...) async throws -> String {
                let outcome = try await Bulkhead.run(words + ["--catalogue", catalogue])
                #expect(outcome.exitCode < 2, "\(words[0]): \(outcome.errors)")
                return outcome.text + outcome.errors
            }
            let file = folder.appendingPathComponent("main.rdb").path
            for isAfterFailover in [false, true] {
                if isAfterFailover { try group.failOver() }
                // The tools write no key of their own: a program does.
                let set = try await Bulkhead.shell(
                    "redis-cli -p \(group.primary()?.port ?? 0) set key value > /dev/null")
                #expect(set.exitCode == 0)
                #expect(try await run("check", "--json", "-q").contains("mymaster of sentinels"))
                #expect(try await run("doctor").contains("mymaster of sentinels"))
                #expect(try await run("backup", "main", "--to", file, "--method", "sync").contains(file))
                _ = try await run("migrate", "--from", "main", "--to", "other", "--all")
                #expect(try await run("diff", "main", "other").contains("key"))
                _ = try await run("restore", file, "--into", "main")
                let same = try await Bulkhead.run("diff", "main", "other", "--catalogue", catalogue)
                #expect(same.exitCode == 0, "\(same.text)\(same.errors)")
                for name in ["main", "other"] { _ = try await run("flush", name, "--yes", "--expecting", "1") }
            }
        }
    }
}
