/// Random numbers that are the same on every machine for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
///
/// For samples, for benchmarks and tests that must be repeatable; never for secrets.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// The next 64 bits; all 2^64 values come once before any comes again.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, without the cost of a perfectly fair one; 0 for a bound below 2.
    package mutating func below(_ bound: Int) -> Int {
        bound < 2 ? 0 : Int(truncatingIfNeeded: next() >> 1) % bound
    }

    /// The next number from 0 up to, not including, 1, in steps of 2^-53.
    package mutating func nextFraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
