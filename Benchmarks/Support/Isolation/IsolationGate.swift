/// Decides what may be said of a run: every claim, the verdict among them, goes through here.
///
/// A reader must be able to rely on YES or NO. So an answer needs all of the following; else it is left open, with the
/// reason:
///
/// - five rounds or more of the case and of idle that the machine did not spoil;
/// - an idle p99 of at most ``sanest`` times its p50;
/// - a thread that only sleeps woke, at its p99, within half of the idle p99, beside idle and beside the case; beside a
///   case that is delayed by more than the idle p99, within half of that delay;
/// - the layout that is known to be bad is slow: a run that does not show this cannot show less;
/// - no layout with a scan is faster than idle, which would mean that idle was disturbed;
/// - the whole range of the case, not only its median, lies on one side of the limit, and where that is beyond it, by
///   more than the machine hides.
package struct IsolationGate: Sendable {
    package enum Side: Sendable, Equatable {
        /// All of the range is within the limit, or all of it beyond.
        case within, beyond
        /// Nothing can be said, and why.
        case open(String)
    }

    /// The rounds that count.
    private let rounds: [IsolationCase: [IsolationRound]]
    /// All that were measured, also the spoilt ones.
    private let measured: [IsolationRound]
    /// What forbids any answer; nil when nothing does.
    package private(set) var objection: String?

    package static let fewestRounds = 5
    /// Of the p99 of idle, as a multiple of its p50: with nothing beside it a server answers about evenly.
    package static let sanest = 5.0
    /// What scans over the connection of the GETs makes them wait behind every page, on every machine.
    package static let knownBad = IsolationCase(.oneConnection)
    /// Its lowest round must be so many times idle: twice the limit of the verdict.
    package static let leastHarm = 2 * IsolationVerdict.limit
    /// Rounds of other cases count as of the same time up to so many before or after: idle is the median of these, so
    /// that a stall in one of them does not halve a factor, and a machine that becomes slower is still followed.
    static let nearRounds = 2

    package init(_ measured: [IsolationRound]) {
        self.measured = measured
        rounds = Dictionary(grouping: measured.filter { !$0.isSpoilt }, by: \.case)
        objection = firstObjection()
    }

    /// The rounds to take figures from: where none counts, all, so that there is something to show. Nothing is
    /// concluded from those, as an answer takes rounds that count.
    private func shown(_ kind: IsolationCase) -> [IsolationRound] {
        rounds[kind] ?? measured.filter { $0.case == kind }
    }

    /// For figures alone, of all these rounds, spoilt or not; it has no answer to give.
    init(figuresOf measured: [IsolationRound]) {
        self.measured = measured
        rounds = Dictionary(grouping: measured, by: \.case)
        objection = "no answer was asked for"
    }

    // MARK: Figures

    /// Each round's figure of a case divided by that of another about the same time, by default of idle.
    package func factors(
        _ kind: IsolationCase, to base: IsolationCase? = nil,
        of figure: any KeyPath<IsolationRound, Double> & Sendable = \.p99
    ) -> [Double] {
        let others = shown(base ?? kind.idle)
        return shown(kind).sorted { $0.round < $1.round }.compactMap { own in
            let near = others.filter { abs($0.round - own.round) <= Self.nearRounds }
            return Spread(near.map { $0[keyPath: figure] }).map { own[keyPath: figure] / max(1, $0.median) }
        }
    }

    /// The figures in about seven parts, each the median of neighbours: more rounds make a range surer, not wider.
    package static func parts(_ figures: [Double]) -> [Double] {
        let size = RoundPlan.stride(of: figures.count)
        let count = figures.count / size
        return (0..<count).compactMap { part in
            Spread(figures[part * size..<(part == count - 1 ? figures.count : (part + 1) * size)])?.median
        }
    }

    /// Median and ends of a case's factors.
    package func times(
        _ kind: IsolationCase, to base: IsolationCase? = nil,
        of figure: any KeyPath<IsolationRound, Double> & Sendable = \.p99
    ) -> Spread? {
        Spread(Self.parts(factors(kind, to: base, of: figure)))
    }

    /// Work a second, by parts of the rounds.
    package func rates(_ kind: IsolationCase) -> Spread? {
        Spread(Self.parts(shown(kind).map(\.rate)))
    }

    /// A figure of a typical round.
    package func typical(_ kind: IsolationCase, _ figure: (IsolationRound) -> Double?) -> Double? {
        Spread(shown(kind).compactMap(figure))?.median
    }

    // MARK: Answers

    /// On which side of the limit a case is, as a multiple of another one, by default of idle.
    package func side(of kind: IsolationCase, to base: IsolationCase? = nil, limit: Double) -> Side {
        if let objection { return .open(objection) }
        for case let other? in [kind, base] {
            if let objection = objection(to: other) { return .open(objection) }
        }
        let factors = factors(kind, to: base)
        guard factors.count >= Self.fewestRounds, let range = Spread(Self.parts(factors)) else {
            return .open("too few rounds of \(kind.name) have a round of \((base ?? kind.idle).name) near them")
        }
        let side = Self.side(of: range, limit: limit, name: kind.name)
        guard side == .beyond, let own = typical(kind, \.p99) else { return side }
        if let late = typical(kind, \.lateness), late > own / 2 {
            return .open("this program itself was late for \(kind.name): by \(Units.duration(nanoseconds: late))")
        }
        let harm = own - (typical(kind.idle, \.p99) ?? 0)
        if harm < hiddenDelay {
            return .open(
                "\(kind.name) was \(Units.duration(nanoseconds: max(0, harm))) slower than idle, which is less "
                    + "than this machine hides")
        }
        return side
    }

    /// On which side all of a range is.
    package static func side(of range: Spread, limit: Double, name: String) -> Side {
        if range.max <= limit { return .within }
        if range.min > limit { return .beyond }
        return .open(
            "the rounds of \(name) lie on both sides of the limit, \(IsolationSummary.times(range)) against "
                + "\(IsolationSummary.number(limit)) ×")
    }

    /// What forbids any answer.
    private func firstObjection() -> String? {
        let idle = IsolationCase(.idle)
        if let objection = objection(to: idle) { return objection }
        if !measured.contains(where: { $0.case == Self.knownBad }) {
            return "\(Self.knownBad.name) was not measured, and only that shows whether this run can see a slow layout"
        }
        guard let p50 = typical(idle, \.p50), let p99 = typical(idle, \.p99) else { return "idle was not measured" }
        if p99 > Self.sanest * p50 {
            return "the idle p99 of \(Units.duration(nanoseconds: p99)) is \(IsolationSummary.number(p99 / p50)) "
                + "times the idle p50, with nothing beside it"
        }
        if let late = typical(idle, \.lateness), late > p99 / 2 {
            return "this program itself was late beside idle: by \(Units.duration(nanoseconds: late))"
        }
        guard (rounds[Self.knownBad] ?? []).count >= Self.fewestRounds, let harm = times(Self.knownBad),
            harm.min >= Self.leastHarm
        else {
            return "\(Self.knownBad.name), which is known to be bad, "
                + (times(Self.knownBad).map { "came out at \(IsolationSummary.times($0)) idle" } ?? "was spoilt")
                + ": a run that does not show this cannot show less"
        }
        if let kind = winner() {
            return "\(kind.name) was faster than idle"
                + (times(kind).map { ", \(IsolationSummary.times($0))" } ?? "") + ", so idle was disturbed"
        }
        return nil
    }

    /// A layout with a scan whose typical GET p99 is below that of the fastest part of idle itself.
    private func winner() -> IsolationCase? {
        let idle = IsolationCase(.idle)
        guard let spread = times(idle) else { return nil }
        return rounds.keys.sorted().first { kind in
            kind.layout.isScanned && kind.rate == nil && (rounds[kind] ?? []).count >= Self.fewestRounds
                && times(kind).map { $0.median < spread.min && $0.max < 1 } == true
        }
    }

    /// What forbids to say anything of a case and of idle beside it.
    private func objection(to kind: IsolationCase) -> String? {
        for kind in kind == kind.idle ? [kind] : [kind, kind.idle] {
            let all = measured.count { $0.case == kind }
            let kept = rounds[kind]?.count ?? 0
            if kept < Self.fewestRounds {
                return kept < all
                    ? "the machine spoilt \(all - kept) of \(all) rounds of \(kind.name)\(Self.cause(measured, kind))"
                    : "\(Units.counted(all, "round")) of \(kind.name) are too few: an answer takes "
                        + "\(Self.fewestRounds)"
            }
        }
        guard let idle = typical(kind.idle, \.p99), let late = typical(kind, \.canary) else { return nil }
        // A YES turns on half of the idle p99; a NO on the delay that was seen, which the sleeper must not explain.
        let delay = (typical(kind, \.p99) ?? 0) - idle
        if late >= max(idle, delay) / 2 {
            return "a thread that only sleeps woke \(Units.duration(nanoseconds: late)) late beside \(kind.name), "
                + (delay > idle
                    ? "which is delayed by \(Units.duration(nanoseconds: delay))"
                    : "against an idle p99 of \(Units.duration(nanoseconds: idle))")
        }
        return nil
    }

    /// What spoilt the rounds of a case most.
    private static func cause(_ measured: [IsolationRound], _ kind: IsolationCase) -> String {
        let spoilt = measured.filter { $0.case == kind && $0.isSpoilt }
        let taken = Spread(spoilt.map { $0.taken ?? 0 })?.median ?? 0
        if taken > IsolationRound.mostTaken {
            return ": others had \(Units.decimal(taken * 100, places: 0)) % of the servers' cores"
        }
        let aside = Spread(spoilt.map { Double($0.setAside) / max(1, Double($0.answered)) })?.median ?? 0
        return ": \(Units.decimal(aside * 100, places: 0)) % of the GETs were due while it was busy"
    }

    // MARK: What the machine did

    /// Delays shorter than this, in nanoseconds, cannot be distinguished from the machine's own: the largest of the
    /// sleeping thread's, of how much idle varies, and of how far the idle p99 is above ``sanest`` times its p50.
    package var hiddenDelay: Double {
        let idle = IsolationCase(.idle)
        let spread = Spread(Self.parts(shown(idle).map(\.p99))).map { $0.max - $0.min } ?? 0
        let excess = (typical(idle, \.p99) ?? 0) - Self.sanest * (typical(idle, \.p50) ?? 0)
        return max(spread, excess, typical(idle, \.canary) ?? 0)
    }

    /// How much of a run was set aside.
    package var setAside: (share: Double, spoilt: Int, measured: Int) {
        let kept = rounds.values.joined()
        let answered = kept.reduce(0) { $0 + $1.answered }
        let aside = kept.reduce(0) { $0 + $1.setAside }
        return (Double(aside) / Double(max(1, answered)), measured.count - kept.count, measured.count)
    }
}
