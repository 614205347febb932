/// The arguments of one call, checked against the table of flags.
package struct Arguments: Sendable {
    package private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]
    /// How messages call the program: `bulkhead migrate`.
    package let program: String

    /// Reads `words` (`--flag`, `--flag value`, `--flag=value`, operands; everything behind `--` is an operand).
    ///
    /// `program` is how messages call the reader. A call for help ends the reading: what stands behind it, and
    /// what is missing, does not matter any more. Throws on whatever the table does not know.
    package init(
        reading words: some Sequence<String>, flags: [Flag], operands expected: Command.Operands = .none,
        of program: String
    ) throws(ProgramFailure) {
        self.program = program
        var words = words.makeIterator()
        var onlyOperands = false
        while let word = words.next() {
            if onlyOperands || word == "-" || !word.hasPrefix("-") {
                guard operands.count < expected.count.upperBound else {
                    let hint = word.contains("://") && flags.contains { $0.name == Flag.url.name }
                    throw .usage(
                        "unexpected argument '\(word.inMessage)'" + (hint ? ": give the URL by --url" : ""),
                        of: program)
                }
                operands.append(word)
                continue
            }
            if word == "--" {
                onlyOperands = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let typed = String(parts[0])
            guard let flag = flags.first(where: { $0.isSpelled(typed) }) else {
                let known = flags.map { "--\($0.name)" }
                throw .usage("unknown flag \(typed.inMessage)\(suggestion(for: typed, among: known))", of: program)
            }
            guard flag.isRepeatable || values[flag.name] == nil else {
                throw .usage("\(typed) is given twice", of: program)
            }
            let attached = parts.count == 2 ? String(parts[1]) : nil
            values[flag.name, default: []].append(try Self.value(of: flag, attached, &words, program))
            if flag.name == Flag.help.name { return }
        }
        guard operands.count >= expected.count.lowerBound else {
            throw .usage("\(expected.placeholder) is missing", of: program)
        }
    }

    /// True if the flag was given.
    package func has(_ flag: Flag) -> Bool {
        values[flag.name] != nil
    }

    /// The number behind the flag; nil if it was not given.
    package func integer(of flag: Flag) -> Int? {
        text(of: flag).flatMap { Int($0) }
    }

    /// The text or word behind the flag; nil if it was not given.
    package func text(of flag: Flag) -> String? {
        values[flag.name]?.last
    }

    /// All texts of a flag that may be repeated, in order.
    package func texts(of flag: Flag) -> [String] {
        values[flag.name] ?? []
    }

    /// The time behind the flag; nil if it was not given.
    package func duration(of flag: Flag) -> Duration? {
        text(of: flag).flatMap { Duration(flag: $0) }
    }

    /// The failure of a call whose parts do not fit each other.
    package func refused(_ message: String) -> ProgramFailure {
        .usage(message, of: program)
    }

    private static func value(
        of flag: Flag, _ attached: String?, _ words: inout some IteratorProtocol<String>, _ program: String
    ) throws(ProgramFailure) -> String {
        guard let placeholder = flag.value.placeholder else {
            guard attached == nil else { throw .usage("--\(flag.name) takes no value", of: program) }
            return ""
        }
        guard let text = attached ?? words.next() else {
            throw .usage("--\(flag.name) needs a value: --\(flag.name) \(placeholder)", of: program)
        }
        switch flag.value {
        case .none: break
        case .positiveInteger:
            let isDecimal = text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard isDecimal, let number = Int(text), number > 0 else {
                throw .usage("--\(flag.name) takes a positive integer, not '\(text.inMessage)'", of: program)
            }
        case .text:
            guard !text.isEmpty else {
                throw .usage("--\(flag.name) takes a \(placeholder), not an empty text", of: program)
            }
        case .choice(let known):
            guard known.contains(text) else {
                throw .usage(
                    "--\(flag.name) takes \(known.joined(separator: ", ")), not '\(text.inMessage)'"
                        + suggestion(for: text, among: known), of: program)
            }
        case .duration:
            guard Duration(flag: text) != nil else {
                throw .usage(
                    "--\(flag.name) takes a time such as 500ms, 10s, 5m or 2h, not '\(text.inMessage)'", of: program)
            }
        }
        return text
    }
}

extension Duration {
    /// Reads a whole number and its unit: `ms`, `s`, `m` or `h`; nil for anything else, and past a year.
    init?(flag text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number > 0, number <= 366 * 86_400_000 else { return nil }
        switch text[digits.endIndex...] {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "m": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3_600)
        default: return nil
        }
        guard self <= .seconds(366 * 86_400) else { return nil }
    }
}
