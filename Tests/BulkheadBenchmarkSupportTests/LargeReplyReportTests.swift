import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct LargeReplyReportTests {
    /// 100 GETs of which 98 take `p50` and the others `p99`, in microseconds.
    private static func seen(
        p50: Int64, p99: Int64, replies: Int = 0, failed: Int = 0, took: [Int64] = []
    ) -> ProbeMeasurement {
        var latencies = LatencyHistogram()
        var replyTimes = LatencyHistogram()
        for time in took { replyTimes.record(nanoseconds: time * 1_000) }
        for index in 0..<100 { latencies.record(nanoseconds: (index < 98 ? p50 : p99) * 1_000) }
        return ProbeMeasurement(
            latencies: latencies, lateness: latencies, intendedGets: 100 + failed, failedGets: failed, seconds: 1,
            work: replies, workSeconds: 0.5, steps: replyTimes)
    }

    private static func report(_ rounds: [[LargeReplyPlace: ProbeMeasurement]]) -> LargeReplyReport? {
        var settings = IsolationSettings()
        settings.largeReply = 50
        settings.rounds = rounds.count
        return LargeReplyReport(
            date: "2025-01-02T03:04:05Z", machine: CPUPinning(allowedCores: [1], coreCount: 2),
            server: .init(address: "127.0.0.1:7000", version: "redis 7.0.15", core: 0), settings: settings,
            rounds: rounds)
    }

    @Test func `each place has the median and the ends of its rounds, and is compared round by round`() throws {
        let report = try #require(
            Self.report([
                [
                    .idle: Self.seen(p50: 100, p99: 200), .bareSocket: Self.seen(p50: 100, p99: 300, replies: 8),
                    .knowledge: Self.seen(p50: 100, p99: 400, replies: 5),
                    .main: Self.seen(p50: 200, p99: 800, replies: 5),
                ],
                [
                    .idle: Self.seen(p50: 100, p99: 400), .bareSocket: Self.seen(p50: 100, p99: 400, replies: 8),
                    .knowledge: Self.seen(p50: 100, p99: 400, replies: 15),
                    .main: Self.seen(p50: 200, p99: 800, replies: 5, failed: 3),
                ],
            ]))
        #expect(report.places.map(\.place) == LargeReplyPlace.allCases)
        #expect(report.places[0].p99TimesIdle == nil)
        let times = try report.places[2...].map { try #require($0.p99TimesIdle) }
        #expect(abs(times[0].median - 1.5) < 0.05 && abs(times[0].max - 2) < 0.05 && abs(times[0].min - 1) < 0.05)
        #expect(abs(times[1].median - 3) < 0.05)
        #expect(report.places.map(\.repliesPerSecond) == [0, 16, 20, 10])
        #expect(report.places.map(\.failedGets) == [0, 0, 0, 3])
        let text = report.text()
        for words in ["read by, in", "bare socket", "knowledge", "50 MiB", "3 GETs failed", "of 2 rounds"] {
            #expect(text.replacing("\n", with: " ").contains(words), "\(words)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= Table.defaultWidth })
    }

    @Test func `how long a reply takes is the median and the ends of its rounds, where one is read`() throws {
        let idle = Self.seen(p50: 100, p99: 200)
        let report = try #require(
            Self.report(
                [[1_000, 4_000], [2_000, 6_000], [3_000, 5_000]].map { took in
                    [
                        .idle: idle, .bareSocket: Self.seen(p50: 100, p99: 200, replies: 2, took: took),
                        .knowledge: idle, .main: idle,
                    ]
                }))
        let read = report.places[1]
        #expect(abs((read.replyP50?.median ?? 0) - 2_000_000) < 20_000)
        #expect(abs((read.replyP50?.min ?? 0) - 1_000_000) < 10_000)
        #expect(read.replyP99?.median == 5_000_000 && read.replyP99?.max == 6_000_000)
        #expect(report.places[0].replyP50 == nil && report.places[2].replyP99 == nil)
        #expect(report.text().contains("reply p50"))
    }

    @Test func `a place without an answer gives no report`() {
        let silent = ProbeMeasurement(
            latencies: LatencyHistogram(), lateness: LatencyHistogram(), intendedGets: 5, failedGets: 5, seconds: 1,
            work: 0, workSeconds: 1)
        let fine = Self.seen(p50: 1, p99: 2)
        #expect(Self.report([[.idle: fine, .bareSocket: fine, .knowledge: silent, .main: fine]]) == nil)
        #expect(Self.report([[.idle: fine, .bareSocket: fine, .knowledge: fine]]) == nil)
        #expect(Self.report([[.idle: fine, .bareSocket: fine, .knowledge: fine, .main: fine]]) != nil)
    }
}
