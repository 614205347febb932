import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The whole run: server, rounds, codec, allocations, build, report.
struct Comparison {
    private let settings: ComparisonSettings
    private let date = Date().formatted(.iso8601)
    private let machine = Place.machine()
    private let stolenBefore = Place.stolenTime()
    private let pinning: ComparisonReport.Pinning?
    /// Valkey brings one of its own, which prints the same.
    private let redisBenchmark: String

    init(_ settings: ComparisonSettings) {
        self.settings = settings
        func exists(_ program: String, _ option: String) -> Bool {
            (try? ChildProgram.run([program, option], silenced: true))?.exitCode == 0
        }
        redisBenchmark = exists("redis-benchmark", "--version") ? "redis-benchmark" : "valkey-benchmark"
        let canPin = exists("taskset", "--version")
        pinning = ComparisonReport.Pinning(allowedCores: canPin ? CPUPinning.current().allowedCores : nil)
    }

    func run() throws -> ComparisonReport {
        let server = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp, launchPrefix: CPUPinning.words(for: pinning?.serverCore)))
        defer { server.stop() }
        let port = server.port ?? 0

        var rows: [ComparisonRow] = []
        var skipped: [String] = []
        if settings.parts.contains("server") { rows += try serverRows(port) }
        if settings.parts.contains("codec") { rows += try codecRows() }
        if settings.parts.contains("allocations") {
            do {
                rows += try allocationRows(port)
            } catch let error as ProgramError {
                skipped.append("Allocations were not counted: \(error)")
            }
        }
        if settings.build { rows += try buildRows() }
        var machine = machine
        machine.stolen = stolenBefore.flatMap { Place.stolenTime()?.part(since: $0) }
        return ComparisonReport(
            date: date, commit: Place.commit(), machine: machine,
            server: "\(server.flavour.rawValue) \(server.version)", pinned: pinning, rounds: settings.roundCount,
            seconds: settings.secondsEach, rows: rows, skipped: skipped)
    }

    // MARK: - Beside redis-benchmark

    private func serverRows(_ port: Int) throws -> [ComparisonRow] {
        try writeKeyOfRedisBenchmark(port)
        let steps = ComparedProgram.allCases.count
        var progress = progressLine(steps: steps * (settings.roundCount + 1))
        defer { progress.clear() }
        var done = 0
        func measure(_ program: ComparedProgram, requests: Int) throws -> ComparisonReading {
            progress.show(done: done, program.name)
            done += 1
            return try reading(of: program, port: port, requests: requests)
        }
        // A round that is not counted tells how many commands take how long here.
        var requests: [ComparedProgram: Int] = [:]
        for program in ComparedProgram.order(inRound: 0) {
            let first = try measure(program, requests: program.firstRequests)
            requests[program] = program.requests(
                perSecond: first.commandsPerSecond, seconds: settings.secondsEach)
        }
        var rounds: [[ComparedProgram: ComparisonReading]] = []
        for round in 0..<settings.roundCount {
            var readings: [ComparedProgram: ComparisonReading] = [:]
            for program in ComparedProgram.order(inRound: round) {
                readings[program] = try measure(program, requests: requests[program] ?? program.firstRequests)
            }
            rounds.append(readings)
        }
        return ComparisonPoint.allCases.compactMap { point in
            ComparisonRow(point, rounds.compactMap { point.sample(of: $0) })
        }
    }

    /// What redis-benchmark gets must be there and have its size, or it would measure nil.
    private func writeKeyOfRedisBenchmark(_ port: Int) throws {
        let size = ComparedProgram.valueSize
        _ = try output(
            of: [
                redisBenchmark, "-h", "127.0.0.1", "-p", "\(port)", "-t", "set", "-d", "\(size)", "-n", "1", "-c", "1",
                "--csv",
            ])
        let databases = RedisDatabases(RedisConfiguration(host: "127.0.0.1", port: port))
        defer { databases.closeBlocking() }
        let main = try databases.blocking(.main)
        // bulkhead: allow keys because the server is our own and holds one
        let keys = try main.send("KEYS", "*", as: [String].self)
        guard keys.count == 1, try main.strlen(keys[0]) == size else {
            throw ProgramError("redis-benchmark did not write one value of \(size) bytes to get afterwards")
        }
    }

    private func reading(
        of program: ComparedProgram, port: Int, requests: Int
    ) throws -> ComparisonReading {
        let arguments = program.arguments(port: port, requests: requests)
        guard program.isRedisBenchmark else {
            let output = try output(of: pinned([path(of: "BulkheadThroughputBenchmark")] + arguments))
            return ComparisonReading(try decode(ThroughputReport.self, from: output))
        }
        let words = pinned([redisBenchmark] + arguments)
        // It ends now and then with "All clients disconnected" after its last reply, and shows nothing.
        let child = try (try? finished(words)) ?? finished(words)
        return ComparisonReading(
            try RedisBenchmarkLine(csv: child.output, test: "GET"), requests: requests,
            processorSeconds: child.processorSeconds)
    }

    // MARK: - Codec

    /// A line of `BulkheadCodecBenchmark --json`.
    private struct CodecReport: Decodable {
        let mode: String
        let ns_per_reply: Double
    }

    private func codecRows() throws -> [ComparisonRow] {
        let kinds: [(ComparisonPoint, String)] = [
            (.bulkDecoding, "bulk"), (.arrayDecoding, "array"), (.integerDecoding, "int"),
        ]
        var progress = progressLine(steps: settings.roundCount * kinds.count)
        defer { progress.clear() }
        var samples: [ComparisonPoint: [ComparisonSample]] = [:]
        for round in 0..<settings.roundCount {
            // Clocks change with the heat and with the neighbours.
            let cyclesPerNanosecond = ProcessorClock.cyclesPerSecond() / 1e9
            for (index, (point, kind)) in kinds.enumerated() {
                progress.show(done: round * kinds.count + index, "codec, \(kind)")
                let output = try output(
                    of: pinned([
                        path(of: "BulkheadCodecBenchmark"), "--kind", kind, "--mode", "decode,copy",
                        "--rounds", "3", "--json",
                    ]))
                var times: [String: Double] = [:]
                for line in output.split(separator: "\n") {
                    let report = try decode(CodecReport.self, from: String(line))
                    times[report.mode] = report.ns_per_reply
                }
                guard let decoding = times["decode"] else { throw ProgramError("codec printed no time of decode") }
                samples[point, default: []].append(
                    ComparisonSample(
                        ours: decoding * cyclesPerNanosecond, beside: times["copy"].map { $0 * cyclesPerNanosecond }))
            }
        }
        return kinds.compactMap { point, _ in ComparisonRow(point, samples[point] ?? []) }
    }

    // MARK: - Allocations

    private func allocationRows(_ port: Int) throws -> [ComparisonRow] {
        let counted: [(ComparisonPoint, [String])] = [
            (.getAllocations, ["get", "async", "1"]), (.getAllocationsOfFifty, ["get", "async", "50"]),
            (.getAllocationsBlocking, ["get", "blocking", "1"]),
            (.setAllocations, ["set", "async", "1"]), (.setAllocationsOfFifty, ["set", "async", "50"]),
            (.setAllocationsBlocking, ["set", "blocking", "1"]),
            (.incrAllocations, ["incr", "async", "1"]), (.incrAllocationsOfFifty, ["incr", "async", "50"]),
            (.incrAllocationsBlocking, ["incr", "blocking", "1"]),
        ]
        var progress = progressLine(steps: counted.count)
        defer { progress.clear() }
        var rows: [ComparisonRow] = []
        for (done, (point, words)) in counted.enumerated() {
            progress.show(done: done, "allocations of \(words[0])")
            let output = try output(
                of: pinned([
                    path(of: "BulkheadThroughputBenchmark"), "--json", "--host", "127.0.0.1", "--port", "\(port)",
                    "--op", words[0], "--mode", words[1], "--clients", words[2],
                    "--requests", words[2] == "1" ? "5000" : "20000", "--count-allocations",
                ]))
            guard let count = try decode(ThroughputReport.self, from: output).allocations_per_command else {
                throw ProgramError("throughput counted nothing")
            }
            rows += ComparisonRow(point, [ComparisonSample(ours: count, beside: nil)]).map { [$0] } ?? []
        }
        return rows
    }

    // MARK: - Build

    private func buildRows() throws -> [ComparisonRow] {
        var progress = progressLine(steps: 1)
        defer { progress.clear() }
        progress.show(done: 0, "building from nothing")
        let folder = FileManager.default.temporaryDirectory.appending(path: "bulkhead-build-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let child = try finished(
            ["swift", "build", "-c", "release", "--target", "Bulkhead", "--scratch-path", folder.path])
        let sample = ComparisonSample(ours: child.seconds * 1e9, beside: child.processorSeconds * 1e9)
        return ComparisonRow(.build, [sample]).map { [$0] } ?? []
    }

    // MARK: - Children

    private func path(of program: String) -> String { "\(settings.programs)/\(program)" }

    private func pinned(_ words: [String]) -> [String] {
        CPUPinning.words(for: pinning?.clientCore) + words
    }

    private func output(of words: [String]) throws -> String { try finished(words).output }

    private func finished(_ words: [String]) throws -> ChildProgram {
        let child = try ChildProgram.run(words)
        guard child.exitCode == 0 else {
            throw ProgramError("\(words.joined(separator: " ")) ended with \(child.exitCode)")
        }
        return child
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private func progressLine(steps: Int) -> ProgressLine {
        ProgressLine.onStandardError("compare", steps: steps)
    }
}
