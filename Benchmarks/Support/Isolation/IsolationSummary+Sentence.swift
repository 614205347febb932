extension IsolationSummary {
    /// What the figures of the layout mean, in one sentence.
    ///
    /// - Parameters:
    ///   - idle: what it is compared with.
    ///   - sharesCores: whether the two servers, or a server and this program, may run on the same core.
    package func sentence(idle: IsolationSummary, sharesCores: Bool) -> String {
        let name = self.case.name
        guard let p99TimesIdle, let vectorsPerSecond else {
            return "\(name): with no scan running, half of all GETs take at most "
                + "\(Units.duration(nanoseconds: getLatencyOfRounds.p50)) and 99 of 100 at most "
                + "\(Units.duration(nanoseconds: getLatencyOfRounds.p99)); the other layouts are measured against this"
        }
        let times = "GET p99 in main is \(Self.times(p99TimesIdle)) idle"
        let rate = Units.rate(perSecond: vectorsPerSecond)
        let isCalm = p99TimesIdle.median <= IsolationVerdict.limit
        let objection: String? =
            decisive(idle: idle, isCalm: isCalm).isMostlyOwnError || isCalm && idle.isUnsteady
            ? "too disturbed to mean anything" : roundsDisagree() ? "the rounds disagree too much to tell" : nil
        if let objection {
            return "\(name): beside \(rate) of \(self.case.noise.unit), \(times): \(objection)"
        }
        if self.case.noise != .vectors {
            return "\(name): beside \(rate) of \(self.case.noise.unit), \(times)"
                + (isCalm ? ": the server finds time for both" : ": the cache waits")
        }
        return switch layout {
        case .idle, .oneDatabase, .oneConnection, .lanes, .cluster:
            "\(name): while the vectors "
                + (layout == .cluster ? "" : "in main itself ") + "are scanned at \(rate), \(times)"
                + (isCalm ? ": the scan fits between the GETs" : ": the cache waits behind every page of the scan")
        case .namedDatabases:
            "\(name): while knowledge is scanned at \(rate), \(times)"
                + (isCalm
                    ? ": at this size of page the server finds time for both"
                    : ": numbers keep keys apart, not the server's time")
        case .considerate, .gentle:
            "\(name): while knowledge is scanned at \(rate), \(times)"
                + (isCalm ? ": small steps leave the cache its time" : ": even small steps are in the cache's way")
        case .separateServers, .separateConsiderate, .replica:
            "\(name): while knowledge is scanned at \(rate) on another server, \(times)"
                + (isCalm
                    ? ": a server of its own keeps the scan out of the cache's way"
                    : sharesCores
                        ? ": the servers have their time apart, and still share cores of this machine"
                        : ": the servers share no core, so what is left is the machine's and this program's")
        }
    }

    /// The measurement that must be clean for the comparison to mean something: a disturbed idle one makes any scan
    /// look harmless, a disturbed one beside the scan makes it look bad.
    func decisive(idle: IsolationSummary, isCalm: Bool) -> IsolationSummary { isCalm ? idle : self }

    /// `9.3 (8.1–11.0) ×`; without the brackets where there is one round only.
    static func times(_ spread: Spread) -> String {
        func number(_ value: Double) -> String { Units.decimal(value, places: value < 99.95 ? 1 : 0) }
        return (spread.min == spread.max ? number(spread.median) : spread.text(number)) + " ×"
    }
}
