/// A command of the program: one entry of the table that feeds the parser, the help and the run.
package struct Command: Sendable {
    /// What a command takes beside flags.
    package struct Operands: Sendable {
        package let placeholder: String
        package let count: ClosedRange<Int>
        /// What a shell offers in its place.
        var completion = Completion.nothing

        static let none = Operands(placeholder: "", count: 0...0)
    }

    /// What a shell offers where a word is missing.
    package enum Completion: Sendable, Hashable {
        case nothing, files, databases, commands
        case words([String])
    }

    /// A call to try, and the lines it prints; none where they depend on a server.
    package struct Example: Sendable {
        package let title: String
        package let call: String
        package let output: [String]

        init(_ title: String, _ call: String, _ output: String...) {
            self.title = title
            self.call = call
            self.output = output
        }
    }

    /// A titled table of two columns.
    package struct Table: Sendable {
        package let title: String
        package let rows: [(String, String)]
    }

    package let name: String
    /// One line of the list of commands.
    package let summary: String
    package let usage: [String]
    /// One paragraph.
    package let about: String
    package var flags: [Flag] = []
    package var operands = Operands.none
    package var examples: [Example] = []
    package var tables: [Table] = []
    /// Does the work. Throws what ends the program early; what was written until then stays written.
    package let run: @Sendable (Arguments, StandardStreams) async throws(ProgramFailure) -> ExitCode
}

/// A flag of a command.
package struct Flag: Sendable {
    /// What stands behind a flag.
    package enum Value: Sendable {
        case none
        /// A decimal number from 1 on; its placeholder in the help.
        case positiveInteger(String)
        /// Any text but an empty one.
        case text(String, Command.Completion = .nothing)
        /// One of these words.
        case choice([String])
        /// A length of time as `Duration.init(flag:)` reads it: `10s`, `1500ms`.
        case duration(String)

        /// As it stands in the help.
        var placeholder: String? {
            switch self {
            case .none: nil
            case .positiveInteger(let placeholder), .text(let placeholder, _), .duration(let placeholder): placeholder
            case .choice(let words): words.joined(separator: "|")
            }
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

    init(_ name: String, _ value: Value, short: String? = nil, isRepeatable: Bool = false, _ help: String) {
        self.name = name
        self.value = value
        self.short = short
        self.isRepeatable = isRepeatable
        self.help = help
    }

    static let help = Flag("help", .none, short: "h", "print this page")
    static let version = Flag("version", .none, "print the version")

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
