/// What a reply must be. A pattern says what is meant; how that stands on the wire depends on the protocol: `#t` is
/// `:1` in RESP2, a map is a flat array there, and so on.
package indirect enum ReplyPattern: Sendable, Hashable {
    case simple(Template)
    case error(Template, isPrefix: Bool)
    case integer(Template)
    case bulk(Template)
    /// `$-1` in RESP2, or `*-1` where an array is missing; `_` in RESP3.
    case null(ofArray: Bool)
    case double(Template)
    case boolean(Bool)
    case bigNumber(Template)
    /// With its format in RESP3, the content alone in RESP2.
    case verbatim(Template)
    case array([ReplyPattern], hasMore: Bool)
    /// An array whose order nobody promises.
    case bag([ReplyPattern], hasMore: Bool)
    /// A set in RESP3, an array in RESP2, in any order.
    case set([ReplyPattern], hasMore: Bool)
    /// Keys and values in turn; the pairs in any order.
    case map([ReplyPattern], hasMore: Bool)
    /// A push in RESP3, an array in RESP2.
    case push([ReplyPattern], hasMore: Bool)
    case typed(TypedPattern)
    case choice([ReplyPattern])
    /// These bytes and no others, in either protocol.
    case exactly(Template)
}

/// Any value of a kind: `<int 1..9 =x>`.
package struct TypedPattern: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case any, int, bulk, simple, text, error, array, map, set, double, bool, null, push, verbatim
    }

    let kind: Kind
    /// `*` and `?` stand for any bytes and any byte.
    var glob: [UInt8]?
    var range: ClosedRange<Double>?
    /// Elements, or bytes of a string.
    var count: Int?
    /// The name that the value has in what follows.
    var capture: String?
}

extension ReplyPattern {
    /// Whether the value is what it must be, with what it captures.
    func matches(_ value: WireValue, raw: ArraySlice<UInt8>? = nil, _ scope: inout MatchScope) -> Bool {
        let version = scope.version
        func isText(_ template: Template, _ type: Unicode.Scalar) -> Bool {
            value.type == UInt8(ascii: type) && !value.isNull && value.text == template.bytes(scope.value)
        }
        switch self {
        case .simple(let text): return isText(text, "+")
        case .integer(let text): return isText(text, ":")
        case .bulk(let text): return isText(text, "$")
        case .error(let text, let isPrefix):
            guard value.type == UInt8(ascii: "-") || value.type == UInt8(ascii: "!") else { return false }
            let wanted = text.bytes(scope.value)
            return isPrefix ? value.text.starts(with: wanted) : value.text == wanted
        case .null(let ofArray):
            return value.isNull && value.type == UInt8(ascii: version == 3 ? "_" : ofArray ? "*" : "$")
        case .double(let text): return isText(text, version == 3 ? "," : "$")
        case .bigNumber(let text): return isText(text, version == 3 ? "(" : "$")
        case .boolean(let isTrue):
            let text = version == 3 ? (isTrue ? "t" : "f") : (isTrue ? "1" : "0")
            return value.type == UInt8(ascii: version == 3 ? "#" : ":") && value.text == Array(text.utf8)
        case .verbatim(let text):
            if version == 3 { return isText(text, "=") }
            return value.type == UInt8(ascii: "$") && value.text == Array(text.bytes(scope.value).dropFirst(4))
        case .array(let patterns, let hasMore): return Self.inOrder(value, "*", patterns, hasMore, &scope)
        case .push(let patterns, let hasMore):
            return Self.inOrder(value, version == 3 ? ">" : "*", patterns, hasMore, &scope)
        case .bag(let patterns, let hasMore): return Self.inAnyOrder(value, "*", patterns, hasMore, 1, &scope)
        case .set(let patterns, let hasMore):
            return Self.inAnyOrder(value, version == 3 ? "~" : "*", patterns, hasMore, 1, &scope)
        case .map(let patterns, let hasMore):
            return Self.inAnyOrder(value, version == 3 ? "%" : "*", patterns, hasMore, 2, &scope)
        case .typed(let pattern): return pattern.matches(value, &scope)
        case .choice(let patterns):
            for pattern in patterns {
                var attempt = scope
                if pattern.matches(value, raw: raw, &attempt) {
                    scope = attempt
                    return true
                }
            }
            return false
        case .exactly(let bytes): return raw.map { Array($0) == bytes.bytes(scope.value) } ?? false
        }
    }

    private static func inOrder(
        _ value: WireValue, _ type: Unicode.Scalar, _ patterns: [ReplyPattern], _ hasMore: Bool,
        _ scope: inout MatchScope
    ) -> Bool {
        guard value.type == UInt8(ascii: type), !value.isNull,
            hasMore ? value.elements.count >= patterns.count : value.elements.count == patterns.count
        else { return false }
        for (pattern, element) in zip(patterns, value.elements)
        where !pattern.matches(element, &scope) { return false }
        return true
    }

    /// `stride` elements belong together and stay in their order.
    private static func inAnyOrder(
        _ value: WireValue, _ type: Unicode.Scalar, _ patterns: [ReplyPattern], _ hasMore: Bool, _ stride: Int,
        _ scope: inout MatchScope
    ) -> Bool {
        guard value.type == UInt8(ascii: type), !value.isNull, value.elements.count % stride == 0,
            hasMore ? value.elements.count >= patterns.count : value.elements.count == patterns.count
        else { return false }
        var left = Array(Swift.stride(from: 0, to: value.elements.count, by: stride))
        for start in Swift.stride(from: 0, to: patterns.count, by: stride) {
            var place: Int?
            for (index, candidate) in left.enumerated() {
                var attempt = scope
                let isMatch = (0..<stride).allSatisfy { offset in
                    patterns[start + offset].matches(value.elements[candidate + offset], &attempt)
                }
                if isMatch {
                    scope = attempt
                    place = index
                    break
                }
            }
            guard let place else { return false }
            left.remove(at: place)
        }
        return true
    }
}

extension TypedPattern {
    func matches(_ value: WireValue, _ scope: inout MatchScope) -> Bool {
        let isThird = scope.version == 3
        func isType(_ types: String) -> Bool { !value.isNull && types.utf8.contains(value.type) }
        switch kind {
        case .any: break
        case .int: guard isType(":") else { return false }
        case .bulk: guard isType("$") else { return false }
        case .simple: guard isType("+") else { return false }
        case .text: guard isType("+$=") else { return false }
        case .error: guard isType("-!") else { return false }
        case .array: guard isType("*") else { return false }
        case .map:
            guard isType(isThird ? "%" : "*"), value.elements.count % 2 == 0 else { return false }
        case .set: guard isType(isThird ? "~" : "*") else { return false }
        case .push: guard isType(isThird ? ">" : "*") else { return false }
        case .double: guard isType(isThird ? "," : "$"), number(of: value) != nil else { return false }
        case .bool:
            let isOne = value.text == [UInt8(ascii: "1")] || value.text == [UInt8(ascii: "0")]
            guard isThird ? isType("#") : isType(":") && isOne else { return false }
        case .null: guard value.isNull else { return false }
        case .verbatim: guard isType(isThird ? "=" : "$") else { return false }
        }
        // The format of a verbatim string is no part of its text.
        let text = value.type == UInt8(ascii: "=") ? Array(value.text.dropFirst(4)) : value.text
        if let glob, !Glob.matches(glob, text) { return false }
        if let range {
            guard let number = number(of: value), range.contains(number) else { return false }
        }
        if let count {
            let isOfPairs = kind == .map
            let isAggregate = "*%~>".utf8.contains(value.type)
            let own = isAggregate ? value.elements.count : text.count
            guard own == (isOfPairs ? count * 2 : count) else { return false }
        }
        if let capture { scope.captured[capture] = text }
        return true
    }

    private func number(of value: WireValue) -> Double? { Double(String(decoding: value.text, as: UTF8.self)) }
}

/// What patterns are compared under, and what they have captured.
package struct MatchScope {
    let version: Int
    var captured: [String: [UInt8]] = [:]
    /// What a name stands for that is not captured.
    let named: (String) -> [UInt8]

    var value: (String) -> [UInt8] {
        { [captured, named] name in captured[name] ?? named(name) }
    }
}

/// Patterns of bytes with `*` and `?`, in time linear in the text for each `*`.
enum Glob {
    static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var place = 0
        var index = 0
        var afterStar: Int?
        var restart = 0
        while index < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                afterStar = place
                restart = index
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[index] {
                place += 1
                index += 1
            } else if let star = afterStar {
                restart += 1
                place = star
                index = restart
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
