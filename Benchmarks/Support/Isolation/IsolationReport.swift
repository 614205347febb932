/// All that a run of `isolation` has to say. Encoded, it is the object that `--json` prints:
///
/// | Member | Meaning |
/// |---|---|
/// | `benchmark` · `format` | `isolation`, and the number of this form: 1 |
/// | `date` | when it began, ISO 8601 |
/// | `machine` | `core_count`, and `allowed_cores`, those the program may run on; left out where unknown |
/// | `servers` | each with `address`, `version` and, if it was pinned, `core` |
/// | `options` | all but the URLs |
/// | `layouts` | one object for each that was measured, idle first, see below |
/// | `skipped` | one sentence for each layout that was not |
/// | `verdict` | `claim`, `criterion`, `answer` (`yes`, `only at the median`, `no`, `undecided`), `text` |
///
/// A layout: `layout` (its name), `get_latency` and `sender_lateness` (`p50`, `p90`, `p99`, `p999` and `max` in
/// nanoseconds), `p99_of_rounds` (`median`, `min` and `max` in nanoseconds), `p99_times_idle` and `p50_times_idle`
/// (the same three, as factors; not for idle), `dissent`, `answered_gets`, `failed_gets`, `intended_gets_per_second`,
/// `achieved_gets_per_second`, `vectors_per_second` (not for idle) and `sentence`.
package struct IsolationReport: Sendable, Encodable {
    package struct Server: Sendable, Equatable, Encodable {
        package let address: String
        package let version: String
        package let core: Int?

        package init(address: String, version: String, core: Int?) {
            self.address = address
            self.version = version
            self.core = core
        }
    }

    package let date: String
    package let machine: CPUPinning
    package let servers: [Server]
    package let settings: IsolationSettings
    package let summaries: [IsolationSummary]
    package let skipped: [String]
    package let verdict: IsolationVerdict

    /// Nil if too few GETs were answered to say anything of the idle server or of the named databases.
    package init?(
        date: String, machine: CPUPinning, servers: [Server], settings: IsolationSettings, skipped: [String],
        measurements: [IsolationMeasurement]
    ) {
        self.date = date
        self.machine = machine
        self.servers = servers
        self.settings = settings
        self.skipped = skipped
        summaries = IsolationLayout.allCases.compactMap { IsolationSummary($0, of: measurements) }
        guard let idle = summaries.first(where: { $0.layout == .idle }),
            let named = summaries.first(where: { $0.layout == .namedDatabases })
        else { return nil }
        verdict = IsolationVerdict(named: named, idle: idle)
    }

    /// What the figures mean, one for each summary.
    var sentences: [String] {
        guard let idle = summaries.first else { return [] }
        return summaries.map { $0.sentence(idle: idle, sharesCores: sharesCores) }
    }

    /// Whether the two servers, or a server and this program, may run on the same core; true where nobody can tell.
    var sharesCores: Bool {
        let serverCores = servers.map(\.core)
        guard !serverCores.contains(nil), Set(serverCores).count == serverCores.count,
            let allowed = machine.allowedCores
        else { return true }
        return allowed.contains { serverCores.contains($0) }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode("isolation", forKey: .benchmark)
        try values.encode(1, forKey: .format)
        try values.encode(date, forKey: .date)
        try values.encode(machine, forKey: .machine)
        try values.encode(servers, forKey: .servers)
        try values.encode(settings, forKey: .options)
        try values.encode(
            zip(summaries, sentences).map { Layout(summary: $0, sentence: $1) }, forKey: .layouts)
        try values.encode(skipped, forKey: .skipped)
        try values.encode(verdict, forKey: .verdict)
    }

    private enum CodingKeys: String, CodingKey {
        case benchmark, format, date, machine, servers, options, layouts, skipped, verdict
    }

    /// A summary and its sentence in one object.
    private struct Layout: Encodable {
        let summary: IsolationSummary
        let sentence: String

        func encode(to encoder: any Encoder) throws {
            try summary.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(sentence, forKey: .sentence)
        }

        private enum CodingKeys: String, CodingKey { case sentence }
    }
}
