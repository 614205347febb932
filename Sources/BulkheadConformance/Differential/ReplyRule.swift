/// How the replies to a command are compared.
struct ReplyRule: Sendable, Hashable {
    enum Order: Sendable, Hashable {
        case given, any, pairs, rows, scan, scanPairs
    }

    var order = Order.given
    /// Integers that differ by no more are the same, if both are above 0.
    var tolerance: Int?
    /// Texts that are one number, written in two ways, differ only in that.
    var comparesNumbers = false
    var comparesTypesAlone = false
    var isSkipped = false
    /// The third of four elements is a time that passed.
    var isOfPending = false
    /// Names of pairs that are no part of the comparison.
    var without: [[UInt8]] = []

    var isPlain: Bool { self == ReplyRule() }
}

/// Where two replies differ: what each side has there, in words without values, but for the names of fields and the
/// words of errors.
struct LeafDifference: Hashable {
    let left: String
    let right: String
    /// Both are errors with one code, and other words.
    var isWording = false
}

/// Compares two replies and collects where they differ.
struct ReplyComparison {
    private let rule: ReplyRule
    private(set) var differences: [LeafDifference] = []
    private static let most = 20
    /// What stands before what differs, within the fields of XINFO.
    private var field = ""

    init(_ left: WireValue, _ right: WireValue, by rule: ReplyRule) {
        self.rule = rule
        guard !rule.isSkipped, left != right else { return }
        if rule.comparesTypesAlone {
            if left.type != right.type || left.isNull != right.isNull { note(left, right) }
            return
        }
        switch rule.order {
        case .scan, .scanPairs:
            guard left.elements.count == 2, right.elements.count == 2 else {
                compare(left, right)
                return
            }
            compare(left.elements[0], right.elements[0])
            if rule.order == .scan {
                compareInAnyOrder(left.elements[1], right.elements[1])
            } else {
                comparePairs(left.elements[1], right.elements[1])
            }
        case .any: compareInAnyOrder(left, right)
        case .pairs: comparePairs(left, right)
        case .rows:
            guard left.type == right.type, Self.isAggregate(left), left.elements.count == right.elements.count else {
                compare(left, right)
                return
            }
            for (one, other) in zip(left.elements, right.elements) { comparePairs(one, other) }
        case .given: compare(left, right)
        }
    }

    // MARK: Walking

    private mutating func compare(_ left: WireValue, _ right: WireValue) {
        guard left != right, differences.count < Self.most else { return }
        guard left.type == right.type, left.isNull == right.isNull, Self.isAggregate(left) else {
            return compareLeaves(left, right)
        }
        switch left.type {
        case UInt8(ascii: "%"): comparePairs(left, right)
        case UInt8(ascii: "~"): compareInAnyOrder(left, right)
        default:
            guard left.elements.count == right.elements.count else { return note(left, right) }
            for index in left.elements.indices {
                if rule.isOfPending, index == 2, left.elements.count == 4 { continue }
                compare(left.elements[index], right.elements[index])
            }
        }
    }

    private mutating func compareInAnyOrder(_ left: WireValue, _ right: WireValue) {
        guard left.type == right.type, left.isNull == right.isNull, Self.isAggregate(left) else {
            return compareLeaves(left, right)
        }
        guard left.elements.count == right.elements.count else { return note(left, right) }
        let sorted = (left.elements.sorted(by: Self.isBefore), right.elements.sorted(by: Self.isBefore))
        for (one, other) in zip(sorted.0, sorted.1) { compare(one, other) }
    }

    private mutating func comparePairs(_ left: WireValue, _ right: WireValue) {
        guard left.type == right.type, Self.isAggregate(left), left.elements.count % 2 == 0,
            right.elements.count % 2 == 0
        else {
            if left.type == right.type, Self.isAggregate(left) {
                note(left, right)
            } else {
                compareLeaves(left, right)
            }
            return
        }
        var others: [[UInt8]: WireValue] = [:]
        for index in stride(from: 0, to: right.elements.count, by: 2) {
            others[right.elements[index].text] = right.elements[index + 1]
        }
        for index in stride(from: 0, to: left.elements.count, by: 2) {
            let name = left.elements[index].text
            if rule.without.contains(name) {
                others[name] = nil
            } else if let other = others.removeValue(forKey: name) {
                field = rule.order == .rows || !rule.without.isEmpty ? Self.field(name) + ": " : ""
                compare(left.elements[index + 1], other)
                field = ""
            } else {
                note(LeafDifference(left: Self.field(name), right: "nothing"))
            }
        }
        for name in others.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !rule.without.contains(name) {
            note(LeafDifference(left: "nothing", right: Self.field(name)))
        }
    }

    private mutating func compareLeaves(_ left: WireValue, _ right: WireValue) {
        if let tolerance = rule.tolerance, left.type == UInt8(ascii: ":"), right.type == left.type,
            let one = WireReader.integer(left.text), let other = WireReader.integer(right.text), one > 0, other > 0,
            abs(one - other) <= tolerance
        {
            return
        }
        note(left, right)
    }

    // MARK: Noting

    private mutating func note(_ left: WireValue, _ right: WireValue) {
        var words = (Self.words(for: left), Self.words(for: right))
        var isWording = false
        if left.type == UInt8(ascii: "-"), right.type == left.type {
            isWording = left.text.prefix { $0 != 32 } == right.text.prefix { $0 != 32 }
        } else if words.0 == words.1 {
            words.1 = "another " + words.1
            if rule.comparesNumbers, let one = Self.number(left), let other = Self.number(right),
                // Older servers write 17 decimals of a small number.
                one == other || abs(one - other) <= max(abs(one) * 1e-15, 1e-17)
            {
                words = ("a number", "the number in other digits")
            }
        }
        note(LeafDifference(left: field + words.0, right: field + words.1, isWording: isWording))
    }

    private mutating func note(_ difference: LeafDifference) {
        if !differences.contains(difference), differences.count < Self.most { differences.append(difference) }
    }

    private static func number(_ value: WireValue) -> Double? {
        guard value.type == UInt8(ascii: "$") || value.type == UInt8(ascii: ",") else { return nil }
        return Double(String(decoding: value.text, as: UTF8.self))
    }

    private static func words(for value: WireValue) -> String {
        if value.isNull { return value.type == UInt8(ascii: "*") ? "nil*" : "nil" }
        switch value.type {
        case UInt8(ascii: "-"), UInt8(ascii: "!"): return "-" + errorWords(value.text)
        case UInt8(ascii: "+"): return "+" + WireText.escaped(value.text)
        case UInt8(ascii: ":"): return "integer"
        case UInt8(ascii: ","): return "double"
        case UInt8(ascii: "#"): return "boolean"
        case UInt8(ascii: "("): return "big number"
        case UInt8(ascii: "="): return "verbatim string"
        case UInt8(ascii: "%"): return "map"
        case UInt8(ascii: "~"): return "set"
        case UInt8(ascii: ">"): return "push"
        case UInt8(ascii: "*"): return value.elements.isEmpty ? "empty array" : "array"
        default: return "string"
        }
    }

    /// The words of an error without what was said to the server: the sum of a script, and arguments.
    private static func errorWords(_ text: [UInt8]) -> String {
        var words = WireText.escaped(text)
        for mark in [", with args", "script: ", "user_script:"] {
            if let place = words.indices.first(where: { words[$0...].hasPrefix(mark) }) {
                words = words[..<place] + mark + "…"
            }
        }
        let parts = words.split(separator: "f_", maxSplits: 1)
        guard parts.count == 2, parts[1].prefix(while: \.isHexDigit).count == 40 else { return words }
        return parts[0] + "f_…" + parts[1].dropFirst(40)
    }

    private static func field(_ name: [UInt8]) -> String {
        // A name out of a reply to XINFO, and nothing that a key holds.
        name.count <= 40 && name.allSatisfy { $0 > 32 && $0 < 127 } ? String(decoding: name, as: UTF8.self) : "field"
    }

    private static func isAggregate(_ value: WireValue) -> Bool {
        !value.isNull && "*%~>|".utf8.contains(value.type)
    }

    private static func isBefore(_ left: WireValue, _ right: WireValue) -> Bool {
        if left.text != right.text { return left.text.lexicographicallyPrecedes(right.text) }
        if left.elements.isEmpty || right.elements.isEmpty { return left.elements.count < right.elements.count }
        return left.elements.lexicographicallyPrecedes(right.elements, by: isBefore)
    }
}
