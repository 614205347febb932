import BulkheadBenchmarkSupport
import Testing

@Suite struct ToolContestTests {
    private let contest = ToolContest(
        "check", count: 1_000, unit: "keys",
        [
            .init("usual", ["usual"]), .init("ours", ["ours"], target: 5, memoryLimit: 64), .init("other", ["other"]),
        ])

    private func report(seconds: [[Double]], megabytes: Int = 20) -> ToolContestReport? {
        ToolContestReport(
            contest, turns: seconds.map { $0.map { .init(seconds: $0, peakBytes: megabytes << 20) } })
    }

    @Test func `every other round runs backwards`() {
        #expect(contest.order(inRound: 0) == [0, 1, 2])
        #expect(contest.order(inRound: 1) == [2, 1, 0])
    }

    @Test func `ratios are those of each round, not of the medians`() throws {
        // A round in which everything is slow changes no ratio.
        let report = try #require(self.report(seconds: [[10, 1, 10], [100, 10, 50], [12, 2, 12]]))
        #expect(report.rows[0].ratio.median == 1)
        #expect(report.rows[1].ratio.median == 10)
        #expect(report.rows[1].ratio.min == 6)
        #expect(report.rows[1].rate.max == 1_000)
        #expect(report.rows[1].isMet == true)
        #expect(report.rows[0].isMet == nil)
        #expect(report.text().contains("10.0 (6.0–10.0)"))
        #expect(report.text().split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `a target that is missed is said`() throws {
        let report = try #require(self.report(seconds: [[4, 1, 1]]))
        #expect(report.text().contains("≥ 5.0, missed"))
        #expect(self.report(seconds: []) == nil)
    }

    @Test func `what was promised of memory is said beside the most of any round`() throws {
        let modest = try #require(report(seconds: [[4, 1, 1], [4, 1, 1]])).text()
        #expect(modest.contains("Memory of ours: at most 20 MiB (wanted: less than 64).\n"))
        #expect(!modest.contains("Memory of usual"))
        #expect(try #require(report(seconds: [[4, 1, 1]], megabytes: 64)).text().contains("less than 64, missed)"))
    }
}
