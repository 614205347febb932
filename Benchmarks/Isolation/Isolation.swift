import BenchmarkSupport
import Bulkhead

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The program: servers, data, rounds, report.
struct Isolation {
    private let settings: IsolationSettings
    private let interruption: Interruption
    private let date = Date().formatted(.iso8601)

    init(_ settings: IsolationSettings, _ interruption: Interruption) {
        self.settings = settings
        self.interruption = interruption
    }

    /// Measures everything; when it returns or throws, own servers are gone, and own keys on others' servers too.
    func run() throws -> IsolationReport {
        let servers = try Servers(settings)
        defer { servers.stop() }
        let sites = try Site.all(servers.first, second: servers.second)
        defer {
            for site in sites {
                site.cache.closeBlocking()
                site.vectors.closeBlocking()
            }
        }
        let identities = try servers.identities()
        let content = IsolationContent(prefix: servers.areOwn ? "" : uniquePrefix(), seed: UInt64(settings.seed))
        let workload = Workload(content, settings, lifetime: servers.areOwn ? nil : lifetime)
        let skipped = servers.second == nil
            ? ["\(IsolationLayout.separateServers.name): not measured, because there is no --second-url"] : []

        let measurements = try removingKeys(of: workload, from: servers.areOwn ? [] : sites) {
            note(
                "loading \(Units.grouped(settings.keys)) cache keys and \(Units.grouped(settings.vectors)) vectors "
                    + "for \(sites.count) layouts"
                    + (content.prefix.isEmpty ? "" : ", every key under \(content.prefix)"))
            try workload.load(sites, interruption)
            return try measure(sites, content)
        }
        guard let report = IsolationReport(
            date: date, machine: .current(), servers: identities, settings: settings, skipped: skipped,
            measurements: measurements)
        else { throw IsolationError("too few GETs were answered to report on: read the server's log") }
        return report
    }

    private func measure(_ sites: [Site], _ content: IsolationContent) throws -> [IsolationMeasurement] {
        let plan = RoundPlan(rounds: settings.rounds, layouts: sites.map(\.layout))
        var progress = ProgressLine(
            "isolation", steps: plan.steps.count, onTerminal: Terminal.errorIsTerminal, now: MonotonicClock.now())
        defer { Terminal.writeError(progress.end()) }
        var measurements: [IsolationMeasurement] = []
        for step in plan.steps {
            guard let site = sites.first(where: { $0.layout == step.layout }) else { continue }
            Terminal.writeError(
                progress.update(done: measurements.count, step.layout.name, now: MonotonicClock.now()))
            measurements.append(try measure(site, round: step.round, content))
        }
        return measurements
    }

    private func measure(_ site: Site, round: Int, _ content: IsolationContent) throws -> IsolationMeasurement {
        let scanner = site.layout.isScanned
            ? try VectorScanner(try site.vectors.blocking(.knowledge), content, settings) : nil
        let probe = LatencyProbe(database: try site.cache[.main], content: content, settings: settings)
        let seen: ProbeMeasurement
        do {
            seen = try probe.run(round: round, beside: { scanner?.vectors ?? 0 }, interruption)
        } catch {
            try scanner?.stop()
            throw error
        }
        try scanner?.stop()
        return IsolationMeasurement(
            layout: site.layout, round: round, latencies: seen.latencies, lateness: seen.lateness,
            intendedGets: seen.intendedGets, failedGets: seen.failedGets, seconds: seen.seconds,
            vectors: seen.work, scanSeconds: seen.workSeconds)
    }

    /// Runs the body and removes the keys whatever becomes of it; a failure to remove them says how to.
    private func removingKeys<Result>(
        of workload: Workload, from sites: [Site], _ body: () throws -> Result
    ) throws -> Result {
        let outcome = Swift.Result { try body() }
        if !sites.isEmpty {
            note("removing the keys that were written")
            do {
                try workload.remove(sites)
            } catch {
                note("not all keys could be removed (\(error)); the rest expires by itself within \(lifetime)")
            }
        }
        return try outcome.get()
    }

    /// Twice what the measurement takes, and an hour for loading.
    private var lifetime: Duration {
        let steps = settings.rounds * IsolationLayout.allCases.count
        return .seconds(3_600 + Int(2 * Double(steps) * (settings.seconds + settings.warmUp)))
    }

    private func uniquePrefix() -> String {
        "bulkhead-isolation:\(String(UInt64.random(in: .min ... .max), radix: 36)):"
    }

    private func note(_ text: String) {
        Terminal.writeError("isolation: \(text)\n")
    }
}

extension IsolationReport {
    /// The report as one JSON object on a line, with its members in order of their names.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
