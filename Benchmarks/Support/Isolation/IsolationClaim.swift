/// What was claimed, and what the figures say to it.
package struct IsolationClaim: Sendable, Equatable, Encodable {
    package enum Answer: String, Sendable, Equatable, Encodable {
        case holds
        case holdsOnlyWith = "holds only with"
        case doesNotHold = "does not hold"
        case undecided
    }

    package let claim: String
    package let answer: Answer
    /// What it holds only with.
    package let condition: String?
    /// The figures, in a sentence.
    package let figures: String

    package var text: String {
        "\"\(claim)\" \(answer.rawValue)\(condition.map { " \($0)" } ?? ""): \(figures)"
    }

    /// A considerate scan is to keep the p99 within this many times idle, at this share of the unpaced speed.
    package static let considerateTarget = (times: 1.5, share: 0.5)
    /// And a gentle one.
    package static let gentleTarget = (times: 1.2, share: 0.3)

    /// All that can be said of what was measured.
    static func all(of report: [IsolationSummary], verdict: IsolationVerdict, flushes: [FlushSummary]) -> [Self] {
        let figures = Figures(summaries: report)
        return [
            scans(figures, verdict), prefixes(figures),
            target("a considerate scan keeps the cache fast", .considerate, considerateTarget, figures),
            target("a gentle scan is not noticed by the cache", .gentle, gentleTarget, figures),
            ownServer(figures), flush(flushes),
        ].compactMap(\.self)
    }

    private struct Figures {
        let summaries: [IsolationSummary]

        subscript(layout: IsolationLayout) -> IsolationSummary? {
            summaries.first { $0.case == IsolationCase(layout) }
        }

        /// Whether what all else is compared with says little itself.
        var isDisturbed: Bool { self[.idle].map { $0.isUnsteady || $0.isMostlyOwnError } ?? true }

        /// The answer, where the figures allow one.
        func answer(_ answer: Answer) -> Answer { isDisturbed ? .undecided : answer }

        /// Median of the rounds' p99, as a multiple of idle.
        func times(_ layout: IsolationLayout) -> Double? { self[layout]?.p99TimesIdle?.median }

        /// Whether it is within the limit beyond doubt.
        func isSurelyCalm(_ layout: IsolationLayout) -> Bool {
            guard !isDisturbed, let summary = self[layout], let times = times(layout) else { return false }
            return times <= IsolationVerdict.limit && !summary.roundsDisagree()
        }

        func text(_ layout: IsolationLayout) -> String? {
            guard let summary = self[layout], let times = summary.p99TimesIdle, let rate = summary.vectorsPerSecond
            else { return nil }
            return "\(layout.name) \(IsolationSummary.times(times)) idle at \(Units.rate(perSecond: rate))"
        }

        func list(_ layouts: [IsolationLayout]) -> String {
            "GET p99 of main: " + layouts.compactMap { text($0) }.joined(separator: ", ")
        }
    }

    private static func scans(_ figures: Figures, _ verdict: IsolationVerdict) -> Self {
        let remedies: [(IsolationLayout, String)] = [
            (.considerate, "a considerate scan"), (.gentle, "a gentle scan"), (.replica, "a replica for the scans"),
            (.separateServers, "a server of its own"),
        ]
        let text = figures.list([.namedDatabases] + remedies.map(\.0))
        let remedy = remedies.first { figures.isSurelyCalm($0.0) }
        let answer: Answer =
            switch verdict.answer {
            case .yes: .holds
            case .undecided: .undecided
            case .no, .onlyAtTheMedian: remedy == nil ? .doesNotHold : .holdsOnlyWith
            }
        return Self(
            claim: IsolationVerdict.claim, answer: answer, condition: answer == .holdsOnlyWith ? remedy?.1 : nil,
            figures: text)
    }

    private static func prefixes(_ figures: Figures) -> Self? {
        guard let named = figures.times(.namedDatabases), let together = figures.times(.oneDatabase) else { return nil }
        return Self(
            claim: "databases of their own keep the cache faster than prefixes in one database",
            answer: figures.answer(named <= together / IsolationVerdict.limit ? .holds : .doesNotHold),
            condition: nil,
            figures: figures.list([.oneConnection, .oneDatabase, .namedDatabases]))
    }

    private static func target(
        _ claim: String, _ layout: IsolationLayout, _ target: (times: Double, share: Double), _ figures: Figures
    ) -> Self? {
        guard let times = figures.times(layout), let rate = figures[layout]?.vectorsPerSecond,
            let unpaced = figures[.namedDatabases]?.vectorsPerSecond, unpaced > 0, let text = figures.text(layout)
        else { return nil }
        let share = rate / unpaced
        let unsure = figures[layout]?.roundsDisagree(at: target.times) == true
        return Self(
            claim: claim,
            answer: figures.answer(
                unsure ? .undecided : times <= target.times && share >= target.share ? .holds : .doesNotHold),
            condition: nil,
            figures: "\(text), which is \(Units.decimal(share * 100, places: 0)) % of the unpaced speed "
                + "(wanted: within \(Units.decimal(target.times, places: 1)) × at "
                + "\(Units.decimal(target.share * 100, places: 0)) %)")
    }

    private static func ownServer(_ figures: Figures) -> Self? {
        guard let times = figures.times(.separateServers) else { return nil }
        let isCalm = times <= IsolationVerdict.limit
        let helps = !isCalm && figures.isSurelyCalm(.separateConsiderate)
        return Self(
            claim: "a server of its own keeps vector scans away from the cache",
            answer: figures.answer(isCalm ? .holds : helps ? .holdsOnlyWith : .doesNotHold),
            condition: helps ? "a considerate scan" : nil,
            figures: figures.list([.separateServers, .separateConsiderate, .replica]))
    }

    private static func flush(_ flushes: [FlushSummary]) -> Self? {
        guard !flushes.isEmpty else { return nil }
        let isWhole = flushes.allSatisfy { $0.lost == 0 && $0.failedReads == 0 }
        return Self(
            claim: "the cache can be flushed without losing vectors", answer: isWhole ? .holds : .doesNotHold,
            condition: nil, figures: flushes.map(\.sentence).joined(separator: "; "))
    }
}
