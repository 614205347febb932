/// Reads a line of `Commands.forms`, whose first lines say what is in it.
struct FormReader {
    private var tokens: [Token] = []
    private var position = 0
    private let isOpen: (VersionGate) -> Bool
    private let line: Substring
    /// What both servers do not know and was taken out.
    private(set) var leftOut: [String] = []
    /// False if the form is nothing for these servers.
    private(set) var isWhole = true

    private enum Token: Equatable {
        case word(String)
        case placeholder(String)
        case gate(String)
        case mark(Character)
    }

    init(_ line: Substring, isOpen: @escaping (VersionGate) -> Bool) {
        self.line = line
        self.isOpen = isOpen
    }

    mutating func form() throws(LineScanner.Problem) -> CommandForm {
        var line = line
        var weight = 1.0
        if line.first == "x", let number = Double(line.dropFirst().prefix { $0 != " " }) {
            weight = number
            line = line.drop { $0 != " " }.dropFirst()
        }
        var rule = ReplyRule()
        var flags: Set<String> = []
        if let arrow = Self.arrow(in: line) {
            (rule, flags) = try Self.rule(line[arrow...].dropFirst(4))
            line = line[..<arrow]
        }
        tokens = try Self.tokens(line)
        let words = tokens.prefix(2).compactMap { token in
            if case .word(let word) = token { word.uppercased() } else { nil }
        }
        guard let first = words.first else { throw LineScanner.Problem(words: "a command begins with its name") }
        let both = words.joined(separator: " ")
        let name = words.count == 2 && CommandVersions.gate(of: both) != nil ? both : first
        let parts = try sequence(isInside: false) ?? []
        guard position == tokens.count else { throw LineScanner.Problem(words: "a bracket is closed that none opens") }
        return CommandForm(
            text: String(line), name: name, parts: parts, rule: rule, weight: weight, flags: flags)
    }

    private static func arrow(in line: Substring) -> Substring.Index? {
        var index = line.startIndex
        while index < line.endIndex {
            if line[index...].hasPrefix(" => ") { return index }
            index = line.index(after: index)
        }
        return nil
    }

    private static func rule(_ text: Substring) throws(LineScanner.Problem) -> (ReplyRule, Set<String>) {
        var rule = ReplyRule()
        var flags: Set<String> = []
        var words = text.split(separator: " ")[...]
        while let word = words.popFirst() {
            switch word {
            case "any": rule.order = .any
            case "pairs": rule.order = .pairs
            case "rows": rule.order = .rows
            case "scan": rule.order = .scan
            case "scanpairs": rule.order = .scanPairs
            case "numbers": rule.comparesNumbers = true
            case "type": rule.comparesTypesAlone = true
            case "skip": rule.isSkipped = true
            case "idle": rule.isOfPending = true
            case "near":
                guard let number = words.popFirst().flatMap({ Int($0) }) else {
                    throw LineScanner.Problem(words: "'near' takes a number")
                }
                rule.tolerance = number
            case "without":
                while let name = words.first, !["numbers", "no-noise"].contains(name) {
                    rule.without.append(Array(name.utf8))
                    words.removeFirst()
                }
            case "no-noise", "transaction", "outside": flags.insert(String(word))
            default: throw LineScanner.Problem(words: "'\(word)' is no way to compare replies")
            }
        }
        return (rule, flags)
    }

    private static func tokens(_ line: Substring) throws(LineScanner.Problem) -> [Token] {
        var tokens: [Token] = []
        var rest = line
        while let next = rest.first {
            switch next {
            case " ": rest.removeFirst()
            case "[", "]", "(", ")", "|":
                tokens.append(.mark(next))
                rest.removeFirst()
            case ".":
                guard rest.hasPrefix("...") else { fallthrough }
                tokens.append(.mark("."))
                rest = rest.dropFirst(3)
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw LineScanner.Problem(words: "'{' is not closed") }
                tokens.append(.placeholder(String(rest[..<end].dropFirst())))
                rest = rest[rest.index(after: end)...]
            default:
                let word = rest.prefix { !" []()|{".contains($0) }
                tokens.append(word.first == "@" ? .gate(String(word.dropFirst())) : .word(String(word)))
                rest = rest.dropFirst(word.count)
            }
        }
        return tokens
    }

    /// Parts up to a `|`, a closing bracket or the end; nil if a version keeps them out.
    private mutating func sequence(isInside: Bool) throws(LineScanner.Problem) -> [CommandForm.Part]? {
        var parts: [CommandForm.Part] = []
        var closed: String?
        while position < tokens.count {
            let token = tokens[position]
            if token == .mark("|") || token == .mark("]") || token == .mark(")") { break }
            position += 1
            var part: CommandForm.Part
            switch token {
            case .gate(let text):
                guard let gate = VersionGate(text[...]) else {
                    throw LineScanner.Problem(words: "'@\(text)' is no version such as @7.0 or @redis-7.4,valkey-9.0")
                }
                if !isOpen(gate) { closed = text }
                continue
            case .word(let word): part = .word(Self.wire(Array(word.utf8)))
            case .placeholder(let name):
                let isCounted = name.hasPrefix("#")
                guard let kind = WordKind(named: isCounted ? String(name.dropFirst()) : name) else {
                    throw LineScanner.Problem(words: "'{\(name)}' is no kind of word")
                }
                part = isCounted ? .counted(kind) : .placeholder(kind)
            case .mark(let mark):
                guard mark == "[" || mark == "(" else { throw LineScanner.Problem(words: "'\(mark)' stands alone") }
                let choices = try choices(closedBy: mark == "[" ? "]" : ")")
                if choices.isEmpty {
                    // Without the one that was to be chosen, there is no command.
                    if mark == "(" { closed = closed ?? "" }
                    continue
                }
                part = mark == "[" ? .option(choices) : .choice(choices)
            }
            if position < tokens.count, tokens[position] == .mark(".") {
                position += 1
                part = .repeated(part)
            }
            parts.append(part)
        }
        guard let closed else { return parts }
        if !closed.isEmpty { leftOut.append(Self.shown(parts, gate: closed)) }
        if !isInside { isWhole = false }
        return nil
    }

    private mutating func choices(closedBy end: Character) throws(LineScanner.Problem) -> [[CommandForm.Part]] {
        var choices: [[CommandForm.Part]] = []
        while true {
            if let parts = try sequence(isInside: true) { choices.append(parts) }
            guard position < tokens.count else { throw LineScanner.Problem(words: "'\(end)' is missing") }
            position += 1
            if tokens[position - 1] == .mark(end) { return choices }
            guard tokens[position - 1] == .mark("|") else { throw LineScanner.Problem(words: "'\(end)' is missing") }
        }
    }

    /// The words of an option that is left out, and the versions that it came with.
    private static func shown(_ parts: [CommandForm.Part], gate: String) -> String {
        let words = parts.compactMap { part -> String? in
            switch part {
            case .word(let bytes):
                let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
                return lines.count > 1 ? String(lines[1]) : nil
            case .choice(let choices): return choices.compactMap { shown($0) }.joined(separator: "|")
            case .placeholder(let kind): return "{\(kind.name)}"
            default: return nil
            }
        }
        return "\(words.joined(separator: " ")) (since \(gate))"
    }

    private static func shown(_ parts: [CommandForm.Part]) -> String? {
        guard case .word(let bytes) = parts.first else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst().first.map(
            String.init)
    }

    static func wire(_ word: [UInt8]) -> [UInt8] {
        Array("$\(word.count)\r\n".utf8) + word + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }
}
