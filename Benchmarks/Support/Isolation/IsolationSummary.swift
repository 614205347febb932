/// What was seen of one case in all rounds.
package struct IsolationSummary: Sendable, Encodable {
    package let `case`: IsolationCase
    package var layout: IsolationLayout { self.case.layout }
    /// Of all rounds together.
    package let getLatency: Percentiles
    /// The p99 of each round, in nanoseconds.
    package let p99OfRounds: Spread
    /// The p99 of each round divided by that of the idle layout in the same round; nil for idle itself.
    package let p99TimesIdle: Spread?
    /// The p50 likewise.
    package let p50TimesIdle: Spread?
    /// The share of rounds whose p99 lies on the other side of the verdict's limit than that of most; at most 0.5.
    package let dissent: Double
    /// What the program itself adds to the latencies, at most.
    package let senderLateness: Percentiles
    /// What the machine adds, seen by a thread that only sleeps; nil where none watched.
    package let canary: Percentiles?
    package let answeredGets: Int
    package let failedGets: Int
    package let intendedGetsPerSecond: Double
    package let achievedGetsPerSecond: Double
    /// Nil for idle.
    package let vectorsPerSecond: Double?
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
            guard let p50 = histogram.percentile(50), let p90 = histogram.percentile(90),
                let p99 = histogram.percentile(99), let p999 = histogram.percentile(99.9), let max = histogram.max
            else { return nil }
            self.p50 = p50
            self.p90 = p90
            self.p99 = p99
            self.p999 = p999
            self.max = max
        }
    }

    /// Draws the rounds of a case together; nil if no GET of it was answered, or none of idle in the same rounds.
    package init?(_ kind: IsolationCase, of measurements: [IsolationMeasurement]) {
        let rounds = measurements.filter { $0.step.case == kind }
        let idle = measurements.filter { $0.step.case == kind.idle }
        let seen = rounds.map(\.seen)
        let layout = kind.layout
        var stalls = LatencyHistogram()
        var latencies = LatencyHistogram()
        var lateness = LatencyHistogram()
        for seen in seen {
            latencies.merge(seen.latencies)
            lateness.merge(seen.lateness)
            stalls.merge(seen.stalls)
        }
        func timesIdle(_ percent: Double) -> [Double] {
            rounds.compactMap { round in
                guard let own = round.seen.latencies.percentile(percent),
                    let base = idle.first(where: { $0.step.round == round.step.round })?
                        .seen.latencies.percentile(percent)
                else { return nil }
                return Double(own) / Double(max(1, base))
            }
        }
        guard let getLatency = Percentiles(latencies), let senderLateness = Percentiles(lateness),
            let p99OfRounds = Spread(seen.compactMap { $0.latencies.percentile(99).map(Double.init) })
        else { return nil }
        let seconds = seen.reduce(0) { $0 + $1.seconds }
        let scanSeconds = seen.reduce(0) { $0 + $1.workSeconds }
        self.case = kind
        canary = Percentiles(stalls)
        curve = Self.curvePercents.compactMap { percent in
            latencies.percentile(percent).map { CurvePoint(percent: percent, nanoseconds: $0) }
        }
        timeline = seen[0].timeline
        truth = seen[0].truth
        self.getLatency = getLatency
        self.p99OfRounds = p99OfRounds
        self.senderLateness = senderLateness
        let p99Factors = timesIdle(99)
        p99TimesIdle = layout.isScanned ? Spread(p99Factors) : nil
        p50TimesIdle = layout.isScanned ? Spread(timesIdle(50)) : nil
        if layout.isScanned, p99TimesIdle == nil { return nil }
        let within = p99Factors.count { $0 <= IsolationVerdict.limit }
        dissent = p99Factors.isEmpty ? 0 : Double(min(within, p99Factors.count - within)) / Double(p99Factors.count)
        answeredGets = latencies.count
        failedGets = seen.reduce(0) { $0 + $1.failedGets }
        intendedGetsPerSecond = Double(seen.reduce(0) { $0 + $1.intendedGets }) / scanSeconds
        achievedGetsPerSecond = Double(latencies.count) / seconds
        vectorsPerSecond = layout.isScanned ? Double(seen.reduce(0) { $0 + $1.work }) / scanSeconds : nil
    }

    /// Whether the p99 of one round is more than twice that of another, so that something else disturbed one of them.
    package var isUnsteady: Bool { p99OfRounds.max > 2 * p99OfRounds.min }

    /// Whether more than half of the p99 may come from this program being late, so that the p99 says little of the
    /// server.
    package var isMostlyOwnError: Bool { senderLateness.p99 > getLatency.p99 / 2 }
}
