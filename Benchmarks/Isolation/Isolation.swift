import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

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
        self.settings = settings.resolved
        self.interruption = interruption
    }

    /// Measures everything; when it returns or throws, own servers are gone, and own keys on others' servers too.
    func run() throws -> IsolationReport {
        let servers = try Servers(settings)
        defer { servers.stop() }
        let content = IsolationContent(prefix: servers.areOwn ? "" : uniquePrefix(), seed: UInt64(settings.seed))
        let wanted = IsolationLayout.allCases.filter { settings.layouts.contains($0.word) }
        let sites = try Site.all(servers, content, wanted)
        defer {
            for site in sites {
                site.cache.closeBlocking()
                site.vectors.closeBlocking()
            }
        }
        let identities = try servers.identities()
        let machine = try servers.machine()
        let workload = Workload(settings, lifetime: servers.areOwn ? nil : lifetime)
        var skipped = wanted.compactMap { layout in
            servers.missing[layout].map { "\(layout.name): not measured, because \($0)" }
        }
        var flushes: [FlushMeasurement] = []
        let measurements = try removingKeys(of: workload, from: servers.areOwn ? [] : sites) {
            note(
                "loading \(Units.grouped(settings.keys)) cache keys and \(Units.grouped(settings.vectors)) vectors "
                    + "for \(sites.count) layouts"
                    + (content.prefix.isEmpty ? "" : ", every key under \(content.prefix)"))
            try workload.load(sites, interruption)
            let noises = try load(workload, sites, &skipped)
            try servers.waitForReplica()
            let cases = RoundPlan.cases(
                layouts: sites.map(\.layout), noises: noises, rates: settings.otherRates)
            var measurements = try measure(
                RoundPlan(rounds: settings.rounds, cases: cases).steps, sites, servers, machine)
            var repeats = 0
            while let steps = RoundPlan.repeated(
                measurements.map { IsolationRound($0) }, rounds: settings.rounds, repeats: repeats)
            {
                repeats += 1
                note("measuring \(Units.counted(steps.count, "layout")) once more, as the machine spoilt rounds of it")
                measurements += try measure(steps, sites, servers, machine)
            }
            if servers.areOwn, settings.flushedKeys > 0 {
                flushes = try FlushProbe(settings, servers.second ?? servers.first, content, machine).run(interruption)
            }
            return measurements
        }
        guard
            let report = IsolationReport(
                date: date, machine: .current(), servers: identities, settings: settings, skipped: skipped,
                measurements: measurements, flushes: flushes)
        else { throw ProgramError("too few GETs were answered to report on: read the server's log") }
        return report
    }

    /// Writes what the noises need, and leaves out those that the server cannot make.
    private func load(
        _ workload: Workload, _ sites: [Site], _ skipped: inout [String]
    ) throws -> [IsolationNoise] {
        let wanted = IsolationNoise.allCases.filter { settings.noises.contains($0.word) }
        guard let named = sites.first(where: { $0.layout == .namedDatabases }) else { return [] }
        return try wanted.filter { noise in
            if try workload.loadExtras(named, for: noise) { return true }
            skipped.append("\(noise.name): not measured, because the server does not have it")
            return false
        }
    }

    private func measure(
        _ steps: [RoundPlan.Step], _ sites: [Site], _ servers: Servers, _ machine: MachineWatch
    ) throws -> [IsolationMeasurement] {
        var progress = ProgressLine.onStandardError("isolation", steps: steps.count)
        defer { progress.clear() }
        var measurements: [IsolationMeasurement] = []
        for step in steps {
            guard let site = sites.first(where: { $0.layout == step.case.layout }) else { continue }
            progress.show(done: measurements.count, step.case.name)
            measurements.append(try measure(step, site, servers, machine))
        }
        return measurements
    }

    private func measure(
        _ step: RoundPlan.Step, _ site: Site, _ servers: Servers, _ machine: MachineWatch
    ) throws -> IsolationMeasurement {
        let watch = servers.areOwn ? try ServerWatch(site.cache) : nil
        let probe = LatencyProbe(
            database: try site.cache[.main], content: site.content, settings: settings, watch: watch, machine: machine)
        let noise =
            site.layout.isScanned
            ? try Noise(site: site, settings: settings, socketPath: servers.own?.socketPath).start(step.case.noise)
            : nil
        let seen = try probe.run(round: step.round, rate: step.case.rate, beside: noise, interruption)
        return IsolationMeasurement(step: step, seen: seen)
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
        let steps = settings.rounds * settings.layouts.count
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

extension IsolationReport {
    /// Writes the report as one page that needs no network.
    func writePage(to path: String) throws { try write(page(), to: path, "the page") }

    /// Writes the figures of the rounds, a line each.
    func writeRounds(to path: String) throws {
        let about =
            "isolation of \(servers.first?.version ?? "?"), \(date); this program: \(machine.text) cores; "
            + "times in nanoseconds"
        try write(IsolationRound.file(rounds, about: about), to: path, "the rounds")
    }

    private func write(_ text: String, to path: String, _ what: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw ProgramError("cannot write \(what) to \(path): does its folder exist, and may you write there?")
        }
    }
}
