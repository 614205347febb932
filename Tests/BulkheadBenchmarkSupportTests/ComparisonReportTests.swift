import Foundation
import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct ComparisonReportTests {
    private func reading(_ rate: Double, p50: Double = 20, p999: Double? = 100, cpu: Double = 2) -> ComparisonReading {
        ComparisonReading(commandsPerSecond: rate, p50: p50, p999: p999, processorTime: cpu)
    }

    private func report(_ rows: [ComparisonRow], skipped: [String] = [], cores: [Int]? = [0, 1]) -> ComparisonReport {
        var machine = ComparisonReport.Machine(
            processor: "Processor X", coreCount: 2, kernel: "Linux 6.1", swift: "Swift 6.3.1", load: 0.25)
        machine.cyclesPerSecond = 3.24e9
        machine.secondLevelCache = 1 << 20
        machine.stolen = 0.0123
        return ComparisonReport(
            date: "2026-11-23T21:49:49Z", commit: "a8bb6b8f0123 + changes", machine: machine,
            server: "redis 7.0.15", pinned: .init(allowedCores: cores), rounds: 7, seconds: 1, rows: rows,
            skipped: skipped)
    }

    /// Every row with figures as wide as they get.
    private func widestRows() -> [ComparisonRow] {
        ComparisonPoint.allCases.compactMap { point in
            let samples: [ComparisonSample] =
                switch point.unit {
                case .nanoseconds: [183_000, 1_620_000].map { ComparisonSample(ours: $0, beside: $0 / 99.5) }
                case .perSecond: [234_000, 131_000].map { ComparisonSample(ours: $0, beside: $0 / 99.5) }
                case .cycles: [1_994, 1_050].map { ComparisonSample(ours: $0, beside: $0 / 9.5) }
                case .allocations: [ComparisonSample(ours: 10.54, beside: nil)]
                }
            return ComparisonRow(point, samples)
        }
    }

    @Test func `the ratio is taken in each round, so that a slow round slows both sides`() throws {
        let row = try #require(
            ComparisonRow(
                .fiftyCallers,
                [
                    ComparisonSample(ours: 500, beside: 100), ComparisonSample(ours: 60, beside: 10),
                    ComparisonSample(ours: 7_000, beside: 1_000),
                ]))
        #expect(row.ratio == Spread([5, 6, 7]))
        #expect(row.ours == Spread([60, 500, 7_000]))
        #expect(row.beside == Spread([10, 100, 1_000]))
        #expect(row.judged == row.ratio)
    }

    @Test func `a row without samples, or without what it is compared with, is none`() {
        #expect(ComparisonRow(.fiftyCallers, []) == nil)
        #expect(ComparisonRow(.fiftyCallers, [ComparisonSample(ours: 1, beside: nil)]) == nil)
        #expect(ComparisonRow(.fiftyCallers, [ComparisonSample(ours: .nan, beside: 1)]) == nil)
        #expect(ComparisonRow(.getAllocations, [ComparisonSample(ours: 1, beside: nil)]) != nil)
    }

    @Test func `a target is met by its limit, and missed by a little more`() {
        #expect(ComparisonTarget.atMost(0.6).isMet(by: 0.6))
        #expect(!ComparisonTarget.atMost(0.6).isMet(by: 0.601))
        #expect(ComparisonTarget.atLeast(5).isMet(by: 5))
        #expect(!ComparisonTarget.atLeast(5).isMet(by: 4.99))
        #expect(!ComparisonTarget.atMost(1).isMet(by: .nan) && !ComparisonTarget.atLeast(1).isMet(by: .nan))
        #expect(ComparisonTarget.atMost(1).verdict(on: 1) == "met")
        #expect(ComparisonTarget.atLeast(1).verdict(on: 0) == "not met")
    }

    @Test func `the median decides, of the ratio beside redis-benchmark and of the figure elsewhere`() throws {
        func verdict(_ point: ComparisonPoint, _ samples: [(Double, Double?)]) throws -> String? {
            try #require(ComparisonRow(point, samples.map { ComparisonSample(ours: $0, beside: $1) })).verdict
        }
        #expect(try verdict(.asyncLatency, [(30, 50), (30, 50), (90, 50)]) == "met")
        #expect(try verdict(.asyncLatency, [(30, 50), (31, 50), (90, 50)]) == "not met")
        #expect(try verdict(.bulkDecoding, [(90, 5), (100, 5), (900, 5)]) == "met")
        #expect(try verdict(.bulkDecoding, [(90, 5_000), (101, 5_000), (900, 5_000)]) == "not met")
        #expect(try verdict(.thousandBesideThousand, [(1, 2)]) == nil)
    }

    @Test func `the targets are those that were set`() {
        let targets = ComparisonPoint.allCases.map { "\($0.name): \($0.targetText ?? "none")" }
        #expect(
            targets == [
                "1 async caller, p50: ≤ 0.6", "1 blocking caller, p50: ≤ 0.6", "50 callers: ≥ 5",
                "1,000 callers: ≥ 12", "1,000 callers, -c 1000: none", "pipeline of 100, async: ≥ 0.9",
                "pipeline of 100, blocking: ≥ 0.9", "CPU a GET, 50 callers: ≤ 0.2",
                "50 callers ÷ loop: ≥ 0.5", "1,000 callers ÷ loop: ≥ 0.5", "1,000 ÷ loop, busy cache: ≥ 0.5",
                "1,000 callers ÷ 50: ≥ 1", "10,000 callers ÷ 1,000: ≥ 0.75", "1,000 ÷ 50, busy cache: ≥ 1",
                "1,000 callers, p99.9÷p50: ≤ 10", "MGET of vectors, async: ≥ 0.8", "MGET of vectors, blocking: ≥ 0.8",
                "HGETALL of 10,000 fields: ≥ 0.8", "XREAD of 1,000 entries: ≥ 0.8", "SCAN page of 1,000 keys: ≥ 0.8",
                "decode bulk of 100 bytes: ≤ 100", "decode array of 10: ≤ 750", "decode integer: ≤ 50",
                "GET, 1 caller: ≤ 2",
                "GET, 50 callers: ≤ 2", "GET, 1 blocking caller: ≤ 2", "SET, 1 caller: ≤ 1", "SET, 50 callers: ≤ 1",
                "SET, 1 blocking caller: ≤ 1", "INCR, 1 caller: ≤ 1", "INCR, 50 callers: ≤ 1",
                "INCR, 1 blocking caller: ≤ 1", "clean release build: ≤ 60 s",
            ])
    }

    @Test func `each row takes its figures from its own programs, times in nanoseconds`() throws {
        let round: [ComparedProgram: ComparisonReading] = [
            .asyncOne: reading(1, p50: 20), .blockingOne: reading(2, p50: 25), .plainOne: reading(3, p50: 50),
            .asyncFifty: reading(400, cpu: 2.5), .plainFifty: reading(100, cpu: 10),
            .asyncThousand: reading(1_200, p50: 700, p999: 2_100), .plainThousand: reading(80),
            .asyncPipeline: reading(900), .blockingPipeline: reading(950), .plainPipeline: reading(1_000),
            .asyncVectors: reading(8), .blockingVectors: reading(9), .plainVectors: reading(10),
            .loopFifty: reading(500), .loopThousand: reading(1_500), .asyncTenThousand: reading(1_000),
            .busyFifty: reading(300), .busyThousand: reading(310), .busyLoop: reading(620),
            .hash: reading(11), .plainHash: reading(12), .stream: reading(13), .plainStream: reading(14),
            .scan: reading(15), .plainScan: reading(16),
        ]
        let expected: [ComparisonPoint: ComparisonSample] = [
            .asyncLatency: .init(ours: 20_000, beside: 50_000), .blockingLatency: .init(ours: 25_000, beside: 50_000),
            .fiftyCallers: .init(ours: 400, beside: 100), .thousandCallers: .init(ours: 1_200, beside: 100),
            .thousandBesideThousand: .init(ours: 1_200, beside: 80),
            .asyncPipeline: .init(ours: 900, beside: 1_000), .blockingPipeline: .init(ours: 950, beside: 1_000),
            .asyncVectors: .init(ours: 8, beside: 10), .blockingVectors: .init(ours: 9, beside: 10),
            .processorTime: .init(ours: 2_500, beside: 10_000),
            .fiftyBesideLoop: .init(ours: 400, beside: 500), .thousandBesideLoop: .init(ours: 1_200, beside: 1_500),
            .busyBesideLoop: .init(ours: 310, beside: 620), .thousandBesideFifty: .init(ours: 1_200, beside: 400),
            .tenThousandBesideThousand: .init(ours: 1_000, beside: 1_200),
            .busyThousandBesideFifty: .init(ours: 310, beside: 300),
            .thousandTail: .init(ours: 2_100_000, beside: 700_000),
            .hash: .init(ours: 11, beside: 12), .stream: .init(ours: 13, beside: 14),
            .scan: .init(ours: 15, beside: 16),
        ]
        for point in ComparisonPoint.allCases { #expect(point.sample(of: round) == expected[point]) }
        #expect(ComparisonPoint.fiftyCallers.sample(of: [.asyncFifty: reading(1)]) == nil)
    }

    @Test func `the text stays within 80 columns, cuts no name and shows every row`() {
        let rows = widestRows()
        #expect(rows.count == ComparisonPoint.allCases.count)
        let text = report(rows, skipped: ["Something was not measured"]).text()
        for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        #expect(!text.contains("…"))
        for point in ComparisonPoint.allCases { #expect(text.contains("\n\(point.name) ")) }
        #expect(text.contains("- Something was not measured\n"))
    }

    @Test func `a row of the text has ours, what stands beside it, ratio, target and verdict`() throws {
        let row = try #require(
            ComparisonRow(
                .fiftyCallers,
                [
                    ComparisonSample(ours: 405_000, beside: 92_000), ComparisonSample(ours: 500_000, beside: 100_000),
                    ComparisonSample(ours: 612_000, beside: 90_000),
                ]))
        let text = report([row]).text()
        #expect(text.contains("work           ours    beside             ratio  target  verdict\n"))
        #expect(text.contains("50 callers  500 k/s  92.0 k/s  5.00 (4.40–6.80)     ≥ 5  met\n"))
    }

    @Test func `the text says how, where, when and of what it was made`() {
        let text = report(widestRows()).text().replacing("\n", with: " ")
        for part in [
            "one redis 7.0.15", "the server on core 0", "each program on core 1", "7 rounds of about 1.0 s",
            "Processor X, 2 cores of about 3.2 G cycles a second, 1,024 KiB of L2 cache, Linux 6.1", "Swift 6.3.1",
            "The load before was 0.3.", "The host gave 1.2 % of the time to others.", "2026-11-23T21:49:49Z",
            "commit a8bb6b8f0123 + changes",
        ] { #expect(text.contains(part), "missing: \(part)") }
        #expect(report(widestRows(), cores: [0]).text().contains("nothing pinned"))
    }

    @Test func `JSON holds each row with its figures, target, verdict and samples`() throws {
        let row = try #require(ComparisonRow(.asyncLatency, [ComparisonSample(ours: 30, beside: 60)]))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(report([row])), as: UTF8.self)
        let spread = { (number: String) in "{\"max\":\(number),\"median\":\(number),\"min\":\(number)}" }
        #expect(
            text.contains(
                #""rows":[{"beside":\#(spread("60")),"id":"asyncLatency","name":"1 async caller, p50","ours":"#
                    + #"\#(spread("30")),"ratio":\#(spread("0.5")),"samples":[{"beside":60,"ours":30}],"#
                    + #""target_at_most":0.6,"unit":"nanoseconds","verdict":"met"}]"#))
        #expect(text.contains(#""benchmark":"compare","commit":"a8bb6b8f0123 + changes""#))
        #expect(text.contains(#""pinned":{"client_core":1,"server_core":0}"#))
    }

    @Test func `pinning takes the first two cores that the process may use`() {
        let pinned = ComparisonReport.Pinning(allowedCores: [2, 5, 7])
        #expect(pinned?.serverCore == 2 && pinned?.clientCore == 5)
        #expect(ComparisonReport.Pinning(allowedCores: [3]) == nil)
        #expect(ComparisonReport.Pinning(allowedCores: nil) == nil)
    }

    @Test func `a processor's name is found in what Linux says of it`() {
        let text = "processor\t: 0\nvendor_id\t: X\nmodel name\t: Some  CPU @ 2.80GHz\n\nprocessor\t: 1\n"
        #expect(ComparisonReport.Machine.processor(inCPUInfo: text) == "Some CPU @ 2.80GHz")
        #expect(ComparisonReport.Machine.processor(inCPUInfo: "processor\t: 0\nCPU part\t: 0xd0c\n") == nil)
    }

    @Test func `a cache's size and the time that a host took are found in what Linux says`() throws {
        #expect(ComparisonReport.Machine.bytes(inCacheSize: "1024K\n") == 1 << 20)
        #expect(ComparisonReport.Machine.bytes(inCacheSize: "much") == nil)
        let start = try #require(StolenTime(stat: "cpu  10 0 20 60 0 0 5 5 0 0\ncpu0 1 2 3\n"))
        let end = try #require(StolenTime(stat: "cpu  20 0 40 110 0 0 15 15 7 0\n"))
        #expect(end.part(since: start) == 0.1)
        #expect(start.part(since: start) == nil)
        #expect(StolenTime(stat: "cpu  10 0 20 60\n") == nil && StolenTime(stat: "") == nil)
    }

    @Test func `a processor makes some cycles a second`() {
        #expect(ProcessorClock.cyclesPerSecond() > 0)
    }

    @Test func `a kept report is named by its day, and replaces none`() {
        let date = "2026-11-23T21:49:49Z"
        #expect(ResultsFile.name(date: date, existing: []) == "2026-11-23-compare.txt")
        #expect(ResultsFile.name(date: date, existing: ["2026-11-22-compare.txt"]) == "2026-11-23-compare.txt")
        #expect(
            ResultsFile.name(date: date, existing: ["2026-11-23-compare.txt", "2026-11-23-compare-2.txt"])
                == "2026-11-23-compare-3.txt")
    }

    @Test func `a kept report begins with the command that makes another`() {
        let content = ResultsFile.content(of: report(widestRows()), options: ["--keep", "--build"])
        #expect(content.hasPrefix("Made by `Benchmarks/compare --keep --build`; "))
        #expect(content.hasSuffix(report(widestRows()).text()))
    }
}
