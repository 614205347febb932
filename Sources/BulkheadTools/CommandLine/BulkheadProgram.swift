/// The program `bulkhead`: its table of commands, and the way from words to one of them.
package enum BulkheadProgram {
    package static let version = "0.1.0"
    /// Every command, in the order of the help.
    package static let commands: [Command] = [
        .check, .migrate, .backup, .restore, .diff, .flush, .doctor, .lint, .rdb, .resp, .completions, .help,
    ]
    package static let flags: [Flag] = [.help, .version]

    /// Runs the command that `words` ask for and returns what to exit with; all that can go wrong has been said on
    /// standard error by then.
    package static func run(_ words: [String], _ streams: StandardStreams) async -> ExitCode {
        do {
            return try await perform(words, streams)
        } catch {
            if let message = error.message {
                // With standard error gone there is nowhere left to complain to.
                // Nobody knows what file or word a URL was taken for: passwords stay out of all messages.
                try? streams.errors.writeAll(message.withoutLogins + "\n")
            }
            return error.exitCode
        }
    }

    private static func perform(
        _ words: [String], _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        let own = words.prefix { $0.hasPrefix("-") }
        let arguments = try Arguments(reading: own, flags: flags, of: "bulkhead")
        if arguments.has(.help) {
            try streams.output.writeAll(page + "\n")
            return .done
        }
        if arguments.has(.version) {
            try streams.output.writeAll("bulkhead \(version)\n")
            return .done
        }
        guard own.count < words.count else {
            throw ProgramFailure(.usage, page)
        }
        let command = try command(named: words[own.count])
        return try await perform(command, words[(own.count + 1)...], streams)
    }

    private static func perform(
        _ command: Command, _ words: ArraySlice<String>, _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        let arguments = try Arguments(
            reading: words, flags: command.flags + [.help], operands: command.operands, of: "bulkhead \(command.name)")
        if arguments.has(.help) {
            try streams.output.writeAll(HelpPage.command(command) + "\n")
            return .done
        }
        return try await command.run(arguments, streams)
    }

    /// The page of the whole program.
    package static var page: String {
        HelpPage.program(version: version, commands: commands, flags: flags)
    }

    static func command(named name: String) throws(ProgramFailure) -> Command {
        guard let command = commands.first(where: { $0.name == name }) else {
            throw .usage(
                "unknown command '\(name.inMessage)'\(suggestion(for: name, among: commands.map(\.name)))",
                of: "bulkhead")
        }
        return command
    }
}

extension Command {
    /// `bulkhead help`
    static let help = Command(
        name: "help",
        summary: "print the page of a command, or of the program",
        usage: ["bulkhead help [COMMAND]"],
        about: "Prints the same page as COMMAND --help.",
        operands: Operands(placeholder: "COMMAND", count: 0...1, completion: .commands),
        run: { arguments, streams throws(ProgramFailure) in
            let page = try arguments.operands.first.map { name throws(ProgramFailure) in
                HelpPage.command(try BulkheadProgram.command(named: name))
            }
            try streams.output.writeAll((page ?? BulkheadProgram.page) + "\n")
            return .done
        })
}
