import Bulkhead
import BulkheadConsole
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

@Suite("How check looks on a screen", .timeLimit(.minutes(10))) struct CheckScreenTests {
    private func withReport(_ body: (CheckReport) throws -> Void) async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            try await databases[.main].send(
                "EVAL", "for i = 1, 3000 do redis.call('SET', 'session:more:' .. i, i) end", 0)
            try body(try await report(on: server, sample: 200))
        }
    }

    @Test(arguments: [50, 80, 200])
    func `it is no wider than the screen, and breaks no word`(columns: Int) async throws {
        try await withReport { report in
            let text = report.text(on: Screen(columns: columns))
            for line in text.split(separator: "\n") where !line.contains("$ bulkhead migrate") {
                #expect(line.count <= columns, "\(line)")
            }
            #expect(!text.contains("…\n") && !text.contains("hashta…"))
            let words = Set(text.split(whereSeparator: \.isWhitespace))
            // Only kinds that any sample meets: nearly all of main, and the whole of knowledge.
            for word in ["hash/hashtable", "string/embstr", "knowledge", "llama_index/"] {
                #expect(words.contains(Substring(word)), "\(word) is broken or missing at \(columns) columns")
            }
        }
    }

    @Test func `into a pipe nothing is wrapped or coloured`() async throws {
        try await withReport { report in
            let text = report.text()
            let lines = text.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("Cost: ") && $0.hasSuffix("Pace: considerate.") })
            #expect(lines.contains { $0.contains("from keys drawn at random") && $0.contains("--exact") })
            #expect(!text.contains("\u{1b}"))
        }
    }

    @Test func `a warning is coloured where colours are seen, and none of 0 has a plus and minus`() async throws {
        try await withReport { report in
            let coloured = report.text(on: Screen(columns: 80, hasColours: true))
            #expect(coloured.contains("\u{1b}[33mwarning\u{1b}[0m"))
            let plain = report.text(on: Screen(columns: 80))
            #expect(!plain.contains("\u{1b}"))
            #expect(plain.contains(" ±"), "there are estimates in it")
            #expect(!plain.contains(" 0 ±") && !plain.contains("±0"), "\(plain)")
            #expect(!CheckPage(report: report).text.contains(">0 ±"))
            // What no database has is no row: it is in the JSON.
            #expect(!plain.contains("< 1 week"))
        }
    }
}
