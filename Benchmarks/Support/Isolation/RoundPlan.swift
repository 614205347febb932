/// The order of the measurements: every layout once a round, so that a machine that slows down slows all of them.
package struct RoundPlan: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        /// From 0.
        package let round: Int
        package let layout: IsolationLayout
    }

    package let steps: [Step]

    /// - Parameter layouts: those that can be measured; idle comes first in each round whatever their order.
    package init(rounds: Int, layouts: [IsolationLayout]) {
        let ordered = IsolationLayout.allCases.filter(layouts.contains)
        steps = (0..<max(0, rounds)).flatMap { round in ordered.map { Step(round: round, layout: $0) } }
    }
}
