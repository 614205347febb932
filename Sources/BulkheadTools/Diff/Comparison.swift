import Bulkhead
import BulkheadRESP

/// What was found when two sides were compared, key by key. Values never stand in it.
struct ComparisonReport: Sendable, Encodable {
    /// Keys of the left side, and those that only the right side has.
    private(set) var compared = 0
    private(set) var same = 0
    /// Left out, because they have expired by the server's clock.
    private(set) var expired = 0
    private(set) var different = 0
    private(set) var onlyLeft = 0
    private(set) var onlyRight = 0
    /// Notes of migrations on either side, which are not compared; nil without any.
    private(set) var notes: Int?
    /// Whether keys that only the right side has were looked for.
    var looksForOnlyRight = true
    private(set) var differences = KeyRemarks()

    /// There was nothing to compare.
    var isEmpty: Bool { compared == 0 && notes == nil }
    var isSame: Bool { different + onlyLeft + onlyRight == 0 }

    private enum CodingKeys: String, CodingKey {
        case compared, same, expired, different, differences
        case onlyLeft = "only_left"
        case onlyRight = "only_right"
        case looksForOnlyRight = "looks_for_only_right"
        case notes = "migration_notes"
    }

    enum Outcome: Sendable, Hashable {
        case same, expired, onlyLeft, onlyRight
        /// In which way, in words that hold nothing of the value.
        case different(String)
    }

    mutating func addNote() { notes = (notes ?? 0) + 1 }

    mutating func add(_ outcome: Outcome, _ key: some Sequence<UInt8>, _ names: SideNames) {
        compared += 1
        switch outcome {
        case .same: same += 1
        case .expired: expired += 1
        case .onlyLeft:
            onlyLeft += 1
            differences.add("only in \(names.left)", key)
        case .onlyRight:
            onlyRight += 1
            differences.add("only in \(names.right)", key)
        case .different(let words):
            different += 1
            differences.add(words, key)
        }
    }
}

/// What the two sides are called in a report.
struct SideNames: Sendable {
    let left: String
    let right: String
}

/// A key with its value and its expiry, on its way to be compared.
struct ComparedKey: Sendable {
    let key: RESPBytes
    /// Nil if it is too large to be held.
    let value: DumpedValue?
    let expiry: KeyExpiry

    /// Whether it is gone at `now`, or all of its fields are.
    func isOver(at now: Int64) -> Bool {
        if case .at(let time) = expiry, time <= now { return true }
        return value?.isOver(at: now) == true
    }

    /// Held against what the other side has under that name at `now`, in milliseconds since 1970: the time after both
    /// were read, by the clock that is ahead, so that what one side has removed as expired is no difference.
    func outcome(against found: KeyDump?, now: Int64, tolerance: Int64) -> ComparisonReport.Outcome {
        guard let found else { return isOver(at: now) ? .expired : .onlyLeft }
        guard let value else { return .different("too large to be compared") }
        if let words = value.difference(from: found.value, at: now) { return .different("another value: \(words)") }
        if expiry.isSame(as: found.expiry, tolerance: tolerance) { return .same }
        return switch (expiry, found.expiry) {
        case (.never, _): .different("only the right expires")
        case (_, .never): .different("only the left expires")
        default: .different("they expire at different times")
        }
    }
}
