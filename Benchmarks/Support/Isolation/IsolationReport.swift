/// All that a run of `isolation` has to say. Encoded, it is the object that `--json` prints:
///
/// | Member | Meaning |
/// |---|---|
/// | `benchmark` · `format` | `isolation`, and the number of this form: 4 |
/// | `date` | when it began, ISO 8601 |
/// | `machine` | `core_count`, and `allowed_cores`, those the program may run on; left out where unknown |
/// | `servers` | each with `address`, `version` and, if it was pinned, `core` |
/// | `options` | all but the URLs |
/// | `layouts` | one object for each that was measured, idle first, see below |
/// | `skipped` | one sentence for each layout that was not |
/// | `verdict` | `claim`, `criterion`, `answer` (`yes`, `no`, `undecided`), `reason`, `hidden_delay`, `text` |
/// | `claims` | each with `claim`, `answer`, `condition`, `figures`, see ``IsolationClaim`` |
/// | `flushes` | one for each mode of FLUSHDB, see ``FlushSummary`` |
///
/// A layout: `name`; `case` (`layout`, `noise`, and `rate` where it is not that of the options). Percentiles are `p50`,
/// `p90`, `p99`, `p999` and `max` in nanoseconds, each of all rounds together and, `…_of_rounds`, as the median of the
/// rounds:
///
/// | Database | Members | Of |
/// |---|---|---|
/// | main | `get_latency`, `get_latency_of_rounds` | GETs, from the instants they were meant to leave |
/// | knowledge | `step_latency`, `step_latency_of_rounds` | steps of the work, as long as their caller waited |
///
/// A `step` is a `slice`, `page`, `command` or `snapshot`, see ``IsolationNoise/step``; `steps` is how many; none of
/// the four for idle. SCAN+MGET and VSIM work in analytics, and in a layout of one database knowledge is another name
/// of it.
///
/// `sender_lateness`, medians of the rounds, and `canary`, how late a thread woke that only slept, are percentiles too,
/// as is `calm_canary`, the same without the moments that the machine took: `set_aside_gets` of the `answered_gets` are
/// of these and in no percentile, and of the `rounds` so many `spoilt_rounds` do not count at all. Further
/// `p99_of_rounds` (`median`, `min` and `max` in nanoseconds); `p99_times_idle` and `p50_times_idle` (the same three,
/// as factors; not for idle) and `p99_times_idle_of_rounds`, round by round; `failed_gets`, `intended_gets_per_second`,
/// `achieved_gets_per_second`, `vectors_per_second` (not for idle; of other noises what ``IsolationNoise/unit`` says)
/// and `sentence`; `curve` (`percent`, `nanoseconds`); and of the first round `timeline` (the slowest GET of each 5 ms
/// in nanoseconds, and when steps of the scan began in microseconds) and `truth`, what the server counted.
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
    package let flushes: [FlushSummary]
    package let claims: [IsolationClaim]
    /// What everything but the flushes is judged by, see ``IsolationRound/file(_:about:)``.
    package let rounds: [IsolationRound]
    let gate: IsolationGate

    /// Nil if too few GETs were answered to say anything of the idle server or of the named databases.
    package init?(
        date: String, machine: CPUPinning, servers: [Server], settings: IsolationSettings, skipped: [String],
        measurements: [IsolationMeasurement], flushes: [FlushMeasurement] = []
    ) {
        self.date = date
        self.machine = machine
        self.servers = servers
        self.settings = settings
        self.skipped = skipped
        summaries = Set(measurements.map(\.step.case)).sorted().compactMap { IsolationSummary($0, of: measurements) }
        self.flushes = FlushMeasurement.Mode.allCases.compactMap { FlushSummary($0, of: flushes) }
        let seen = Set(summaries.map(\.case))
        guard seen.isSuperset(of: [IsolationCase(.idle), IsolationCase(.namedDatabases)]) else { return nil }
        rounds = measurements.map { IsolationRound($0) }
        gate = IsolationGate(rounds)
        verdict = IsolationVerdict(gate)
        claims = IsolationClaim.all(gate, flushes: self.flushes)
    }

    /// What the figures mean, one for each summary.
    var sentences: [String] {
        summaries.map { $0.sentence(gate, sharesCores: sharesCores) }
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
        try values.encode(4, forKey: .format)
        try values.encode(date, forKey: .date)
        try values.encode(machine, forKey: .machine)
        try values.encode(servers, forKey: .servers)
        try values.encode(settings, forKey: .options)
        try values.encode(
            zip(summaries, sentences).map { Layout(summary: $0, sentence: $1) }, forKey: .layouts)
        try values.encode(skipped, forKey: .skipped)
        try values.encode(verdict, forKey: .verdict)
        try values.encode(claims, forKey: .claims)
        try values.encode(flushes, forKey: .flushes)
    }

    private enum CodingKeys: String, CodingKey {
        case benchmark, format, date, machine, servers, options, layouts, skipped, verdict, claims, flushes
    }

    /// A summary and its sentence in one object.
    private struct Layout: Encodable {
        let summary: IsolationSummary
        let sentence: String

        func encode(to encoder: any Encoder) throws {
            try summary.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(sentence, forKey: .sentence)
            try values.encode(summary.case.name, forKey: .name)
            if summary.layout.isScanned { try values.encode(summary.case.noise.step, forKey: .step) }
        }

        private enum CodingKeys: String, CodingKey { case sentence, name, step }
    }
}
