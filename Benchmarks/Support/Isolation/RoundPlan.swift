/// The order of the measurements: round by round, so that a machine that slows down slows all cases.
package struct RoundPlan: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        /// From 0.
        package let round: Int
        package let `case`: IsolationCase
    }

    package let steps: [Step]

    package init(rounds: Int, cases: [IsolationCase]) {
        // What differs little from idle is measured right after it, before the machine has changed.
        let order = cases.sorted { ($0.rate ?? 0, $0.layout.distance) < ($1.rate ?? 0, $1.layout.distance) }
        // What differs much shows it in a few rounds; the time is for what differs little.
        let stride = Self.stride(of: rounds)
        steps = (0..<max(0, rounds)).flatMap { round in
            order.filter { $0.layout.distance < 2 || round.isMultiple(of: stride) }.map { Step(round: round, case: $0) }
        }
    }

    /// At most half as many rounds again are measured for those that the machine spoilt.
    package static func mostRepeats(of rounds: Int) -> Int { (rounds + 1) / 2 }

    /// One more round of the cases that lack one, each with its idle, which must be of about the same time; nil where
    /// none lacks any, or where all that are allowed were measured.
    package static func repeated(_ measured: [IsolationRound], rounds: Int, repeats: Int) -> [Step]? {
        guard repeats < mostRepeats(of: rounds) else { return nil }
        let lacking = Dictionary(grouping: measured, by: \.case).filter { _, all in
            let wanted = all.count { $0.round < rounds }
            return all.count { !$0.isSpoilt } < wanted
        }
        guard !lacking.isEmpty else { return nil }
        // Far from the rounds before, whose idle is of another time.
        let round = rounds + IsolationGate.nearRounds + repeats
        let cases = Set(lacking.keys).union(lacking.keys.map(\.idle))
        return RoundPlan(rounds: 1, cases: Array(cases)).steps.map { Step(round: round, case: $0.case) }
    }

    /// Cases far from idle are measured in one of so many rounds: about seven times.
    static func stride(of rounds: Int) -> Int { max(1, rounds / 7) }

    /// The cases of a run: the layouts that can be measured, each with the scan of vectors, idle first; then the other
    /// noises on one server; then idle, unpaced and considerate at the other rates.
    package static func cases(
        layouts: [IsolationLayout], noises: [IsolationNoise], rates: [Double]
    ) -> [IsolationCase] {
        IsolationLayout.allCases.filter(layouts.contains).map { IsolationCase($0) }
            + noises.filter { $0 != .vectors }.map { IsolationCase(.namedDatabases, noise: $0) }
            + rates.flatMap { rate in
                [.idle, .namedDatabases, .considerate].map { IsolationCase($0, rate: rate) }
            }
    }
}

/// What was seen at one step of the plan.
package struct IsolationMeasurement: Sendable, Equatable {
    package let step: RoundPlan.Step
    package let seen: ProbeMeasurement

    package init(step: RoundPlan.Step, seen: ProbeMeasurement) {
        self.step = step
        self.seen = seen
    }
}
