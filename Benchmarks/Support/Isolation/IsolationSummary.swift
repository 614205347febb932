/// What was seen of one case in the rounds that count; in all of them where the machine spoilt every one.
package struct IsolationSummary: Sendable, Encodable {
    package let `case`: IsolationCase
    package var layout: IsolationLayout { self.case.layout }
    /// Of all rounds together.
    package let getLatency: Percentiles
    /// Of a typical round: the median of the rounds for each percentile, so that a stall of the machine in one of them
    /// changes none.
    package let getLatencyOfRounds: Percentiles
    /// The p99 of each round, in nanoseconds.
    package let p99OfRounds: Spread
    /// The p99 of each round divided by that of the idle layout about the same time, by parts of the rounds, see
    /// ``IsolationGate/parts(_:)``; nil for idle itself.
    package let p99TimesIdle: Spread?
    /// The p50 likewise.
    package let p50TimesIdle: Spread?
    /// The factors of ``p99TimesIdle``, round by round; none for idle.
    package let p99TimesIdleOfRounds: [Double]
    /// How late GETs of a typical round were handed to the client, which is part of their latencies. So is the time
    /// from a reply to its task, which cannot be separated.
    package let senderLateness: Percentiles
    /// What the machine adds, seen by a thread that only sleeps; nil where none watched.
    package let canary: Percentiles?
    /// The same without the moments for which GETs were set aside, of a typical round.
    package let calmCanary: Percentiles?
    /// Rounds that do not count, because the machine took too much of their time.
    package let spoiltRounds: Int
    package let rounds: Int
    package let answeredGets: Int
    /// Of those that were answered; they are in no percentile.
    package let setAsideGets: Int
    package let failedGets: Int
    package let intendedGetsPerSecond: Double
    package let achievedGetsPerSecond: Double
    /// Nil for idle.
    package let vectorsPerSecond: Double?
    /// How long the steps of the work took their caller, of all rounds together; nil for idle, and where none ended.
    package let stepLatency: Percentiles?
    /// Of a typical round, by the rule of ``getLatencyOfRounds``.
    package let stepLatencyOfRounds: Percentiles?
    /// How many these are; nil for idle.
    package let steps: Int?
    /// What fractions of all GETs took, for a curve.
    package let curve: [CurvePoint]
    /// Of the first round.
    package let timeline: IsolationTimeline
    /// Of the first round.
    package let truth: ServerTruth?

    /// `percent` of all GETs took at most `nanoseconds`.
    package struct CurvePoint: Sendable, Equatable, Encodable {
        package let percent: Double
        package let nanoseconds: Int64
    }

    /// Dense where latencies are rare.
    static let curvePercents: [Double] = [
        0, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 93, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.8, 99.9, 99.95, 99.99, 100,
    ]

    /// Percentiles in nanoseconds, each at most 0.8 % too high; `max` is exact.
    package struct Percentiles: Sendable, Equatable, Encodable {
        package let p50, p90, p99, p999, max: Int64

        package init?(_ histogram: LatencyHistogram) {
            self.init(
                histogram.percentile(50), histogram.percentile(90), histogram.percentile(99),
                histogram.percentile(99.9), histogram.max)
        }

        /// The median of the rounds for each; nil without a round.
        init?(mediansOf rounds: [Percentiles]) {
            func median(_ value: KeyPath<Percentiles, Int64>) -> Int64? {
                Spread(rounds.map { Double($0[keyPath: value]) }).map { Int64($0.median) }
            }
            self.init(median(\.p50), median(\.p90), median(\.p99), median(\.p999), median(\.max))
        }

        private init?(_ p50: Int64?, _ p90: Int64?, _ p99: Int64?, _ p999: Int64?, _ max: Int64?) {
            guard let p50, let p90, let p99, let p999, let max else { return nil }
            self.p50 = p50
            self.p90 = p90
            self.p99 = p99
            self.p999 = p999
            self.max = max
        }
    }

    /// Draws the rounds of a case together; nil if no GET of it was answered, or none of idle about the same time.
    package init?(_ kind: IsolationCase, of measurements: [IsolationMeasurement]) {
        func counting(_ kind: IsolationCase) -> [IsolationMeasurement] {
            let all = measurements.filter { $0.step.case == kind }
            let kept = all.filter { !IsolationRound($0).isSpoilt }
            return kept.isEmpty ? all : kept
        }
        let rounds = counting(kind)
        let seen = rounds.map(\.seen)
        let layout = kind.layout
        var stalls = LatencyHistogram()
        var latencies = LatencyHistogram()
        var steps = LatencyHistogram()
        for seen in seen {
            latencies.merge(seen.latencies)
            steps.merge(seen.steps)
            stalls.merge(seen.stalls)
        }
        let kept = IsolationGate(figuresOf: (rounds + counting(kind.idle)).map { IsolationRound($0) })
        // Where no round of idle counts about the same time there are still figures to show; the gate lets nobody
        // conclude from them.
        let shown = kept.times(kind) != nil ? kept : IsolationGate(figuresOf: measurements.map { IsolationRound($0) })
        let ofRounds = seen.compactMap { Percentiles($0.latencies) }
        guard let getLatency = Percentiles(latencies), let getLatencyOfRounds = Percentiles(mediansOf: ofRounds),
            let senderLateness = Percentiles(mediansOf: seen.compactMap { Percentiles($0.lateness) }),
            let p99OfRounds = Spread(ofRounds.map { Double($0.p99) })
        else { return nil }
        let seconds = seen.reduce(0) { $0 + $1.seconds }
        let scanSeconds = seen.reduce(0) { $0 + $1.workSeconds }
        self.case = kind
        canary = Percentiles(stalls)
        calmCanary = Percentiles(mediansOf: seen.compactMap { Percentiles($0.calmStalls) })
        curve = Self.curvePercents.compactMap { percent in
            latencies.percentile(percent).map { CurvePoint(percent: percent, nanoseconds: $0) }
        }
        stepLatency = Percentiles(steps)
        stepLatencyOfRounds = Percentiles(mediansOf: seen.compactMap { Percentiles($0.steps) })
        self.steps = layout.isScanned ? steps.count : nil
        timeline = seen[0].timeline
        truth = seen[0].truth
        self.getLatency = getLatency
        self.getLatencyOfRounds = getLatencyOfRounds
        self.p99OfRounds = p99OfRounds
        self.senderLateness = senderLateness
        p99TimesIdleOfRounds = layout.isScanned ? shown.factors(kind) : []
        p99TimesIdle = layout.isScanned ? shown.times(kind) : nil
        p50TimesIdle = layout.isScanned ? shown.times(kind, of: \.p50) : nil
        if layout.isScanned, p99TimesIdle == nil { return nil }
        let all = measurements.filter { $0.step.case == kind }
        self.rounds = all.count
        spoiltRounds = all.count { IsolationRound($0).isSpoilt }
        answeredGets = seen.reduce(0) { $0 + $1.answeredGets }
        setAsideGets = seen.reduce(0) { $0 + $1.setAside }
        failedGets = seen.reduce(0) { $0 + $1.failedGets }
        intendedGetsPerSecond = Double(seen.reduce(0) { $0 + $1.intendedGets }) / scanSeconds
        achievedGetsPerSecond = Double(answeredGets) / seconds
        vectorsPerSecond = layout.isScanned ? Double(seen.reduce(0) { $0 + $1.work }) / scanSeconds : nil
    }

    /// Whether more than half of the p99 may come from this program being late, so that the p99 says little of the
    /// server.
    package var isMostlyOwnError: Bool { senderLateness.p99 > getLatencyOfRounds.p99 / 2 }
}
