import Foundation
import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct IsolationReportTests {
    /// 1,000 GETs of which 985 take `p50` and the others `p99`, in microseconds.
    private func measurement(
        _ layout: IsolationLayout, round: Int = 0, p50: Int64, p99: Int64, lateness: Int64 = 5, failed: Int = 0,
        vectors: Int = 102_000, noise: IsolationNoise = .vectors, steps: [Int64] = []
    ) -> IsolationMeasurement {
        var latencies = LatencyHistogram()
        var late = LatencyHistogram()
        var stepLatencies = LatencyHistogram()
        for step in steps { stepLatencies.record(nanoseconds: step * 1_000) }
        for index in 0..<1_000 {
            latencies.record(nanoseconds: (index < 985 ? p50 : p99) * 1_000)
            late.record(nanoseconds: lateness * 1_000)
        }
        return IsolationMeasurement(
            step: RoundPlan.Step(round: round, case: IsolationCase(layout, noise: noise)),
            seen: ProbeMeasurement(
                latencies: latencies, lateness: late, stalls: late, calmStalls: late,
                intendedGets: 1_000 + failed, failedGets: failed, seconds: 0.5,
                work: layout.isScanned ? vectors : 0, workSeconds: 0.5, steps: stepLatencies,
                truth: ServerTruth(
                    commands: [.init(name: "get", calls: 1_000, microsecondsPerCall: 1.5)], slowestMicroseconds: 5_300,
                    slowestCommand: "scan", latencyEvents: ["command": 5])))
    }

    /// Five rounds of each.
    private func steady(_ measurements: [IsolationMeasurement]) -> [IsolationMeasurement] {
        (0..<5).flatMap { round in
            measurements.map {
                IsolationMeasurement(step: RoundPlan.Step(round: round, case: $0.step.case), seen: $0.seen)
            }
        }
    }

    /// What shows that a run can see harm.
    private var bad: [IsolationMeasurement] { steady([measurement(.oneConnection, p50: 1_000, p99: 3_000)]) }

    private func report(
        _ measurements: [IsolationMeasurement], cores: [Int?] = [0, 0], allowed: [Int]? = [1],
        settings: IsolationSettings = IsolationSettings(), skipped: [String] = []
    ) throws -> IsolationReport {
        try #require(
            IsolationReport(
                date: "2025-01-02T03:04:05Z", machine: CPUPinning(allowedCores: allowed, coreCount: 2),
                servers: cores.enumerated().map {
                    .init(address: "127.0.0.1:\(7_000 + $0)", version: "redis 7.0.15", core: $1)
                },
                settings: settings, skipped: skipped, measurements: measurements))
    }

    @Test func `a stall of the machine in one round changes no typical latency`() throws {
        let report = try report([
            measurement(.idle, round: 0, p50: 100, p99: 200), measurement(.idle, round: 1, p50: 100, p99: 9_000),
            measurement(.idle, round: 2, p50: 100, p99: 210), measurement(.namedDatabases, p50: 100, p99: 900),
        ])
        let idle = try #require(report.summaries.first)
        #expect((208_000...212_000).contains(idle.getLatencyOfRounds.p99))
        #expect(idle.getLatency.max == 9_000_000)
    }

    @Test func `a round is compared with idle about the same time, and one stall counts for nothing`() throws {
        let report = try report(
            (0..<9).flatMap { round -> [IsolationMeasurement] in
                // The machine is four times as slow from round 4 on, and stalls in round 1.
                let pace: Int64 = round < 4 ? 1 : 4
                return [
                    measurement(.idle, round: round, p50: 100, p99: round == 1 ? 9_000 : 200 * pace),
                    measurement(.namedDatabases, round: round, p50: 100, p99: 1_000 * pace),
                ]
            })
        let factors = try #require(report.summaries.last?.p99TimesIdleOfRounds)
        for round in [0, 1, 7, 8] { #expect(abs(factors[round] - 5) < 0.1, "round \(round): \(factors)") }
    }

    @Test func `the sentence of named databases distinguishes a ruined cache from a calm one`() throws {
        func sentence(p99: Int64, lateness: Int64 = 5) throws -> String {
            try #require(
                try report(
                    bad
                        + steady([
                            measurement(.idle, p50: 100, p99: 200, lateness: lateness),
                            measurement(.namedDatabases, p50: 100, p99: p99),
                        ])
                ).sentences.last)
        }
        #expect(
            try sentence(p99: 1_860)
                == "named databases: while knowledge is scanned at 204 k/s, GET p99 in main is 9.3 × idle: "
                + "numbers separate keys, but all of them share the server's time")
        #expect(try sentence(p99: 210).hasSuffix("1.1 × idle: at this size of page the server serves both in time"))
        #expect(try sentence(p99: 210, lateness: 150).hasSuffix("undecided, as everything in this run"))
    }

    @Test func `a sentence draws no conclusion from rounds on both sides of the limit`() throws {
        let idle = (0..<5).map { measurement(.idle, round: $0, p50: 100, p99: 200) }
        let named = (0..<5).map { measurement(.namedDatabases, round: $0, p50: 100, p99: $0 == 2 ? 200 : 2_000) }
        let sentence = try report(idle + bad + named).sentences.last
        #expect(try #require(sentence).contains("undecided, because the rounds of named databases lie on both sides"))
    }

    @Test func `separate servers that share a core are not blamed for it`() throws {
        let measurements = [
            measurement(.idle, p50: 100, p99: 200), measurement(.namedDatabases, p50: 100, p99: 900),
            measurement(.separateServers, p50: 100, p99: 900),
        ]
        func blamesCores(_ cores: [Int?], allowed: [Int]) throws -> Bool {
            try report(steady(measurements) + bad, cores: cores, allowed: allowed).text(on: .pipe)
                .contains("but share cores")
        }
        #expect(try blamesCores([0, 0], allowed: [1]))
        #expect(try blamesCores([0, 1], allowed: [1]))
        #expect(try blamesCores([nil, nil], allowed: [0, 1]))
        #expect(try !blamesCores([0, 2], allowed: [1]))
    }

    @Test func `the text stays within 80 columns and keeps the table in one block`() throws {
        let slow: Int64 = 123_456
        let report = try report(
            IsolationLayout.allCases.map { measurement($0, p50: 101, p99: slow, failed: 3) },
            skipped: ["separate servers: not measured, because there is no --second-url"])
        let lines = report.text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 })
        let title = try #require(lines.first { $0.hasPrefix("layout ") })
        #expect(
            title.hasSuffix("vectors/s") && title.contains("p99.9") && title.contains("× idle")
                && title.contains("canary"))
        #expect(lines.contains { $0.contains("no --second-url") })
        #expect(lines.contains { $0.contains("failures: 3 GETs of") })
        for layout in IsolationLayout.allCases {
            #expect(lines.contains { $0.hasPrefix("- \(layout.name):") }, "\(layout.name) has no sentence")
        }
    }

    @Test func `there is no report without answers of idle or of named databases`() {
        func report(_ measurements: [IsolationMeasurement]) -> IsolationReport? {
            IsolationReport(
                date: "", machine: .current(), servers: [], settings: IsolationSettings(), skipped: [],
                measurements: measurements)
        }
        #expect(report([measurement(.idle, p50: 1, p99: 2)]) == nil)
        #expect(report([measurement(.namedDatabases, p50: 1, p99: 2)]) == nil)
    }

    @Test func `the JSON has every documented member, and no URL, which may hold a password`() throws {
        var settings = IsolationSettings()
        settings.url = "redis://:secret@host"
        settings.secondURL = "redis://:secret@other"
        let report = try report(
            [
                measurement(.idle, p50: 100, p99: 200),
                measurement(.namedDatabases, p50: 100, p99: 900, steps: [2_000, 3_000]),
            ],
            settings: settings, skipped: ["separate servers: not measured"])
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(report)
        #expect(!String(decoding: data, as: UTF8.self).contains("secret"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "benchmark", "format", "date", "machine", "servers", "options", "layouts", "skipped", "verdict",
                "claims", "flushes",
            ])
        let layouts = try #require(object["layouts"] as? [[String: Any]])
        #expect(
            Set(layouts[1].keys) == [
                "name", "case", "p99_times_idle_of_rounds", "get_latency_of_rounds", "canary", "calm_canary", "curve",
                "rounds", "spoilt_rounds", "set_aside_gets", "timeline", "truth", "get_latency",
                "sender_lateness", "p99_of_rounds", "p99_times_idle",
                "p50_times_idle",
                "answered_gets", "failed_gets", "intended_gets_per_second", "achieved_gets_per_second",
                "vectors_per_second", "sentence", "step", "steps", "step_latency", "step_latency_of_rounds",
            ])
        #expect(
            Set(layouts[1].keys).subtracting(layouts[0].keys) == [
                "p99_times_idle", "p50_times_idle", "vectors_per_second", "step", "steps", "step_latency",
                "step_latency_of_rounds",
            ])
        for (layout, member) in [(0, "get_latency"), (1, "step_latency"), (1, "step_latency_of_rounds")] {
            let latency = try #require(layouts[layout][member] as? [String: Int])
            #expect(Set(latency.keys) == ["p50", "p90", "p99", "p999", "max"], "\(member)")
        }
        let verdict = try #require(object["verdict"] as? [String: Any])
        #expect(Set(verdict.keys) == ["claim", "criterion", "answer", "reason", "hidden_delay", "text"])
    }

    /// The answers to the claims about scans, for GET p99 in microseconds and thousand vectors a second by layout.
    private func answers(_ figures: [(IsolationLayout, Int64, Int)]) throws -> [String: String] {
        let measurements =
            [measurement(.idle, p50: 100, p99: 200)]
            + figures.map { measurement($0.0, p50: 100, p99: $0.1, vectors: $0.2 * 500) }
        return try report(steady(measurements) + bad).claims.reduce(into: [:]) { $0[$1.claim] = $1.answerText }
    }

    @Test func `a claim that fails by itself holds with the first remedy that helps`() throws {
        let claim = IsolationVerdict.claim
        #expect(try answers([(.namedDatabases, 1_800, 200)])[claim] == "does not hold")
        #expect(
            try answers([(.namedDatabases, 1_800, 200), (.considerate, 280, 100)])[claim]
                == "holds only with a considerate scan")
        #expect(
            try answers([(.namedDatabases, 1_800, 200), (.considerate, 480, 100), (.separateServers, 210, 200)])[claim]
                == "holds only with a server of its own")
    }

    @Test func `a remedy whose rounds disagree is none`() throws {
        let measurements =
            bad
            + (0..<6).flatMap { round in
                [
                    measurement(.idle, round: round, p50: 100, p99: 200),
                    measurement(.namedDatabases, round: round, p50: 300, p99: 1_800),
                    measurement(.considerate, round: round, p50: 100, p99: round.isMultiple(of: 2) ? 210 : 390),
                ]
            }
        let claim = try #require(try report(measurements).claims.first)
        #expect(claim.claim == IsolationVerdict.claim && claim.answer == .doesNotHold && claim.condition == nil)
    }

    @Test func `a paced scan must be kind and fast`() throws {
        func considerate(_ p99: Int64, _ rate: Int) throws -> String? {
            let claim = "a considerate scan keeps the cache fast"
            return try answers([(.namedDatabases, 1_800, 200), (.considerate, p99, rate)])[claim]
        }
        #expect(try considerate(290, 110) == "holds")
        #expect(try considerate(290, 90) == "does not hold")
        #expect(try considerate(330, 110) == "does not hold")
        let gentle = try answers([(.namedDatabases, 1_800, 200), (.gentle, 235, 61)])
        #expect(gentle["a gentle scan is not noticed by the cache"] == "holds")
    }

    @Test func `prefixes and names are compared with each other`() throws {
        let claim = "databases of their own keep the cache faster than prefixes in one database"
        #expect(try answers([(.namedDatabases, 1_800, 200), (.oneDatabase, 1_900, 200)])[claim] == "does not hold")
        #expect(try answers([(.namedDatabases, 900, 200), (.oneDatabase, 1_900, 200)])[claim] == "holds")
    }

    private func flushReport(_ flushes: [FlushMeasurement]) throws -> IsolationReport {
        let measurements = [
            measurement(.idle, p50: 100, p99: 200), measurement(.namedDatabases, p50: 100, p99: 900),
        ]
        return try #require(
            IsolationReport(
                date: "", machine: .current(), servers: [], settings: IsolationSettings(), skipped: [],
                measurements: measurements, flushes: flushes))
    }

    /// A flush beside reads of which the slowest takes so long, in microseconds.
    private func flush(lost: Int, failed: Int = 0, slowest: Int64 = 150, stall: Int64 = 0) -> FlushMeasurement {
        var reads = LatencyHistogram()
        reads.record(nanoseconds: slowest * 1_000)
        return FlushMeasurement(
            mode: .synchronous, round: 0, keys: 100_000, nanoseconds: 2_000_000, before: reads, during: reads,
            stall: stall * 1_000, lost: lost, failedReads: failed)
    }

    @Test func `a flush that loses a vector is no flush without loss`() throws {
        func answer(_ flushes: [FlushMeasurement]) throws -> IsolationClaim? {
            try flushReport(flushes).claims.first { $0.claim.contains("flushed") }
        }
        #expect(try answer([]) == nil)
        #expect(try answer([flush(lost: 0)])?.answer == .holds)
        #expect(try answer([flush(lost: 0), flush(lost: 1)])?.answer == .doesNotHold)
        #expect(try answer([flush(lost: 0, failed: 1)])?.answer == .doesNotHold)
        #expect(try answer([flush(lost: 0)])?.figures.contains("100,000 keys of main: no vector") == true)
    }

    @Test func `a flush that lost nothing but stopped reads is not green, and the machine's part is reported`() throws {
        let stopped = try flushReport([flush(lost: 0, slowest: 965_000)])
        let claim = try #require(stopped.claims.last)
        #expect(claim.answerText == "holds, but the synchronous flush stopped reads for 965 ms")
        #expect(stopped.page().contains("<li class=\"partly\"><b>the cache can be flushed"))
        #expect(try flushReport([flush(lost: 0)]).page().contains("<li class=\"good\"><b>the cache can be flushed"))
        let stalled = try flushReport([flush(lost: 0, slowest: 965_000, stall: 900_000)])
        #expect(stalled.claims.last?.answerText.hasSuffix("the machine itself may have taken 900 ms") == true)
    }

    @Test func `the page stands by itself and shows every layout`() throws {
        let report = try report(IsolationLayout.allCases.map { measurement($0, p50: 101, p99: 2_000) })
        let page = report.page()
        for foreign in ["http", "<script", "src=", "@import", "url("] {
            #expect(!page.contains(foreign), "the page has \(foreign)")
        }
        for layout in IsolationLayout.allCases { #expect(page.contains("<th>\(layout.name)</th>")) }
        #expect(page.contains("--c\(IsolationLayout.allCases.count - 1):"), "a layout has no colour")
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("name=\"viewport\""))
        #expect(page.components(separatedBy: "<polyline").count - 1 == IsolationLayout.allCases.count)
        #expect(!page.contains("nan") && !page.contains("inf\""))
    }

    @Test func `what stands in a page cannot become markup`() {
        #expect(HTML.text("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;")
    }

    @Test func `a timeline keeps the slowest of each slice, and no more than it has room for`() {
        var timeline = IsolationTimeline()
        timeline.record(at: 1_000_000, latency: 5)
        timeline.record(at: 2_000_000, latency: 9)
        timeline.record(at: 3_000_000, latency: 7)
        timeline.record(at: 12_000_000, latency: 4)
        timeline.record(at: -1, latency: 99)
        timeline.record(at: .max, latency: 99)
        #expect(timeline.slowest == [9, 0, 4])
        for begun in 0..<10_000 { timeline.mark(at: Int64(begun) * 1_000) }
        timeline.mark(at: .max)
        #expect(timeline.steps == (0..<10).map { $0 * 1_000 })
    }
}
