import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct IsolationStepsTests {
    /// A round with steps of these lengths in microseconds beside a hundred GETs of 100 µs.
    private func round(
        _ layout: IsolationLayout, _ round: Int = 0, noise: IsolationNoise = .vectors, steps: [Int64] = []
    ) -> IsolationMeasurement {
        var gets = LatencyHistogram()
        var lengths = LatencyHistogram()
        for _ in 0..<100 { gets.record(nanoseconds: 100_000) }
        for step in steps { lengths.record(nanoseconds: step * 1_000) }
        return IsolationMeasurement(
            step: RoundPlan.Step(round: round, case: IsolationCase(layout, noise: noise)),
            seen: ProbeMeasurement(
                latencies: gets, lateness: LatencyHistogram.of(1_000), intendedGets: 100, failedGets: 0, seconds: 1,
                work: layout.isScanned ? 1_000 : 0, workSeconds: 1, steps: lengths))
    }

    private func report(_ rounds: [IsolationMeasurement]) throws -> IsolationReport {
        try #require(
            IsolationReport(
                date: "", machine: .current(), servers: [], settings: IsolationSettings(), skipped: [],
                measurements: rounds))
    }

    private func named(_ steps: [[Int64]]) throws -> IsolationSummary {
        let rounds = steps.enumerated().flatMap { [round(.idle, $0), round(.namedDatabases, $0, steps: $1)] }
        return try #require(try report(rounds).summaries.last)
    }

    /// Whether it is the value, in microseconds, or at most 1/128 more: what a histogram promises.
    private func isNear(_ nanoseconds: Int64?, _ microseconds: Int64) -> Bool {
        guard let nanoseconds else { return false }
        return (0...microseconds * 1_000 / 128).contains(nanoseconds - microseconds * 1_000)
    }

    @Test func `a step counts where it began in the measured time, and to its end, also after that time`() {
        var steps = NoiseSteps()
        steps.end(since: 150, at: 160)
        #expect(steps.latencies.count == 0)
        steps.measure(100..<200)
        for (begun, ended) in [(99, 150), (100, 105), (199, 900), (200, 201)] as [(Int64, Int64)] {
            steps.end(since: begun, at: ended)
        }
        #expect(steps.latencies.count == 2)
        #expect(steps.latencies.min == 5 && steps.latencies.max == 701)
    }

    @Test func `beginnings are kept also of steps that are not measured, up to a limit`() {
        var steps = NoiseSteps()
        steps.measure(100..<200)
        for instant in [5, 150, 900] as [Int64] { steps.begin(at: instant) }
        #expect(steps.beginnings == [5, 150, 900] && steps.latencies.count == 0)
        for _ in 0..<NoiseSteps.mostBeginnings { steps.begin(at: 1_000) }
        #expect(steps.beginnings.count == NoiseSteps.mostBeginnings)
    }

    @Test func `steps are merged over rounds as GETs are`() throws {
        let summary = try named([[1_000, 2_000], [3_000], [4_000, 9_000]])
        #expect(summary.steps == 5)
        #expect(isNear(summary.stepLatency?.p50, 3_000))
        #expect(summary.stepLatency?.max == 9_000_000)
    }

    @Test func `the steps of a typical round are medians of the rounds, so that a stall in one changes none`() throws {
        let summary = try named([[1_000, 2_000], [1_500, 2_500], [90_000, 95_000]])
        let typical = summary.stepLatencyOfRounds
        #expect(isNear(typical?.p50, 1_500))
        #expect(typical?.p99 == 2_500_000 && typical?.max == 2_500_000)
        #expect(summary.stepLatency?.max == 95_000_000)
    }

    @Test func `a round in which no step ended changes neither figure`() throws {
        let summary = try named([[], [1_000], []])
        #expect(isNear(summary.stepLatencyOfRounds?.p50, 1_000) && isNear(summary.stepLatency?.p50, 1_000))
        #expect(summary.steps == 1)
    }

    @Test func `the second table has a line for all but idle, and dashes where no step ended`() throws {
        let lines = try report([
            round(.idle), round(.namedDatabases, steps: [4_000, 4_000]), round(.namedDatabases, noise: .sync),
        ]).text().split(separator: "\n", omittingEmptySubsequences: false)
        let title = try #require(lines.firstIndex { $0.hasPrefix("layout ") && $0.contains(" steps ") })
        let words = lines[(title + 2)...].prefix { !$0.isEmpty }.map { $0.split(separator: "  ").map { $0.trimmed } }
        #expect(
            words == [
                ["named databases", "slice", "2", "4.00 ms", "4.00 ms", "4.00 ms", "4.00 ms"],
                ["SYNC", "snapshot", "0", "–", "–", "–", "–"],
            ])
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test func `what is said of steps is said of those that were measured, and no others`() throws {
        let scans = try report([round(.idle), round(.namedDatabases)]).stepsMeaning
        #expect(scans.contains("at most 1,000 keys") && scans.contains("in knowledge at the same time"))
        for word in ["page is", "snapshot", "analytics", "MGET", "RESTORE"] {
            #expect(!scans.contains(word), "\(word)")
        }
        let others = try report(
            [round(.idle), round(.namedDatabases)]
                + [.mget, .migration, .sync].map { round(.namedDatabases, noise: $0) }
        ).stepsMeaning
        for word in ["page is", "snapshot", "analytics", "with the MGET", "of DUMP+RESTORE it is two"] {
            #expect(others.contains(word), "\(word)")
        }
    }

    @Test func `a full report stays within 80 columns in both tables`() throws {
        let cases = RoundPlan.cases(
            layouts: IsolationLayout.allCases, noises: IsolationNoise.allCases, rates: [500, 8_000])
        let steps = [Int64](repeating: 123_456, count: 12_345)
        let report = try report(
            cases.map { kind in
                let seen = round(kind.layout, noise: kind.noise, steps: kind.layout.isScanned ? steps : []).seen
                return IsolationMeasurement(step: RoundPlan.Step(round: 0, case: kind), seen: seen)
            })
        let lines = report.text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.count { $0.hasPrefix("layout ") } == 2, "a table goes on in further blocks")
        #expect(lines.count { $0.contains("12.3 k") } == cases.count { $0.layout.isScanned })
        #expect(!lines.contains { $0.contains("…") })
    }

    @Test func `the page shows the steps of every layout but idle`() throws {
        let page = try report([round(.idle), round(.namedDatabases, steps: [2_000])]).page()
        #expect(page.contains("<tr><th>named databases</th><td>slice</td><td>1</td><td>2.00 ms</td>"))
        #expect(page.ranges(of: "<td>slice</td>").count == 1)
    }

    @Test func `what the last column counts is said where it is not vectors`() throws {
        let vectors = [round(.idle), round(.namedDatabases)]
        #expect(try report(vectors).otherUnits == nil)
        let others = [.keys, .sync, .hget].map { round(.namedDatabases, noise: $0) }
        #expect(try report(vectors + others).otherUnits == "vectors/s also stands for keys of KEYS; for bytes of SYNC.")
    }

    @Test func `the certainty of a range is that of the case with the fewest rounds`() throws {
        func conditions(idle: Int, named: Int) throws -> String {
            try report(
                (0..<idle).map { round(.idle, $0) } + (0..<idle).map { round(.considerate, $0) }
                    + (0..<named).map { round(.namedDatabases, $0) }
            ).conditions
        }
        let parts = "over about seven parts of the rounds, which holds the true value with 98 % certainty;"
        #expect(try conditions(idle: 21, named: 7).contains(parts))
        #expect(try conditions(idle: 7, named: 7).contains("with 98 % certainty;"))
        #expect(try conditions(idle: 21, named: 21).contains(parts))
        #expect(try conditions(idle: 9, named: 7).contains("with 98 % certainty or more;"))
        #expect(try !conditions(idle: 1, named: 1).contains("certainty"))
    }

    @Test func `what the server counted leaves out what took less than a hundredth of its time`() {
        let truth = ServerTruth(
            commands: [
                .init(name: "replconf", calls: 4, microsecondsPerCall: 1),
                .init(name: "get", calls: 1_000, microsecondsPerCall: 1),
                .init(name: "scan", calls: 20, microsecondsPerCall: 1),
            ], slowestMicroseconds: nil, slowestCommand: nil, latencyEvents: [:])
        #expect(truth.text == "get 1,000 × 1.00 µs, scan 20 × 1.00 µs")
    }
}

extension LatencyHistogram {
    fileprivate static func of(_ nanoseconds: Int64) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: nanoseconds)
        return histogram
    }
}

extension Substring {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
