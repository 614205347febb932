/// What was found out about one key, beside its name.
struct KeyLook: Sendable, Hashable {
    /// What TYPE says: `string`, `hash`, `ReJSON-RL` …; nil if the server did not let us ask.
    var type: String?
    /// What OBJECT ENCODING says: `embstr`, `listpack` …; nil if the server did not let us ask.
    var encoding: String?
    /// When it expires; nil if the server did not let us ask.
    var time: KeyTime?
    /// Bytes it takes; nil if the server did not let us ask.
    var bytes: Int?
}

/// Whether a key expires, and when.
enum KeyTime: Sendable, Hashable {
    case never
    case left(milliseconds: Int)
}

/// A type and how its values are laid out in memory.
struct KeyKind: Sendable, Hashable {
    let type: String
    /// Nil if the server did not let us ask.
    let encoding: String?
}

/// How soon a key expires.
package enum TimeLeft: Int, Sendable, Hashable, CaseIterable {
    case never, withinMinute, withinHour, withinDay, withinWeek, withinMonth, later

    /// The bucket of a number of milliseconds; one that is over already will be gone within the minute.
    init(_ time: KeyTime) {
        guard case .left(let milliseconds) = time else {
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
        /// Nil until it is asked, or if it is refused.
        var type: String?
        var encoding: String?
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

    /// Says of a key what it is, if it is among them.
    mutating func describe(_ name: UnsafeRawBufferPointer, _ look: KeyLook) {
        guard let place = keys.firstIndex(where: { $0.name.elementsEqual(name) }) else { return }
        keys[place].type = look.type
        keys[place].encoding = look.encoding
    }
}
