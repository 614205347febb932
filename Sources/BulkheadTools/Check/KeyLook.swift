/// What was found out about one key, beside its name.
struct KeyLook: Sendable, Hashable {
    /// What TYPE says: `string`, `hash`, `ReJSON-RL` …; nil if the server did not let us ask.
    var type: String?
    /// What OBJECT ENCODING says: `embstr`, `listpack` …; nil if the server did not let us ask.
    var encoding: String?
    /// Milliseconds until it expires; nil for never.
    var timeLeft: Int?
    /// Bytes it takes; nil if the server did not let us ask.
    var bytes: Int?
}

/// A type and how its values are laid out in memory.
struct KeyKind: Sendable, Hashable {
    let type: String
    let encoding: String
}

/// How soon a key expires.
package enum TimeLeft: Int, Sendable, Hashable, CaseIterable {
    case never, withinMinute, withinHour, withinDay, withinWeek, withinMonth, later

    /// The bucket of a number of milliseconds; one that is over already will be gone within the minute.
    init(_ milliseconds: Int?) {
        guard let milliseconds else {
            self = .never
            return
        }
        self = Self.allCases.first { bucket in bucket.below.map { milliseconds < $0 } ?? false } ?? .later
    }

    /// Milliseconds below which a key's time lies; nil for those without an end.
    package var below: Int? {
        switch self {
        case .never, .later: nil
        case .withinMinute: 60_000
        case .withinHour: 3_600_000
        case .withinDay: 86_400_000
        case .withinWeek: 7 * 86_400_000
        case .withinMonth: 30 * 86_400_000
        }
    }

    /// As a report calls it.
    package var title: String {
        switch self {
        case .never: "never"
        case .withinMinute: "< 1 minute"
        case .withinHour: "< 1 hour"
        case .withinDay: "< 1 day"
        case .withinWeek: "< 1 week"
        case .withinMonth: "< 30 days"
        case .later: "later"
        }
    }
}

/// The largest of many keys.
struct BiggestKeys {
    struct Key: Sendable, Hashable {
        let name: [UInt8]
        let bytes: Int
        let type: String?
        let encoding: String?
    }

    /// How many are kept.
    let most: Int
    /// The largest first.
    private(set) var keys: [Key] = []

    init(most: Int) {
        self.most = most
    }

    mutating func add(_ name: UnsafeRawBufferPointer, _ look: KeyLook) {
        guard let bytes = look.bytes else { return }
        if keys.count == most {
            guard let smallest = keys.last, bytes > smallest.bytes else { return }
        }
        // A scan may show a key twice.
        if let place = keys.firstIndex(where: { $0.name.elementsEqual(name) }) { keys.remove(at: place) }
        let place = keys.firstIndex { $0.bytes < bytes } ?? keys.count
        keys.insert(Key(name: Array(name), bytes: bytes, type: look.type, encoding: look.encoding), at: place)
        if keys.count > most { keys.removeLast() }
    }
}

/// Draws keys at random, each with the same probability and whatever was drawn before.
struct KeySampler {
    /// The probability of each.
    let share: Double
    private let threshold: UInt64
    private var state: UInt64

    /// - Parameters:
    ///   - share: the probability, 0...1; from 1 on every key is drawn.
    ///   - seed: the same seed draws the same.
    init(share: Double, seed: UInt64 = .random(in: .min ... .max)) {
        self.share = min(max(0, share), 1)
        threshold = share >= 1 ? .max : UInt64(max(0, share) * 0x1p64)
        state = seed
    }

    var drawsAll: Bool { threshold == .max }

    /// Whether the next key is in the sample. SplitMix64 (Steele, Lea, Flood 2014).
    mutating func draws() -> Bool {
        if drawsAll { return true }
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31) < threshold
    }
}
