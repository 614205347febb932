extension LineScanner {
    /// A pattern, or several with `|` between them of which one must fit.
    mutating func pattern() throws(Problem) -> ReplyPattern {
        var choices = [try single()]
        skipSpaces()
        while take("| ") {
            skipSpaces()
            choices.append(try single())
            skipSpaces()
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func single() throws(Problem) -> ReplyPattern {
        let stops = " ]>"
        skipSpaces()
        guard let byte = next else { throw Problem(words: "a pattern is missing") }
        if take("nil*") { return .null(ofArray: true) }
        if take("nil") { return .null(ofArray: false) }
        if take("any[") {
            let (parts, hasMore) = try list()
            return .bag(parts, hasMore: hasMore)
        }
        if take("exactly ") { return .exactly(try quoted()) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .bulk(try template(endingAt: stops))
        case UInt8(ascii: "["), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ">"): return try aggregate(byte)
        case UInt8(ascii: "<"): return .typed(try typed())
        default: break
        }
        position += 1
        switch byte {
        case UInt8(ascii: "+"): return .simple(try template(endingAt: stops))
        case UInt8(ascii: ":"): return .integer(try template(endingAt: stops))
        case UInt8(ascii: ","): return .double(try template(endingAt: stops))
        case UInt8(ascii: "("): return .bigNumber(try template(endingAt: stops))
        case UInt8(ascii: "="): return .verbatim(try template(endingAt: stops))
        case UInt8(ascii: "-"):
            let isWord = next != UInt8(ascii: "\"")
            let text = try template(endingAt: " ]")
            // A bare word is the code of the error; a text is the whole of it, unless a star follows.
            return .error(text, isPrefix: take("*") || isWord)
        case UInt8(ascii: "#"):
            if take("t") { return .boolean(true) }
            if take("f") { return .boolean(false) }
            throw Problem(words: "#t or #f is a boolean")
        default: throw Problem(words: "no pattern begins with '\(UnicodeScalar(byte))'")
        }
    }

    private mutating func quoted() throws(Problem) -> Template {
        skipSpaces()
        guard next == UInt8(ascii: "\"") else { throw Problem(words: "exactly needs bytes in quotes") }
        return try template(endingAt: " ")
    }

    private mutating func aggregate(_ sign: UInt8) throws(Problem) -> ReplyPattern {
        if sign != UInt8(ascii: "[") { position += 1 }
        guard take("[") else { throw Problem(words: "'\(UnicodeScalar(sign))' needs a '[' behind it") }
        let (parts, hasMore) = try list()
        switch sign {
        case UInt8(ascii: "~"): return .set(parts, hasMore: hasMore)
        case UInt8(ascii: ">"): return .push(parts, hasMore: hasMore)
        case UInt8(ascii: "%"):
            guard parts.count % 2 == 0 else { throw Problem(words: "a map has keys and values in turn") }
            return .map(parts, hasMore: hasMore)
        default: return .array(parts, hasMore: hasMore)
        }
    }

    /// Patterns up to `]`; `...` at their end lets more come.
    private mutating func list() throws(Problem) -> ([ReplyPattern], hasMore: Bool) {
        var parts: [ReplyPattern] = []
        while true {
            skipSpaces()
            if take("]") { return (parts, false) }
            if take("...") {
                skipSpaces()
                guard take("]") else { throw Problem(words: "'...' stands at the end of a list") }
                return (parts, true)
            }
            if isAtEnd { throw Problem(words: "a list is not closed") }
            parts.append(try pattern())
        }
    }

    private mutating func typed() throws(Problem) -> TypedPattern {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: " "), byte != UInt8(ascii: ">") { position += 1 }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let kind = TypedPattern.Kind(rawValue: name) else {
            let known = TypedPattern.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(words: "'\(name)' is no kind of value: \(known) are")
        }
        var pattern = TypedPattern(kind: kind)
        while true {
            skipSpaces()
            if take(">") { return pattern }
            guard let byte = next else { throw Problem(words: "'<' is not closed") }
            if byte == UInt8(ascii: "\"") {
                pattern.glob = try template(endingAt: " ").bytes { _ in [] }
            } else if take("=") {
                pattern.capture = try word(upTo: " >")
            } else {
                let text = try word(upTo: " >")
                let bounds = text.split(separator: ".", maxSplits: Int.max, omittingEmptySubsequences: false)
                if bounds.count == 3, bounds[1].isEmpty, let low = Double(bounds[0]), let high = Double(bounds[2]),
                    low <= high
                {
                    pattern.range = low...high
                } else if let count = Int(text), count >= 0 {
                    pattern.count = count
                } else {
                    throw Problem(words: "'\(text)' is no count and no range such as 1..9")
                }
            }
        }
    }

    private mutating func word(upTo stops: String) throws(Problem) -> String {
        let text = try template(endingAt: stops).bytes { _ in [] }
        guard !text.isEmpty else { throw Problem(words: "a word is missing") }
        return String(decoding: text, as: UTF8.self)
    }
}
