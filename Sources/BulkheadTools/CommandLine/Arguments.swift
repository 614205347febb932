/// The arguments of one call, checked against the table of flags.
package struct Arguments: Sendable {
    package private(set) var operands: [String] = []
    private var values: [String: String] = [:]

    /// Reads `words` (`--flag`, `--flag value`, `--flag=value`, operands; everything behind `--` is an operand).
    ///
    /// `program` is how messages call the reader. A call for help ends the reading: what stands behind it, and
    /// what is missing, does not matter any more. Throws on whatever the table does not know.
    package init(
        reading words: some Sequence<String>, flags: [Flag], operands expected: Command.Operands = .none,
        of program: String
    ) throws(ProgramFailure) {
        var words = words.makeIterator()
        var onlyOperands = false
        while let word = words.next() {
            if onlyOperands || word == "-" || !word.hasPrefix("-") {
                guard operands.count < expected.count.upperBound else {
                    throw .usage("unexpected argument '\(word)'", of: program)
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
                throw .usage("unknown flag \(typed)\(suggestion(for: typed, among: known))", of: program)
            }
            guard values[flag.name] == nil else { throw .usage("\(typed) is given twice", of: program) }
            let attached = parts.count == 2 ? String(parts[1]) : nil
            values[flag.name] = try Self.value(of: flag, attached ?? "", attached != nil, &words, program)
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
        values[flag.name].flatMap { Int($0) }
    }

    private static func value(
        of flag: Flag, _ attached: String, _ isAttached: Bool, _ words: inout some IteratorProtocol<String>,
        _ program: String
    ) throws(ProgramFailure) -> String {
        switch flag.value {
        case .none:
            guard !isAttached else { throw .usage("--\(flag.name) takes no value", of: program) }
            return ""
        case .positiveInteger(let placeholder):
            guard let text = isAttached ? attached : words.next() else {
                throw .usage("--\(flag.name) needs a value: --\(flag.name) \(placeholder)", of: program)
            }
            let isDecimal = text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard isDecimal, let number = Int(text), number > 0 else {
                throw .usage("--\(flag.name) takes a positive integer, not '\(text)'", of: program)
            }
            return text
        }
    }
}
