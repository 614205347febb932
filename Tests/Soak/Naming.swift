import Bulkhead

/// Values that say whose they are: a reply that reaches the wrong caller cannot hide.
enum Naming {
    static let names: [DatabaseName] = [.main, .knowledge, .prompts, .analytics]
    static let fixedKeys = 64
    static let fieldCount = 40
    static let largeKey = "fixed:large"

    static func fixedKey(_ number: Int) -> String { "fixed:\(number)" }

    /// Different lengths, so that a reply cut at another's length shows too.
    static func value(_ name: DatabaseName, _ key: String, _ sequence: Int) -> String {
        let padding = key == largeKey ? 40_000 : (key.utf8.count + sequence) % 97
        return "\(name)/\(key)/\(sequence)/" + String(repeating: "x", count: padding)
    }

    /// The number in a value; nil if the value is another database's or another key's, or not whole.
    static func sequence(of value: String, _ name: DatabaseName, _ key: String) -> Int? {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let sequence = Int(parts[2]), value == self.value(name, key, sequence) else {
            return nil
        }
        return sequence
    }

    /// What all callers read and nobody changes.
    static func prepare(_ databases: RedisDatabases) async throws {
        for name in names {
            let database = try databases[name]
            for key in (0..<fixedKeys).map(fixedKey) + [largeKey] {
                try await database.set(key, value(name, key, 0))
            }
            try await database.hset(
                "fixed:hash", pairs: (0..<fieldCount).map { (key: "\($0)", value: value(name, "\($0)", 0)) })
        }
    }
}

/// What the server acknowledged to one caller, in one database. Nobody else writes these keys.
struct Ledger: Sendable {
    let name: DatabaseName
    let key: String
    let counter: String
    /// Two counters that grow together, in one transaction.
    let pair: (first: String, second: String)
    private(set) var pairs = 0
    private(set) var attemptedPairs = 0
    private(set) var acknowledged = 0
    private(set) var attempted = 0
    private(set) var increments = 0
    private(set) var attemptedIncrements = 0
    private(set) var lastCount = 0
    /// Whose reads may not be older than what is acknowledged here.
    private let cached: CachedReads

    init(_ name: DatabaseName, caller: String, _ cached: CachedReads) {
        self.name = name
        self.cached = cached
        key = "\(caller):value"
        counter = "\(caller):count"
        pair = ("{\(caller)}:first", "{\(caller)}:second")
    }

    mutating func nextValue() -> String {
        attempted += 1
        return Naming.value(name, key, attempted)
    }

    mutating func acknowledge() {
        acknowledged = attempted
        cached.acknowledge(name, key, acknowledged)
    }

    mutating func attemptIncrement() { attemptedIncrements += 1 }

    /// Each count is above the one before, and never above what was asked for.
    mutating func acknowledgeIncrement(_ count: Int, _ tally: inout Tally) {
        increments += 1
        check(count, above: lastCount, &tally)
        lastCount = max(lastCount, count)
    }

    mutating func attemptPair() { attemptedPairs += 1 }

    mutating func acknowledgePair(_ first: Int, _ second: Int, _ tally: inout Tally) {
        pairs += 1
        check(pair: first, second, &tally)
    }

    /// Both are the same, at least what was acknowledged and at most what was asked for.
    func check(pair first: Int, _ second: Int, _ tally: inout Tally) {
        if first != second { tally.cross("\(pair.first) in \(name) is \(first), the other \(second)") }
        if first < pairs { tally.lose("\(pair.first) in \(name) is \(first), was \(pairs)") }
        if first > attemptedPairs {
            tally.cross("\(pair.first) in \(name) is \(first) after \(attemptedPairs) attempts")
        }
    }

    /// `value` was read after the last acknowledged SET.
    func check(_ value: String?, _ tally: inout Tally) {
        guard let value else {
            if acknowledged > 0 { tally.lose("\(key) in \(name) is gone, was \(acknowledged)") }
            return
        }
        guard let sequence = Naming.sequence(of: value, name, key), sequence <= attempted else {
            return tally.cross("\(key) in \(name) reads \(value.prefix(60))")
        }
        if sequence < acknowledged { tally.lose("\(key) in \(name) is \(sequence), was \(acknowledged)") }
    }

    /// `count` was read after the last acknowledged INCR.
    func check(count: Int?, _ tally: inout Tally) {
        check(count ?? 0, above: max(lastCount, increments) - 1, &tally)
    }

    private func check(_ count: Int, above least: Int, _ tally: inout Tally) {
        if count <= least { tally.lose("\(counter) in \(name) is \(count), was above \(least)") }
        if count > attemptedIncrements {
            tally.cross("\(counter) in \(name) is \(count) after \(attemptedIncrements) attempts")
        }
    }
}
