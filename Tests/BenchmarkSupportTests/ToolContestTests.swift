import BenchmarkSupport
import Testing

@Suite struct ToolContestTests {
    private let contest = ToolContest(
        "check", count: 1_000, unit: "keys",
        [.init("usual", ["usual"]), .init("ours", ["ours"], target: 5), .init("other", ["other"])])

    @Test func `every other round runs backwards`() {
        #expect(contest.order(inRound: 0) == [0, 1, 2])
        #expect(contest.order(inRound: 1) == [2, 1, 0])
    }

    @Test func `ratios are those of each round, not of the medians`() throws {
        // A round in which everything is slow changes no ratio.
        let report = try #require(ToolContestReport(contest, seconds: [[10, 1, 10], [100, 10, 50], [12, 2, 12]]))
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
        let report = try #require(ToolContestReport(contest, seconds: [[4, 1, 1]]))
        #expect(report.text().contains("≥ 5.0, missed"))
        #expect(ToolContestReport(contest, seconds: []) == nil)
    }
}
