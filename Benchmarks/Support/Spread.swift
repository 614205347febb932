/// The middle and the ends of a few measurements of the same thing: what to print instead of an average.
package struct Spread: Sendable, Equatable, Encodable {
    /// The middle sample, or halfway between the two middle ones.
    package let median: Double
    package let min: Double
    package let max: Double

    /// Nil when there are no samples, or one of them is not a number.
    package init?(_ samples: some Sequence<Double>) {
        let sorted = samples.sorted()
        guard let first = sorted.first, let last = sorted.last, !sorted.contains(where: \.isNaN) else { return nil }
        let middle = sorted.count / 2
        // Halves first: the sum of two large samples may be infinite.
        median = sorted.count.isMultiple(of: 2) ? sorted[middle - 1] / 2 + sorted[middle] / 2 : sorted[middle]
        min = first
        max = last
    }

    /// `median (min–max)`, each number written by `format`, for example `Units.duration`.
    package func text(_ format: (Double) -> String) -> String {
        "\(format(median)) (\(format(min))–\(format(max)))"
    }
}
