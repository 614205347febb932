/// A flag of a program: its name, what stands behind it, and its line of help.
package struct Flag: Sendable {
    /// What a shell offers where a word is missing.
    package enum Completion: Sendable, Hashable {
        case nothing, files, databases, commands
        case words([String])
    }

    /// What stands behind a flag; a placeholder stands for it in the help.
    package enum Value: Sendable {
        case none
        /// Any text but an empty one.
        case text(String, Completion = .nothing)
        /// One of these words.
        case choice([String])
        /// One or more of these words, each once, with commas between them.
        case list(String, of: [String])
        /// A whole number within the range.
        case integer(String, in: ClosedRange<Int>)
        /// A number within the range, with or without decimals.
        case number(String, in: ClosedRange<Double>)
        /// A length of time as `Duration.init(flag:)` reads it: `10s`, `1500ms`.
        case duration(String)

        package static func positiveInteger(_ placeholder: String) -> Value { .integer(placeholder, in: 1...Int.max) }

        /// As it stands in the help; nil where nothing stands behind the flag.
        package var placeholder: String? {
            switch self {
            case .none: nil
            case .text(let placeholder, _), .list(let placeholder, _), .integer(let placeholder, _),
                .number(let placeholder, _), .duration(let placeholder):
                placeholder
            case .choice(let words): words.joined(separator: "|")
            }
        }

        /// What it takes, if the text is nothing of that; nil if it is.
        func expectation(unmetBy text: String) -> String? {
            switch self {
            case .none: nil
            case .text(let placeholder, _): text.isEmpty ? "a \(placeholder)" : nil
            case .choice(let known): known.contains(text) ? nil : known.joined(separator: ", ")
            case .list(_, let known):
                Self.isList(text, of: known) ? nil : "one or more of \(known.joined(separator: ",")), each once"
            case .integer(_, let range):
                Self.integer(text).map(range.contains) == true
                    ? nil
                    : range == 1...Int.max
                        ? "a positive integer"
                        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .number(_, let range):
                Double(text).map(range.contains) == true
                    ? nil : "a number from \(range.lowerBound) to \(range.upperBound)"
            case .duration: Duration(flag: text) == nil ? "a time such as 500ms, 10s, 5m or 2h" : nil
            }
        }

        private static func integer(_ text: String) -> Int? {
            text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int(text) : nil
        }

        private static func isList(_ text: String, of known: [String]) -> Bool {
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return Set(words).count == words.count && words.allSatisfy(known.contains)
        }
    }

    /// Without its dashes.
    package let name: String
    package let value: Value
    /// One letter, for few.
    package let short: String?
    /// True if it may be given several times.
    package let isRepeatable: Bool
    package let help: String

    package init(_ name: String, _ value: Value, short: String? = nil, isRepeatable: Bool = false, _ help: String) {
        self.name = name
        self.value = value
        self.short = short
        self.isRepeatable = isRepeatable
        self.help = help
    }

    package static let help = Flag("help", .none, short: "h", "print this page")

    /// True for `--name` and, if it has a letter, `-n`.
    func isSpelled(_ word: String) -> Bool {
        word == "--\(name)" || short.map { word == "-\($0)" } ?? false
    }

    /// As it is typed, with its placeholder: `--chunk N`.
    package var spelling: String {
        let short = short.map { "-\($0), " } ?? ""
        return "\(short)--\(name)" + (value.placeholder.map { " \($0)" } ?? "")
    }
}

extension Duration {
    /// Reads a whole number and its unit: `ms`, `s`, `m` or `h`; nil for anything else, and past a year.
    package init?(flag text: String) {
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
