#if os(Linux)
import Bulkhead
import Foundation
import RedisTestServer
import TestSupport
import Testing

@testable import BulkheadTools

@Suite("Memory of backups", .serialized, .timeLimit(.minutes(5))) struct BackupMemoryTests {
    /// KiB that a backup may have in memory at its peak, the program itself included.
    private static let most = 64 << 10

    @Test func `a backup of 200 MB holds at most 64 MiB at any moment`() async throws {
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
                // VmHWM is the peak so far: the last look counts.
                let outcome = try await Bulkhead.shell(
                    """
                    bulkhead backup knowledge --to \(folder)/k.rdb --url \(server.url) & pid=$!
                    while grep VmHWM /proc/$pid/status 2>/dev/null; do sleep 0.02; done
                    wait $pid
                    """)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                let peaks = outcome.text.split(separator: "\n").filter { $0.hasPrefix("VmHWM") }
                    .compactMap { line in line.split(separator: " ").compactMap { Int($0) }.first }
                let peak = try #require(peaks.max())
                #expect(peak < Self.most, "\(peak) KiB")
                let made = try manifest(folder + "/k.rdb")
                #expect(made.keys == 1_901)
                #expect(made.content.bytes > 200_000_000)
            }
        }
    }
}
#endif
