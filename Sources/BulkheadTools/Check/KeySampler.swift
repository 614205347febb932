/// Draws keys at random, each with the same probability and whatever was drawn before.
struct KeySampler {
    /// The probability of each.
    let share: Double
    private let threshold: UInt64
    private var random: SeededGenerator

    /// - Parameters:
    ///   - share: the probability, 0...1; from 1 on every key is drawn.
    ///   - seed: the same seed draws the same.
    init(share: Double, seed: UInt64 = .random(in: .min ... .max)) {
        self.share = min(max(0, share), 1)
        threshold = share >= 1 ? .max : UInt64(max(0, share) * 0x1p64)
        random = SeededGenerator(seed: seed)
    }

    var drawsAll: Bool { threshold == .max }

    /// Whether the next key is in the sample.
    mutating func draws() -> Bool {
        drawsAll || random.next() < threshold
    }
}

/// Draws keys by their sizes: one of `unit` bytes or more for certain, a smaller one with the probability that its
/// size is of the unit.
///
/// So no giant is missed, and the keys drawn are no more than the bytes of all, divided by the unit.
struct SizeSampler {
    let unit: Int
    private var random: SeededGenerator

    init(unit: Int, seed: UInt64 = .random(in: .min ... .max)) {
        self.unit = max(1, unit)
        random = SeededGenerator(seed: seed)
    }

    mutating func draws(_ bytes: Int) -> Bool {
        bytes >= unit || Int(random.next() % UInt64(unit)) < bytes
    }
}
