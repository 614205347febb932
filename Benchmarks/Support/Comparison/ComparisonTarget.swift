/// What a figure is meant to be: a goal that a report speaks of, and never a reason to fail.
package enum ComparisonTarget: Sendable, Equatable {
    case atMost(Double)
    case atLeast(Double)

    /// Whether the figure reaches it; a figure that is exactly the limit does.
    package func isMet(by figure: Double) -> Bool {
        switch self {
        case .atMost(let limit): figure <= limit
        case .atLeast(let limit): figure >= limit
        }
    }

    /// `≤ 0.6`, the number written by `format`.
    package func text(_ format: (Double) -> String) -> String {
        switch self {
        case .atMost(let limit): "≤ \(format(limit))"
        case .atLeast(let limit): "≥ \(format(limit))"
        }
    }

    /// `met` or `not met`.
    package func verdict(on figure: Double) -> String { isMet(by: figure) ? "met" : "not met" }
}
