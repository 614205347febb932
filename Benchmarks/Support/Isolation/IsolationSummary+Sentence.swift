extension IsolationSummary {
    /// What the figures of the layout mean, in one sentence.
    ///
    /// - Parameters:
    ///   - gate: what may be concluded from them.
    ///   - sharesCores: whether the two servers, or a server and this program, may run on the same core.
    package func sentence(_ gate: IsolationGate, sharesCores: Bool) -> String {
        let name = self.case.name
        guard let p99TimesIdle, let vectorsPerSecond else {
            return "\(name): with no scan running, half of all GETs take at most "
                + "\(Units.duration(nanoseconds: getLatencyOfRounds.p50)) and 99 of 100 at most "
                + "\(Units.duration(nanoseconds: getLatencyOfRounds.p99)); the other layouts are measured against this"
        }
        let times = "GET p99 in main is \(Self.times(p99TimesIdle)) idle"
        let rate = Units.rate(perSecond: vectorsPerSecond)
        let side = gate.side(of: self.case, limit: IsolationVerdict.limit)
        if case .open(let why) = side {
            // The verdict says what forbids all answers.
            let reason = gate.objection == nil ? "undecided, because \(why)" : "undecided, as everything in this run"
            return "\(name): beside \(rate) of \(self.case.noise.unit), \(times): \(reason)"
        }
        let isCalm = side == .within
        if self.case.noise != .vectors {
            return "\(name): beside \(rate) of \(self.case.noise.unit), \(times)"
                + (isCalm ? ": the server serves both in time" : ": GETs wait")
        }
        return switch layout {
        case .idle, .oneDatabase, .oneConnection, .lanes, .cluster:
            "\(name): while the vectors "
                + (layout == .cluster ? "" : "in main itself ") + "are scanned at \(rate), \(times)"
                + (isCalm ? ": the scan fits between the GETs" : ": GETs wait behind every page of the scan")
        case .namedDatabases:
            "\(name): while knowledge is scanned at \(rate), \(times)"
                + (isCalm
                    ? ": at this size of page the server serves both in time"
                    : ": numbers separate keys, but all of them share the server's time")
        case .considerate, .gentle:
            "\(name): while knowledge is scanned at \(rate), \(times)"
                + (isCalm ? ": small steps leave time for the cache" : ": even small steps delay the cache")
        case .separateServers, .separateConsiderate, .replica:
            "\(name): while knowledge is scanned at \(rate) on another server, \(times)"
                + (isCalm
                    ? ": on a server of its own the scan does not delay the cache"
                    : sharesCores
                        ? ": the servers are separate, but share cores of this machine"
                        : ": the servers share no core, so the rest comes from the machine and this program")
        }
    }

    /// `9.3 (8.1–11.0) ×`; without the brackets where there is one round only.
    static func times(_ spread: Spread) -> String {
        (spread.min == spread.max ? number(spread.median) : spread.text(number)) + " ×"
    }

    static func number(_ value: Double) -> String { Units.decimal(value, places: value < 99.95 ? 1 : 0) }
}
