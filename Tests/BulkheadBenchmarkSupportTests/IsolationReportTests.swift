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
                latencies: latencies, lateness: late, stalls: late, intendedGets: 1_000 + failed, failedGets: failed,
                seconds: 0.5, work: layout.isScanned ? vectors : 0, workSeconds: 0.5, steps: stepLatencies,
                truth: ServerTruth(
                    commands: [.init(name: "get", calls: 1_000, microsecondsPerCall: 1.5)], slowestMicroseconds: 5_300,
                    slowestCommand: "scan", latencyEvents: ["command": 5])))
    }

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

    private func answer(
        _ idle: [(Int64, Int64)], _ named: [(Int64, Int64)], lateness: (idle: Int64, named: Int64) = (5, 5)
    ) throws -> String {
        let measurements =
            idle.enumerated().map { measurement(.idle, round: $0, p50: $1.0, p99: $1.1, lateness: lateness.idle) }
            + named.enumerated().map {
                measurement(.namedDatabases, round: $0, p50: $1.0, p99: $1.1, lateness: lateness.named)
            }
        return try report(measurements).verdict.answer.rawValue
    }

    @Test func `the claim holds up to one and a half times the idle p99`() throws {
        #expect(try answer([(100, 200)], [(100, 297)]) == "yes")
        #expect(try answer([(100, 200)], [(200, 310)]) == "no")
    }

    @Test func `slow GETs beside typical ones that are as fast as idle make it hold at the median only`() throws {
        #expect(try answer([(100, 200)], [(120, 2_000)]) == "only at the median")
        #expect(try answer([(100, 200)], [(180, 2_000)]) == "no")
    }

    @Test func `rounds on both sides of the limit leave it undecided`() throws {
        let idle: [(Int64, Int64)] = [(100, 200), (100, 200), (100, 200)]
        #expect(try answer(idle, [(100, 220), (100, 230), (100, 400)]) == "undecided")
        #expect(try answer(idle, [(100, 220), (100, 230), (100, 240)]) == "yes")
    }

    @Test func `fewer than a third of the rounds may be disturbed without leaving it undecided`() throws {
        let idle: [(Int64, Int64)] = Array(repeating: (100, 200), count: 4)
        #expect(try answer(idle, [(300, 1_000), (300, 1_000), (300, 200), (300, 1_000)]) == "no")
        #expect(try answer(idle, [(100, 220), (100, 900), (100, 230), (100, 240)]) == "yes")
        #expect(try answer(idle, [(100, 220), (100, 900), (100, 900), (100, 240)]) == "undecided")
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

    @Test func `a yes needs an undisturbed idle measurement: any scan looks harmless beside another`() throws {
        #expect(try answer([(100, 4_000)], [(100, 1_000)], lateness: (3_000, 5)) == "undecided")
        #expect(try answer([(100, 4_000)], [(100, 1_000)], lateness: (20, 3_000)) == "yes")
    }

    @Test func `a yes needs idle rounds that agree, a no does not`() throws {
        let unsteady: [(Int64, Int64)] = [(100, 200), (100, 900), (100, 900)]
        #expect(try answer(unsteady, [(100, 210), (100, 400), (100, 400)]) == "undecided")
        #expect(try answer(unsteady, [(400, 2_000), (400, 2_000), (400, 2_000)]) == "no")
    }

    @Test func `a no needs an undisturbed measurement beside the scan, and only that`() throws {
        #expect(try answer([(100, 200)], [(400, 4_000)], lateness: (5, 3_000)) == "undecided")
        #expect(try answer([(100, 200)], [(400, 4_000)], lateness: (150, 20)) == "no")
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

    @Test func `the verdict names the claim, the answer, the figures and the criterion`() throws {
        let text = try report([
            measurement(.idle, p50: 100, p99: 200), measurement(.namedDatabases, p50: 300, p99: 1_860),
        ]).verdict.text
        #expect(text.hasPrefix(#"VERDICT: does "vector scans don't affect cache operations" hold"#))
        for part in ["? NO: ", "1.86 ms while scanned", "against 200 µs idle, 9.3 ×", "p50 3.0 ×", "within 1.5 ×"] {
            #expect(text.contains(part), "missing: \(part)")
        }
    }

    @Test func `the sentence of named databases tells a ruined cache from a calm one`() throws {
        func sentence(p99: Int64, lateness: Int64 = 5) throws -> String {
            try #require(
                try report([
                    measurement(.idle, p50: 100, p99: 200, lateness: lateness),
                    measurement(.namedDatabases, p50: 100, p99: p99),
                ]).sentences.last)
        }
        #expect(
            try sentence(p99: 1_860)
                == "named databases: while knowledge is scanned at 204 k/s, GET p99 in main is 9.3 × idle: "
                + "numbers keep keys apart, not the server's time")
        #expect(try sentence(p99: 210).hasSuffix("1.1 × idle: at this size of page the server finds time for both"))
        #expect(try sentence(p99: 210, lateness: 150).hasSuffix("too disturbed to mean anything"))
    }

    @Test func `a sentence draws no conclusion from rounds on both sides of the limit`() throws {
        let sentence = try report([
            measurement(.idle, round: 0, p50: 100, p99: 200), measurement(.idle, round: 1, p50: 100, p99: 200),
            measurement(.namedDatabases, round: 0, p50: 100, p99: 200),
            measurement(.namedDatabases, round: 1, p50: 100, p99: 2_000),
        ]).sentences.last
        #expect(try #require(sentence).hasSuffix("the rounds disagree too much to tell"))
    }

    @Test func `separate servers that share a core are not blamed for it`() throws {
        let measurements = [
            measurement(.idle, p50: 100, p99: 200), measurement(.namedDatabases, p50: 100, p99: 900),
            measurement(.separateServers, p50: 100, p99: 900),
        ]
        func blamesCores(_ cores: [Int?], allowed: [Int]) throws -> Bool {
            try report(measurements, cores: cores, allowed: allowed).text(width: 1_000).contains("still share cores")
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
        #expect(title.hasSuffix("× idle  vectors/s") && title.contains("p99.9"))
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
                "name", "case", "p99_times_idle_of_rounds", "get_latency_of_rounds", "is_unsteady", "canary", "curve",
                "timeline", "truth", "get_latency",
                "sender_lateness", "p99_of_rounds", "p99_times_idle",
                "p50_times_idle",
                "answered_gets", "failed_gets", "intended_gets_per_second", "achieved_gets_per_second",
                "vectors_per_second", "sentence", "step", "steps", "step_latency", "step_latency_of_rounds",
            ])
        #expect(Set(layouts[1].keys).subtracting(layouts[0].keys) == [
            "p99_times_idle", "p50_times_idle", "vectors_per_second", "step", "steps", "step_latency",
            "step_latency_of_rounds",
        ])
        for (layout, member) in [(0, "get_latency"), (1, "step_latency"), (1, "step_latency_of_rounds")] {
            let latency = try #require(layouts[layout][member] as? [String: Int])
            #expect(Set(latency.keys) == ["p50", "p90", "p99", "p999", "max"], "\(member)")
        }
        let verdict = try #require(object["verdict"] as? [String: String])
        #expect(Set(verdict.keys) == ["claim", "criterion", "answer", "text"])
    }

    /// The answers to the claims about scans, for GET p99 in microseconds and thousand vectors a second by layout.
    private func answers(_ figures: [(IsolationLayout, Int64, Int)]) throws -> [String: String] {
        let measurements = [measurement(.idle, p50: 100, p99: 200)]
            + figures.map { measurement($0.0, p50: 100, p99: $0.1, vectors: $0.2 * 500) }
        return try report(measurements).claims.reduce(into: [:]) {
            $0[$1.claim] = $1.answer.rawValue + ($1.condition.map { " " + $0 } ?? "")
        }
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
        let measurements = (0..<4).flatMap { round in
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

    @Test func `a flush that loses a vector is no flush without loss`() throws {
        func flush(lost: Int, failed: Int = 0) -> FlushMeasurement {
            var reads = LatencyHistogram()
            reads.record(nanoseconds: 150_000)
            return FlushMeasurement(
                mode: .asynchronous, round: 0, keys: 100_000, nanoseconds: 2_000_000, before: reads, during: reads,
                lost: lost, failedReads: failed)
        }
        func answer(_ flushes: [FlushMeasurement]) throws -> IsolationClaim? {
            let measurements = [
                measurement(.idle, p50: 100, p99: 200), measurement(.namedDatabases, p50: 100, p99: 900),
            ]
            let report = try #require(
                IsolationReport(
                    date: "", machine: .current(), servers: [], settings: IsolationSettings(), skipped: [],
                    measurements: measurements, flushes: flushes))
            return report.claims.first { $0.claim.contains("flushed") }
        }
        #expect(try answer([]) == nil)
        #expect(try answer([flush(lost: 0)])?.answer == .holds)
        #expect(try answer([flush(lost: 0), flush(lost: 1)])?.answer == .doesNotHold)
        #expect(try answer([flush(lost: 0, failed: 1)])?.answer == .doesNotHold)
        #expect(try answer([flush(lost: 0)])?.figures.contains("100,000 keys of main: no vector") == true)
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
