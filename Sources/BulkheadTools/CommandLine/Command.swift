/// A command of the program: one entry of the table that feeds the parser, the help and the run.
package struct Command: Sendable {
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
    /// Paragraphs, with an empty line between two.
    package let about: String
    package var flags: [Flag] = []
    package var operands = Operands.none
    package var examples: [Example] = []
    package var tables: [Table] = []
    /// Those it may end with.
    package var exitCodes = ExitCode.usual
    /// Does the work. Throws what ends the program early; what was written until then stays written.
    package let run: @Sendable (Call) async throws(ProgramFailure) -> ExitCode
}

extension Flag {
    static let version = Flag("version", .none, "print the version")
}

extension Arguments {
    /// Reads the words of a command as `init(parsing:flags:operands:of:)` does; throws a wrong call.
    package init(
        reading words: some Sequence<String>, flags: [Flag], operands: Operands = .none, of program: String
    ) throws(ProgramFailure) {
        do throws(ArgumentError) {
            try self.init(parsing: words, flags: flags, operands: operands, of: program)
        } catch {
            throw .usage(error.description, of: program)
        }
    }

    /// The failure of a call whose parts do not fit each other.
    package func refused(_ message: String) -> ProgramFailure {
        .usage(message, of: program)
    }
}
