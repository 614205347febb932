#if os(Linux)
import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("Memory of backups", .serialized, .timeLimit(.minutes(10))) struct BackupMemoryTests {
    /// KiB that a backup may have in memory at its peak, the program itself included.
    private static let most = 64 << 10

    /// The most memory that a run of the program had, in KiB.
    private func peak(of words: [String]) async throws -> Int {
        let (outcome, peak) = try await Bulkhead.peak(of: words)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        return peak
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a copy key by key of 150 values of 1 MB holds at most 64 MiB, too`() async throws {
        try await withToolServer(arguments: promptly + ["--rdbcompression", "no"]) { server, databases in
            let database = try databases[.knowledge]
            let value = RESPBytes((0..<1_000_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 40_503) >> 7) })
            for index in 0..<150 { try await database.set("image:\(index)", value) }
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let words = ["backup", "knowledge", "--to", path, "--method", "scan", "--url", server.url]
                let peak = try await peak(of: words)
                #expect(peak < Self.most, "\(peak) KiB")
                #expect(try manifest(path).keys == 150)
            }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a backup of 200 MB holds at most 64 MiB at any moment`() async throws {
        try await withToolServer(arguments: promptly + ["--rdbcompression", "no"]) { server, databases in
            let database = try databases[.knowledge]
            let value = RESPBytes((0..<100_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 40_503) >> 7) })
            for batch in 0..<38 {
                _ = try await database.pipeline((0..<50).map { .set("vector:\(batch * 50 + $0)", value) })
            }
            // One value of 10 MB must not be in memory as a whole either.
            let large = RESPBytes(Array(repeating: 7, count: 10_000_000))
            try await database.set("large", large)
            try await withBackupFolder { folder in
                let words = ["backup", "knowledge", "--to", folder + "/k.rdb", "--url", server.url]
                let peak = try await peak(of: words)
                #expect(peak < Self.most, "\(peak) KiB")
                let made = try manifest(folder + "/k.rdb")
                #expect(made.keys == 1_901)
                #expect(made.content.bytes > 200_000_000)
            }
        }
    }
}
#endif
