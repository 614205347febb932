import Foundation
import BulkheadTestSupport
import Testing

/// The isolation benchmark, small, on servers it starts itself: that it measures what it is asked, not how fast.
@Suite struct IsolationTests {
    private struct Report: Decodable {
        struct Layout: Decodable {
            let name: String
            let answered_gets: Int
            let failed_gets: Int
            let vectors_per_second: Double?
            let steps: Int?
            let step_latency: Percentiles?

            /// Whether the steps of the work were timed, however long they took.
            var hasSteps: Bool {
                guard let steps, let step_latency else { return false }
                return steps > 0 && 0 < step_latency.p50 && step_latency.p50 <= step_latency.max
            }
        }
        struct Percentiles: Decodable {
            let p50: Int64
            let max: Int64
        }
        struct Claim: Decodable {
            let claim: String
            let answer: String
        }
        struct Flush: Decodable {
            let mode: String
            let lost: Int
            let failed_reads: Int
        }
        let layouts: [Layout]
        let claims: [Claim]
        let flushes: [Flush]
    }

    private static func run(seconds: String, _ words: [String]) throws -> (output: String, status: Int32) {
        let small = "--keys 100 --vectors 200 --count 50 --rounds 1 --seconds \(seconds) --warm-up 0 --rate 500"
        let binary = Repository.binaries.appendingPathComponent("BulkheadIsolationBenchmark").path
        return try Child.run(binary, small.split(separator: " ").map(String.init) + words)
    }

    /// Its report. A busy host may let nobody work within a short time: then it measures for longer.
    private static func report(seconds: Double, _ words: [String]) throws -> Report {
        var seconds = seconds
        while true {
            let (output, status) = try run(seconds: "\(seconds)", words + ["--json"])
            try #require(status == 0)
            let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
            let isWhole = report.layouts.allSatisfy { layout in
                layout.answered_gets > 0 && (layout.name == "idle" || layout.vectors_per_second ?? 0 > 0)
            }
            if isWhole || seconds > 5 { return report }
            seconds *= 5
        }
    }

    @Test func `every layout and a flush are measured, and a page is written`() throws {
        let page = FileManager.default.temporaryDirectory.appendingPathComponent("isolation-\(UUID()).html")
        defer { try? FileManager.default.removeItem(at: page) }
        let report = try Self.report(seconds: 0.2, ["--flushed-keys", "2000", "--html", page.path])
        let names = report.layouts.map(\.name)
        let expected = [
            "idle", "one connection", "named databases", "gentle scan", "scanned replica", "separate servers",
        ]
        for name in expected {
            #expect(names.contains(name), "\(name) is missing of \(names)")
        }
        #expect(report.layouts.allSatisfy { $0.answered_gets > 0 && $0.failed_gets == 0 })
        #expect(report.layouts.allSatisfy { $0.name == "idle" || $0.vectors_per_second ?? 0 > 0 })
        #expect(report.layouts.filter { !$0.hasSteps }.map(\.name) == ["idle"])
        #expect(report.flushes.map(\.mode) == ["asynchronous", "synchronous"])
        #expect(report.flushes.allSatisfy { $0.lost == 0 && $0.failed_reads == 0 })
        let flush = report.claims.first { $0.claim.contains("flushed") }
        #expect(flush?.answer.hasPrefix("holds") == true)
        #expect(try String(contentsOf: page, encoding: .utf8).hasPrefix("<!doctype html>"))
    }

    /// A snapshot begins within a second of being asked for.
    @Test(
        .enabled(if: TestTier.hasTime),
        arguments: [
            (0.2, ["scan-10", "scan-10000", "scan+mget", "hget", "keys", "dump", "dump+restore"]), (2.0, ["sync"]),
        ])
    func `every noise that the server can make is made`(seconds: Double, noises: [String]) throws {
        let report = try Self.report(
            seconds: seconds, ["--layouts", "idle", "--noises", noises.joined(separator: ","), "--flushed-keys", "0"])
        #expect(report.layouts.count == 3 + noises.count)
        #expect(report.layouts.allSatisfy { $0.answered_gets > 0 && $0.failed_gets == 0 })
        #expect(report.layouts.dropFirst().allSatisfy { $0.vectors_per_second ?? 0 > 0 })
        // The first snapshot begins before the measured time, and the last may be cut short.
        #expect(report.layouts.dropFirst().allSatisfy { $0.hasSteps || $0.name == "SYNC" })
        #expect(report.flushes.isEmpty)
    }

    private struct LargeReplyReport: Decodable {
        struct Place: Decodable {
            let place: String
            let answered_gets: Int
            let failed_gets: Int
            let replies_per_second: Double
            let reply_p50: Spread?
        }
        struct Spread: Decodable { let median: Double }
        let places: [Place]
    }

    @Test func `a large reply is read by a bare socket and in both databases while GETs are measured`() throws {
        let (output, status) = try Self.run(seconds: "0.5", ["--large-reply", "1", "--json"])
        try #require(status == 0)
        let places = try JSONDecoder().decode(LargeReplyReport.self, from: Data(output.utf8)).places
        #expect(places.map(\.place) == ["idle", "bare socket", "knowledge", "main"])
        #expect(places.allSatisfy { $0.answered_gets > 0 && $0.failed_gets == 0 })
        #expect(places.allSatisfy { ($0.replies_per_second > 0) == ($0.place != "idle") })
        #expect(places.allSatisfy { ($0.reply_p50?.median ?? 0 > 0) == ($0.place != "idle") })
    }
}
