/// What was seen of one case in all rounds.
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
    /// The p99 of each round divided by that of the idle layout about the same time; nil for idle itself.
    package let p99TimesIdle: Spread?
    /// The p50 likewise.
    package let p50TimesIdle: Spread?
    /// The factors of ``p99TimesIdle``, round by round; none for idle.
    package let p99TimesIdleOfRounds: [Double]
    /// Whether the p99 of a third of the rounds is far from that of the others, more than twofold.
    package let isUnsteady: Bool
    /// How late GETs of a typical round were handed to the client, which is part of their latencies. So is the time
    /// from a reply to its task, which cannot be told apart.
    package let senderLateness: Percentiles
    /// What the machine adds, seen by a thread that only sleeps; nil where none watched.
    package let canary: Percentiles?
    package let answeredGets: Int
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

    /// Idle is the median of so many rounds before, the same and so many after: a stall of the machine in one of them
    /// would halve a factor, and a machine that slows down slowly is followed all the same.
    private static let idleRounds = 2

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
        let rounds = measurements.filter { $0.step.case == kind }
        let idle = measurements.filter { $0.step.case == kind.idle }
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
        func timesIdle(_ percent: Double) -> [Double] {
            rounds.compactMap { round in
                let near = idle.filter { abs($0.step.round - round.step.round) <= Self.idleRounds }
                guard let own = round.seen.latencies.percentile(percent),
                    let base = Spread(near.compactMap { $0.seen.latencies.percentile(percent).map(Double.init) })
                else { return nil }
                return Double(own) / max(1, base.median)
            }
        }
        let ofRounds = seen.compactMap { Percentiles($0.latencies) }
        guard let getLatency = Percentiles(latencies), let getLatencyOfRounds = Percentiles(mediansOf: ofRounds),
            let senderLateness = Percentiles(mediansOf: seen.compactMap { Percentiles($0.lateness) }),
            let p99OfRounds = Spread(ofRounds.map { Double($0.p99) })
        else { return nil }
        let seconds = seen.reduce(0) { $0 + $1.seconds }
        let scanSeconds = seen.reduce(0) { $0 + $1.workSeconds }
        self.case = kind
        canary = Percentiles(stalls)
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
        let usual = p99OfRounds.median / 2...p99OfRounds.median * 2
        isUnsteady = ofRounds.count { !usual.contains(Double($0.p99)) } * 3 >= ofRounds.count
        p99TimesIdleOfRounds = layout.isScanned ? timesIdle(99) : []
        p99TimesIdle = Spread(p99TimesIdleOfRounds)
        p50TimesIdle = layout.isScanned ? Spread(timesIdle(50)) : nil
        if layout.isScanned, p99TimesIdle == nil { return nil }
        answeredGets = latencies.count
        failedGets = seen.reduce(0) { $0 + $1.failedGets }
        intendedGetsPerSecond = Double(seen.reduce(0) { $0 + $1.intendedGets }) / scanSeconds
        achievedGetsPerSecond = Double(latencies.count) / seconds
        vectorsPerSecond = layout.isScanned ? Double(seen.reduce(0) { $0 + $1.work }) / scanSeconds : nil
    }

    /// Whether a third of the rounds or more lie on the other side of the limit than the others: fewer are what a busy
    /// machine does. Were the true median beyond the limit, so few of 21 rounds would lie there once in 25 runs.
    func roundsDisagree(at limit: Double = IsolationVerdict.limit) -> Bool {
        let within = p99TimesIdleOfRounds.count { $0 <= limit }
        let few = min(within, p99TimesIdleOfRounds.count - within)
        return few > 0 && few * 3 >= p99TimesIdleOfRounds.count
    }

    /// Whether more than half of the p99 may come from this program being late, so that the p99 says little of the
    /// server.
    package var isMostlyOwnError: Bool { senderLateness.p99 > getLatencyOfRounds.p99 / 2 }
}
