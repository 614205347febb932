import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Measures GETs of `main` while a large reply is read by a bare socket, in `knowledge`, and in `main` itself: one
/// program, one server.
struct LargeReply {
    private let settings: IsolationSettings
    private let interruption: Interruption
    private let date = Date().formatted(.iso8601)

    init(_ settings: IsolationSettings, _ interruption: Interruption) {
        self.settings = settings
        self.interruption = interruption
    }

    /// When it returns or throws, the server is gone.
    func run() throws -> LargeReplyReport {
        let server = try Servers.start(settings, on: settings.serverCore)
        defer { server.stop() }
        let configuration = try RedisConfiguration(url: server.url)
        let databases = RedisDatabases(configuration)
        defer { databases.closeBlocking() }
        let content = IsolationContent(prefix: "", seed: UInt64(settings.seed))
        let noise = LargeReplyNoise(databases: databases, port: server.port ?? 0, elements: settings.largeReply)
        try load(try databases.blocking(.main), content)
        try noise.load()
        let rounds = try measure(
            LatencyProbe(
                database: try databases[.main], content: content, settings: settings, watch: nil, machine: nil),
            noise)
        guard
            let report = LargeReplyReport(
                date: date, machine: .current(),
                server: IsolationReport.Server(
                    address: configuration.address, version: "\(server.flavour) \(server.version)",
                    core: settings.serverCore),
                settings: settings, rounds: rounds)
        else { throw ProgramError("too few GETs were answered to report on: read the server's log") }
        return report
    }

    private func measure(
        _ probe: LatencyProbe, _ noise: LargeReplyNoise
    ) throws -> [[LargeReplyPlace: ProbeMeasurement]] {
        let places = LargeReplyPlace.allCases
        var progress = ProgressLine.onStandardError("isolation", steps: settings.rounds * places.count)
        defer { progress.clear() }
        return try (0..<settings.rounds).map { round in
            var seen: [LargeReplyPlace: ProbeMeasurement] = [:]
            for place in places {
                progress.show(done: round * places.count + seen.count, place.rawValue)
                seen[place] = try probe.run(round: round, beside: try noise.start(place), interruption)
            }
            return seen
        }
    }

    /// Writes the cache.
    private func load(_ main: BlockingRedisDatabase, _ content: IsolationContent) throws {
        for indices in Workload.batches(of: settings.keys) {
            try interruption.check()
            let commands: [RedisCommand<Bool>] = indices.map {
                .set(content.cacheKey($0), content.cacheValue($0, size: settings.valueSize))
            }
            try Workload.run(commands, in: main)
        }
    }
}

extension LargeReplyReport {
    /// The report as one JSON object on a line, with its members in order of their names.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
