import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What a server does with keys by itself while a tool brings it more: it evicts, forgets, or cannot save them.
@Suite("What a target does with keys by itself", .timeLimit(.minutes(10))) struct TargetGuardTests {
    private static let keys = 3_000
    /// Room for some 1,300 of them beside what an empty server uses.
    private static let small = ["--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"]

    /// Keys of 2 kB, 6 MB of them.
    private func fill(_ database: RedisDatabase, _ count: Int = keys) async throws {
        let value = String(repeating: "x", count: 2_000)
        for part in stride(from: 0, to: count, by: 500) {
            var batch = RedisBatch()
            for index in part..<min(count, part + 500) { batch.append(.set("t:\(index)", value)) }
            _ = try await database.pipeline(batch)
        }
    }

    /// Two servers, the keys in `main` of the first one, and in a file.
    private func withTarget(
        _ arguments: [String] = [],
        _ body: (_ from: RedisTestServer, RedisDatabase, _ to: RedisTestServer, RedisDatabase, _ file: String)
            async throws -> Void
    ) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await withToolServer(arguments: arguments) { other, others in
                let source = try databases[.main]
                try await fill(source)
                let file = server.folder + "/main.rdb"
                let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url)
                try #require(backup.exitCode == 0, "\(backup.errors)")
                try await body(server, source, other, try others[.main], file)
            }
        }
    }

    private func migrate(_ from: RedisTestServer, _ to: RedisTestServer, _ more: [String] = []) -> [String] {
        ["migrate", "--from", "main", "--pattern", "*", "--url", from.url, "--to-url", to.url, "--quiet"] + more
    }

    private func restore(_ file: String, _ to: RedisTestServer, _ more: [String] = []) -> [String] {
        ["restore", file, "--into", "main", "--url", to.url, "--quiet"] + more
    }

    private func refuses(
        _ words: [String], _ messages: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Bulkhead.run(words)
        let said = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(outcome.exitCode == 2, "\(outcome.text) \(said)", sourceLocation: sourceLocation)
        for message in messages { #expect(said.contains(message), "\(said)", sourceLocation: sourceLocation) }
    }

    // MARK: Before the first key

    @Test(.enabled(if: TestTier.hasTime))
    func `a target that would evict what comes gets nothing`() async throws {
        try await withTarget(Self.small) { from, source, to, target, file in
            for words in [
                migrate(from, to), migrate(from, to, ["--copy"]), migrate(from, to, ["--dry-run"]), restore(file, to),
                restore(file, to, ["--dry-run"]),
            ] {
                try await refuses(words, ["allkeys-lru", "maxmemory-policy noeviction", "maxmemory to at least"])
                #expect(try await source.dbsize() == Self.keys)
                #expect(try await target.dbsize() == 0)
            }
            try await target.send("CONFIG", "SET", "maxmemory", "64mb")
            let moved = try await Bulkhead.run(migrate(from, to))
            #expect(moved.exitCode == 0, "\(moved.errors)")
            #expect(try await target.dbsize() == Self.keys)
        }
    }

    @Test func `a target that would be full half-way gets nothing`() async throws {
        let full = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]
        try await withTarget(full) { from, source, to, target, file in
            for words in [migrate(from, to), restore(file, to)] {
                try await refuses(words, ["maxmemory to at least"])
                #expect(try await source.dbsize() == Self.keys)
                #expect(try await target.dbsize() == 0)
            }
        }
    }

    @Test func `a replica that takes writes would lose them, and gets nothing`() async throws {
        try await RedisTestServer.withServer(RedisTestServer.Options(listening: .tcp)) { primary in
            try await withTarget(["--replica-read-only", "no"]) { from, source, to, target, file in
                try await target.send("REPLICAOF", "127.0.0.1", try #require(primary.port))
                for words in [migrate(from, to), restore(file, to)] {
                    try await refuses(words, ["is on a replica", "127.0.0.1:\(primary.port ?? 0)"])
                    #expect(try await target.dbsize() == 0)
                }
            }
        }
    }

    @Test func `a target that cannot save gets nothing`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gone-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await withTarget(["--dir", folder.path]) { from, source, to, target, file in
            try FileManager.default.removeItem(at: folder)
            // A fork takes its time where others run.
            _ = try? await target.send("BGSAVE")
            let hasFailed = try await eventually {
                try await ServerFacts(of: target).info["rdb_last_bgsave_status"] == "err"
            }
            #expect(hasFailed)
            for words in [migrate(from, to), restore(file, to)] {
                try await refuses(words, ["last save failed"])
                #expect(try await source.dbsize() == Self.keys)
                #expect(try await target.dbsize() == 0)
            }
        }
    }

    @Test func `a node of a cluster has a part of the keys, and gets none from a file`() async throws {
        try await withToolServer(arguments: ["--cluster-enabled", "yes"]) { node, _ in
            try await withTarget { _, _, _, _, file in
                try await refuses(restore(file, node), ["a node of a cluster"])
            }
        }
    }

    // MARK: While keys come

    private enum Tool: String, CaseIterable, CustomTestStringConvertible {
        case migrate, copy, restore
        var testDescription: String { rawValue }
    }

    private func words(_ tool: Tool, _ from: RedisTestServer, _ to: RedisTestServer, _ file: String) -> [String] {
        switch tool {
        case .migrate: migrate(from, to, ["--rate", "400"])
        case .copy: migrate(from, to, ["--rate", "400", "--copy"])
        case .restore: restore(file, to, ["--rate", "400"])
        }
    }

    /// Runs the tool at 400 keys a second, and does something when 100 have arrived.
    private func whileKeysCome(
        _ words: [String], to target: RedisDatabase, _ body: () async throws -> Void
    ) async throws -> (exitCode: Int32, said: String) {
        let outcome = try await Bulkhead.run(words) { _ in
            for _ in 0..<6_000 {
                if try await target.dbsize() >= 100 { break }
                try await Task.sleep(for: .milliseconds(10))
            }
            try await body()
        }
        return (outcome.exitCode, outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: Tool.allCases)
    private func `it ends before a target that has become full evicts a key`(tool: Tool) async throws {
        try await withTarget { from, source, to, target, file in
            let outcome = try await whileKeysCome(words(tool, from, to, file), to: target) {
                let used = try #require(try await ServerFacts(of: target).number("used_memory"))
                try await target.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
                try await target.send("CONFIG", "SET", "maxmemory", used + (2 << 20))
            }
            #expect(outcome.exitCode == 2, "\(outcome.said)")
            #expect(outcome.said.contains("maxmemory-policy noeviction"), "\(outcome.said)")
            let facts = try await ServerFacts(of: target)
            #expect(facts.number("evicted_keys") == 0)
            let arrived = try await target.names.filter { $0.hasPrefix("t:") }
            let left = try await source.names.filter { $0.hasPrefix("t:") }
            #expect(arrived.count >= 100 && arrived.count < Self.keys)
            #expect(Set(arrived + left).count == Self.keys)
            guard tool == .migrate else { return }
            // It goes on when the target is as it was told to make it.
            try await target.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try await target.send("CONFIG", "SET", "maxmemory", "0")
            let rest = try await Bulkhead.run(migrate(from, to, ["--resume"]))
            #expect(rest.exitCode == 0, "\(rest.errors)")
            #expect(try await source.dbsize() == 0)
            #expect(try await target.dbsize() == Self.keys)
        }
    }

    @Test(arguments: Tool.allCases)
    private func `it ends at the first key that is evicted, and says that keys may be gone`(tool: Tool) async throws {
        try await withTarget { from, source, to, target, file in
            let outcome = try await whileKeysCome(words(tool, from, to, file), to: target) {
                let used = try #require(try await ServerFacts(of: target).number("used_memory"))
                try await target.send("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
                try await target.send("CONFIG", "SET", "maxmemory", used - 50_000)
            }
            #expect(outcome.exitCode == 2, "\(outcome.said)")
            #expect(outcome.said.contains("evicted"), "\(outcome.said)")
            // All but those that had arrived before are where they were.
            if tool == .migrate { #expect(try await source.dbsize() > Self.keys / 2) }
        }
    }

    @Test func `it does not go on in a server that was started anew without what had been restored`() async throws {
        try await withTarget { from, _, to, target, file in
            let outcome = try await whileKeysCome(words(.restore, from, to, file), to: target) {
                to.kill()
                try to.restart()
            }
            #expect(outcome.exitCode == 2, "\(outcome.said)")
            // The step that was under way fails, or the next one finds another server.
            let words = ["it is unknown", "cannot connect", "was restarted", "connection-closed"]
            #expect(words.contains { outcome.said.contains($0) }, "\(outcome.said)")
        }
    }
}
