/// What one round of one case came to, in the few figures that claims are judged by.
///
/// Written as a line of words and numbers (`text`), so that a run can be kept in a small file and judged again.
package struct IsolationRound: Sendable, Equatable {
    package let `case`: IsolationCase
    package let round: Int
    /// GETs that stayed, in nanoseconds.
    package let p50, p99: Double
    /// How late the sleeping thread woke at its p99 outside the moments that were set aside; nil where none watched.
    package let canary: Double?
    /// How late GETs were handed to the client at their p99.
    package let lateness: Double
    /// GETs that were answered, and how many of them were set aside.
    package let answered, setAside: Int
    /// The share of the servers' cores that others had; nil where the system does not say.
    package let taken: Double?
    /// What was read of the vectors a second; zero for idle.
    package let rate: Double

    /// Others had so much of the servers' cores, or so many of the GETs were set aside, that the rest says little.
    package static let mostTaken = 0.1
    package static let mostSetAside = 0.5

    package var isSpoilt: Bool {
        (taken ?? 0) > Self.mostTaken || answered == 0 || Double(setAside) > Double(answered) * Self.mostSetAside
    }

    package init(
        _ kind: IsolationCase, round: Int, p50: Double, p99: Double, canary: Double?, lateness: Double, answered: Int,
        setAside: Int = 0, taken: Double? = nil, rate: Double = 0
    ) {
        self.case = kind
        self.round = round
        self.p50 = p50
        self.p99 = p99
        self.canary = canary
        self.lateness = lateness
        self.answered = answered
        self.setAside = setAside
        self.taken = taken
        self.rate = rate
    }

    package init(_ measurement: IsolationMeasurement) {
        let seen = measurement.seen
        // A snapshot is made by a child of the server, which nobody counts while it runs.
        let load = measurement.step.case.noise == .sync ? seen.load?.stolen : seen.load?.taken
        self.init(
            measurement.step.case, round: measurement.step.round,
            p50: Double(seen.latencies.percentile(50) ?? 0), p99: Double(seen.latencies.percentile(99) ?? 0),
            canary: seen.calmStalls.percentile(99).map(Double.init),
            lateness: Double(seen.lateness.percentile(99) ?? 0), answered: seen.answeredGets, setAside: seen.setAside,
            taken: load, rate: seen.workSeconds > 0 ? Double(seen.work) / seen.workSeconds : 0)
    }

    // MARK: As a line

    /// What the columns of a kept run are.
    package static let columns = "layout noise gets/s round p50 p99 canary lateness answered aside taken work/s"

    package var text: String {
        [
            self.case.layout.word, self.case.noise.word, self.case.rate.map { "\(Int($0))" } ?? "-", "\(round)",
            "\(Int(p50))", "\(Int(p99))", canary.map { "\(Int($0))" } ?? "-", "\(Int(lateness))", "\(answered)",
            "\(setAside)", taken.map { Units.decimal($0, places: 3) } ?? "-", "\(Int(rate))",
        ].joined(separator: " ")
    }

    /// Nil for a line that ``text`` did not write.
    package init?(_ line: some StringProtocol) {
        let words = String(line).split(separator: " ").map { String($0) }
        guard words.count == Self.columns.split(separator: " ").count,
            let layout = IsolationLayout.allCases.first(where: { $0.word == words[0] }),
            let noise = IsolationNoise.allCases.first(where: { $0.word == words[1] }),
            let round = Int(words[3]), let p50 = Double(words[4]), let p99 = Double(words[5]),
            let lateness = Double(words[7]), let answered = Int(words[8]), let setAside = Int(words[9]),
            let rate = Double(words[11])
        else { return nil }
        self.init(
            IsolationCase(layout, noise: noise, rate: Double(words[2])), round: round, p50: p50, p99: p99,
            canary: Double(words[6]), lateness: lateness, answered: answered, setAside: setAside,
            taken: Double(words[10]), rate: rate)
    }

    /// A kept run: a line of what it is, the columns, and a line for each round.
    package static func file(_ rounds: [IsolationRound], about: String) -> String {
        (["# " + about, "# " + columns] + rounds.map(\.text)).map { $0 + "\n" }.joined()
    }

    /// The rounds of a kept run; nil if a line is not one.
    package static func rounds(ofFile text: String) -> [IsolationRound]? {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let rounds = lines.compactMap { IsolationRound($0) }
        return rounds.count == lines.count ? rounds : nil
    }
}
