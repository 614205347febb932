/// A command line that cannot be understood. Of a URL in the wrong place it shows no more than the scheme.
package struct ArgumentError: Error, Hashable, CustomStringConvertible {
    /// What is wrong and what to write, without the name of the program.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// What a command takes beside flags.
package struct Operands: Sendable {
    package let placeholder: String
    package let count: ClosedRange<Int>
    /// What a shell offers in its place.
    package let completion: Flag.Completion
    /// What to say if so many were given, and that is too few: by default which words are missing.
    package let lacks: [String]

    package init(
        placeholder: String, count: ClosedRange<Int>, completion: Flag.Completion = .nothing, lacks: [String] = []
    ) {
        self.placeholder = placeholder
        self.lacks = lacks
        self.count = count
        self.completion = completion
    }

    func lack(behind given: Int) -> String {
        if given < lacks.count { return lacks[given] }
        let words = placeholder.split(separator: " ").dropFirst(given).joined(separator: " and ")
        return "\(words.isEmpty ? placeholder : words) \(words.contains(" ") ? "are" : "is") missing"
    }

    package static let none = Operands(placeholder: "", count: 0...0)
}

/// The arguments of one call, checked against the table of flags.
package struct Arguments: Sendable {
    package private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]
    /// How messages call the program: `bulkhead migrate`.
    package let program: String

    /// Reads `words` (`--flag`, `--flag value`, `--flag=value`, operands; everything behind `--` is an operand).
    ///
    /// A call for help ends the reading: what stands behind it, and what is missing, does not matter any more. Throws
    /// on whatever the table does not know.
    package init(
        parsing words: some Sequence<String>, flags: [Flag], operands expected: Operands = .none, of program: String
    ) throws(ArgumentError) {
        self.program = program
        var words = words.makeIterator()
        var onlyOperands = false
        while let word = words.next() {
            if onlyOperands || word == "-" || !word.hasPrefix("-") {
                guard operands.count < expected.count.upperBound else {
                    let hint = word.contains("://") && flags.contains { $0.name == "url" }
                    throw ArgumentError(
                        "unexpected argument '\(word.inMessage)'" + (hint ? ": give the URL by --url" : ""))
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
                throw ArgumentError("unknown flag \(typed.inMessage)\(suggestion(for: typed, among: known))")
            }
            guard flag.isRepeatable || values[flag.name] == nil else {
                throw ArgumentError("\(typed) is given twice")
            }
            let attached = parts.count == 2 ? String(parts[1]) : nil
            values[flag.name, default: []].append(try Self.value(of: flag, attached, &words))
            if flag.name == Flag.help.name { return }
        }
        guard operands.count >= expected.count.lowerBound else {
            throw ArgumentError(expected.lack(behind: operands.count))
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

    private static func value(
        of flag: Flag, _ attached: String?, _ words: inout some IteratorProtocol<String>
    ) throws(ArgumentError) -> String {
        guard let placeholder = flag.value.placeholder else {
            guard attached == nil else { throw ArgumentError("--\(flag.name) takes no value") }
            return ""
        }
        guard let text = attached ?? words.next() else {
            throw ArgumentError("--\(flag.name) needs a value: --\(flag.name) \(placeholder)")
        }
        guard let expected = flag.value.expectation(unmetBy: text) else { return text }
        var words: [String] = []
        if case .choice(let known) = flag.value { words = known }
        let given = text.isEmpty ? "an empty text" : "'\(text.inMessage)'"
        throw ArgumentError(
            "--\(flag.name) takes \(expected), not \(given)\(suggestion(for: text, among: words))")
    }
}
