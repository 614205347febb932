#if os(Linux)
import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Values that are large for one key, or too large for the server that is to take them.
@Suite("Large values", .serialized, .timeLimit(.minutes(10))) struct LargeValueTests {
    /// Bytes that no compression makes fewer.
    private static func noise(_ count: Int) -> RESPBytes {
        var random = SeededGenerator(seed: 7)
        return RESPBytes((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }

    private func text(_ outcome: Bulkhead.Outcome) -> Comment { "\(outcome.text)\(outcome.errors)" }

    @Test(.enabled(if: TestTier.isWhole))
    func `a large hash takes a few times its bytes, and not its elements in memory`() async throws {
        try await withSides(.acrossCopy) { sides in
            let count = 200_000
            let filling = """
                for i = 1, \(count) do redis.call('HSET', KEYS[1], 'field ' .. i, 'value ' .. i) end
                return #redis.call('DUMP', KEYS[1])
                """
            let dumped = try #require(try await sides.source.send("EVAL", filling, 1, "t:big").integer)
            let most = 5 * Int(dumped) / 1_024 + 48 << 10
            try await sides.source.send("SAVE")
            let (from, to) = (sides.server.url, try #require(sides.words.last))
            let file = sides.server.folder + "/dump.rdb"
            for words in [
                ["migrate", "--from", "main", "--all", "--to", "main", "--copy", "--verify", "--url", from]
                    + ["--to-url", to],
                ["diff", "main", "main", "--url", from, "--right-url", to],
                ["restore", file, "--into", "knowledge", "--verify", "--yes", "--url", to],
                ["migrate", "--from", "main", "--all", "--to", "db4", "--url", from, "--to-url", to],
            ] {
                let words = words.map { $0 == "db4" ? "4" : $0 }
                let (outcome, peak) = try await Bulkhead.peak(of: words)
                #expect(outcome.exitCode == 0, text(outcome))
                #expect(peak < most, "\(words[0]): \(peak) KiB of \(most) with a value of \(dumped) bytes")
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: ["proto-max-bulk-len", "client-query-buffer-limit"])
    func `a value that the target does not take in one command stays, and the limit is named`(
        setting: String
    ) async throws {
        try await withToolServer { server, databases in
            try await withToolServer(arguments: ["--\(setting)", "1mb"]) { other, others in
                let source = try databases[.main]
                try await source.set("t:large", Self.noise(2 << 20))
                let noise = Self.noise(100_000)
                for index in 0..<40 { try await source.set("t:\(index)", noise) }
                try await source.send("SAVE")
                let words = ["--from", "main", "--all", "--to-url", other.url]
                let migrated = try await Migrated.run(words, from: server)
                #expect(migrated.exitCode == 1, "\(migrated.json) \(migrated.errors)")
                #expect(migrated["moved"] == 40)
                #expect(migrated["failed"] == 1)
                #expect(migrated.remarks.contains { $0.contains(setting) }, "\(migrated.remarks)")
                #expect(try await source.names == ["t:large"])
                #expect(try await others[.main].dbsize() == 40)

                let restore =
                    ["restore", server.folder + "/dump.rdb", "--into", "knowledge", "--yes"]
                    + ["--url", other.url]
                let refused = try await Bulkhead.run(restore)
                #expect(refused.exitCode == 1 && (refused.text + refused.errors).contains(setting), text(refused))
                #expect(try await others[.knowledge].dbsize() == 0)
                let others40 = try await Bulkhead.run(restore + ["--skip-unsupported"])
                #expect(others40.exitCode == 1, text(others40))
                #expect(try await others[.knowledge].dbsize() == 40)

                // With more room it goes.
                try await others[.main].send("CONFIG", "SET", setting, 8 << 20)
                let rest = try await Migrated.run(words, from: server)
                #expect(rest.exitCode == 0 && rest["moved"] == 1, "\(rest.json) \(rest.errors)")
            }
        }
    }

    @Test func `a connection that ends under a value that may have been too large says so`() async throws {
        try await withToolServer { server, databases in
            try await withToolServer(arguments: ["--proto-max-bulk-len", "1mb"]) { other, others in
                let rights: [any RedisArgument] = ["tools", "on", ">secret", "~*", "&*", "+@all", "-config"]
                try await others[.main].send("ACL", ["SETUSER"] + rights)
                try await databases[.main].set("t:large", Self.noise(2 << 20))
                let url = other.url.replacingOccurrences(of: "unix://", with: "unix://tools:secret@")
                let migrated = try await Migrated.run(["--from", "main", "--all", "--to-url", url], from: server)
                #expect(migrated.exitCode == 2, "\(migrated.json)")
                #expect(migrated.said.contains("proto-max-bulk-len"), "\(migrated.said)")
                #expect(try await databases[.main].strlen("t:large") == 2 << 20)
                #expect(try await others[.main].exists("t:large") == 0)
            }
        }
    }
}

extension Bulkhead {
    /// Runs the program, and the most memory that it had, in KiB.
    static func peak(of words: [String]) async throws -> (Outcome, Int) {
        var peaks: [Int] = []
        let outcome = try await run(words) { process in
            // VmHWM is the peak so far: the last look counts.
            while let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
            {
                peaks += line.split(separator: " ").compactMap { Int($0) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        return (outcome, try #require(peaks.max()))
    }
}
#endif
