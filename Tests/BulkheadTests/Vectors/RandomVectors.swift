/// Vectors that look random and are the same in each run.
struct RandomVectors {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func number() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }

    mutating func vector(_ dimension: Int) -> [Float] { (0..<dimension).map { _ in number() } }
}
