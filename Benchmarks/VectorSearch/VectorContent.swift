import BulkheadBenchmarkSupport

/// Vectors that lie in clusters, as embeddings do, and searches near them; the same in each run.
struct VectorContent {
    private var random = SeededGenerator(seed: 1)
    private let centres: [[Float]]
    private let settings: VectorSettings
    let vectors: [[Float]]

    init(_ settings: VectorSettings) {
        self.settings = settings
        var random = random
        let centres = (0..<100).map { _ in (0..<settings.dimension).map { _ in Self.number(&random) } }
        vectors = (0..<settings.vectors).map { _ in Self.near(centres, &random) }
        self.centres = centres
        self.random = random
    }

    mutating func queries() -> [[Float]] {
        (0..<settings.queries).map { _ in Self.near(centres, &random) }
    }

    private static func near(_ centres: [[Float]], _ random: inout SeededGenerator) -> [Float] {
        centres[Int.random(in: centres.indices, using: &random)].map { $0 + number(&random) }
    }

    private static func number(_ random: inout SeededGenerator) -> Float {
        Float.random(in: -1...1, using: &random)
    }
}
