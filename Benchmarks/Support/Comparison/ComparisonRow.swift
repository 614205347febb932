/// The samples of one row, and what becomes of them.
package struct ComparisonRow: Sendable, Encodable {
    package let point: ComparisonPoint
    package let samples: [ComparisonSample]
    package let ours: Spread
    /// Nil where nothing stands beside it.
    package let beside: Spread?
    /// Of the ratios of each round, which is not the ratio of the medians: what slows a round slows both sides.
    package let ratio: Spread?

    /// Nil without samples, or if one of them is no number.
    package init?(_ point: ComparisonPoint, _ samples: [ComparisonSample]) {
        guard let ours = Spread(samples.map(\.ours)) else { return nil }
        self.point = point
        self.samples = samples
        self.ours = ours
        beside = Spread(samples.compactMap(\.beside))
        ratio = Spread(samples.compactMap(\.ratio))
        if point.section.judgesRatio, ratio == nil { return nil }
    }

    /// The figures the target speaks of.
    package var judged: Spread { point.section.judgesRatio ? ratio ?? ours : ours }

    /// `met` or `not met` by the median; nil for what has no target.
    package var verdict: String? { point.target?.verdict(on: judged.median) }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(point.rawValue, forKey: .id)
        try values.encode(point.name, forKey: .name)
        try values.encode(point.unit.rawValue, forKey: .unit)
        try values.encode(ours, forKey: .ours)
        try values.encodeIfPresent(beside, forKey: .beside)
        try values.encodeIfPresent(ratio, forKey: .ratio)
        switch point.target {
        case .atMost(let limit): try values.encode(limit, forKey: .targetAtMost)
        case .atLeast(let limit): try values.encode(limit, forKey: .targetAtLeast)
        case nil: break
        }
        try values.encodeIfPresent(verdict, forKey: .verdict)
        try values.encode(samples, forKey: .samples)
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, unit, ours, beside, ratio, targetAtMost, targetAtLeast, verdict, samples
    }
}
