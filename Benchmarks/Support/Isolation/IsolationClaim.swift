/// What was claimed, and what the figures say to it.
package struct IsolationClaim: Sendable, Equatable, Encodable {
    package enum Answer: String, Sendable, Equatable, Encodable {
        case holds
        /// It holds, and something else was lost.
        case holdsBut = "holds, but"
        case holdsOnlyWith = "holds only with"
        case doesNotHold = "does not hold"
        case undecided = "is undecided"
    }

    package let claim: String
    package let answer: Answer
    /// What it holds only with, what happened although it holds, or why it is undecided; nil where the verdict says it.
    package let condition: String?
    /// The figures, in a sentence.
    package let figures: String

    private init(_ claim: String, _ answer: Answer, _ condition: String? = nil, figures: String) {
        self.claim = claim
        self.answer = answer
        self.condition = condition
        self.figures = figures
    }

    /// The answer with its condition.
    package var answerText: String {
        guard let condition else { return answer.rawValue + (answer == .undecided ? ", as the verdict is" : "") }
        return answer.rawValue + (answer == .undecided ? ", because " : " ") + condition
    }

    package var text: String { "\"\(claim)\" \(answerText): \(figures)" }

    /// A considerate scan is to keep the p99 within this many times idle, at this share of the unpaced speed.
    package static let considerateTarget = (times: 1.5, share: 0.5)
    /// And a gentle one.
    package static let gentleTarget = (times: 1.2, share: 0.3)

    /// All that can be said of what was measured.
    package static func all(_ gate: IsolationGate, flushes: [FlushSummary]) -> [Self] {
        let figures = Figures(gate: gate)
        return [
            scans(figures), prefixes(figures),
            target("a considerate scan keeps the cache fast", .considerate, considerateTarget, figures),
            target("a gentle scan is not noticed by the cache", .gentle, gentleTarget, figures),
            ownServer(figures), flush(flushes),
        ].compactMap(\.self)
    }

    private struct Figures {
        let gate: IsolationGate

        func has(_ layout: IsolationLayout) -> Bool { gate.times(IsolationCase(layout)) != nil }

        func side(_ layout: IsolationLayout, limit: Double = IsolationVerdict.limit) -> IsolationGate.Side {
            gate.side(of: IsolationCase(layout), limit: limit)
        }

        /// Why a claim is undecided; nil where all of them are, as the verdict says it once.
        func own(_ reason: String) -> String? { reason == gate.objection ? nil : reason }

        func text(_ layout: IsolationLayout) -> String? {
            guard let times = gate.times(IsolationCase(layout)), let rate = gate.rates(IsolationCase(layout))
            else { return nil }
            return "\(layout.name) \(IsolationSummary.times(times)) idle at \(Units.rate(perSecond: rate.median))"
        }

        func list(_ layouts: [IsolationLayout]) -> String {
            "GET p99 of main: " + layouts.compactMap { text($0) }.joined(separator: ", ")
        }
    }

    private static func scans(_ figures: Figures) -> Self {
        let remedies: [(IsolationLayout, String)] = [
            (.considerate, "a considerate scan"), (.gentle, "a gentle scan"), (.replica, "a replica for the scans"),
            (.separateServers, "a server of its own"),
        ]
        let text = figures.list([.namedDatabases] + remedies.map(\.0))
        let claim = IsolationVerdict.claim
        switch figures.side(.namedDatabases) {
        case .within: return Self(claim, .holds, figures: text)
        case .open(let why): return Self(claim, .undecided, figures.own(why), figures: text)
        case .beyond:
            guard let remedy = remedies.first(where: { figures.side($0.0) == .within }) else {
                return Self(claim, .doesNotHold, figures: text)
            }
            return Self(claim, .holdsOnlyWith, remedy.1, figures: text)
        }
    }

    private static func prefixes(_ figures: Figures) -> Self? {
        let (named, together) = (IsolationCase(.namedDatabases), IsolationCase(.oneDatabase))
        guard figures.has(.oneDatabase), let ratio = figures.gate.times(named, to: together) else { return nil }
        let claim = "databases of their own keep the cache faster than prefixes in one database"
        let text =
            figures.list([.oneConnection, .oneDatabase, .namedDatabases])
            + "; named databases \(IsolationSummary.times(ratio)) one database"
        return switch figures.gate.side(of: named, to: together, limit: 1 / IsolationVerdict.limit) {
        case .within: Self(claim, .holds, figures: text)
        case .beyond: Self(claim, .doesNotHold, figures: text)
        case .open(let why): Self(claim, .undecided, figures.own(why), figures: text)
        }
    }

    private static func target(
        _ claim: String, _ layout: IsolationLayout, _ target: (times: Double, share: Double), _ figures: Figures
    ) -> Self? {
        guard let rates = figures.gate.rates(IsolationCase(layout)), let text = figures.text(layout),
            let unpaced = figures.gate.rates(IsolationCase(.namedDatabases))?.median, unpaced > 0
        else { return nil }
        func percent(_ rate: Double) -> String { Units.decimal(rate / unpaced * 100, places: 0) }
        let isFast = rates.min >= target.share * unpaced
        let isSlow = rates.max < target.share * unpaced
        let words =
            "\(text), which is \(percent(rates.median)) (\(percent(rates.min))–\(percent(rates.max))) % of the "
            + "unpaced speed (wanted: within \(IsolationSummary.number(target.times)) × at "
            + "\(Units.decimal(target.share * 100, places: 0)) %)"
        return switch figures.side(layout, limit: target.times) {
        case .open(let why): Self(claim, .undecided, figures.own(why), figures: words)
        case .beyond: Self(claim, .doesNotHold, figures: words)
        case .within where isFast: Self(claim, .holds, figures: words)
        case .within where isSlow: Self(claim, .doesNotHold, figures: words)
        case .within: Self(claim, .undecided, "the rounds lie on both sides of the wanted speed", figures: words)
        }
    }

    private static func ownServer(_ figures: Figures) -> Self? {
        guard figures.has(.separateServers) else { return nil }
        let claim = "a server of its own keeps vector scans away from the cache"
        let text = figures.list([.separateServers, .separateConsiderate, .replica])
        switch figures.side(.separateServers) {
        case .within: return Self(claim, .holds, figures: text)
        case .open(let why): return Self(claim, .undecided, figures.own(why), figures: text)
        case .beyond:
            let helps = figures.side(.separateConsiderate) == .within
            return helps
                ? Self(claim, .holdsOnlyWith, "a considerate scan", figures: text)
                : Self(claim, .doesNotHold, figures: text)
        }
    }

    /// What was lost is counted, not timed, so that no noise can change it. How long reads stood still may be the
    /// machine's doing, and then the answer says so.
    private static func flush(_ flushes: [FlushSummary]) -> Self? {
        guard !flushes.isEmpty else { return nil }
        let claim = "the cache can be flushed without losing vectors"
        let text = flushes.map(\.sentence).joined(separator: "; ")
        guard flushes.allSatisfy({ $0.lost == 0 && $0.failedReads == 0 }) else {
            return Self(claim, .doesNotHold, figures: text)
        }
        let stops = flushes.compactMap(\.stop)
        return stops.isEmpty
            ? Self(claim, .holds, figures: text)
            : Self(claim, .holdsBut, stops.joined(separator: " and "), figures: text)
    }
}
