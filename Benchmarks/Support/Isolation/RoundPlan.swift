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
