import Bulkhead
import BulkheadConsole

/// The program `bulkhead`: its table of commands, and the way from words to one of them.
package enum BulkheadProgram {
    package static let version = RedisConfiguration.libraryVersion
    static let summary = "Redis databases with names, kept apart from each other"
    /// Every command, in the order of the help.
    package static let commands: [Command] = [
        .check, .migrate, .backup, .restore, .diff, .flush, .vectors,
        .doctor, .catalogue, .lint, .conformance, .rdb, .resp, .completions,
        .help,
    ]
    package static let flags: [Flag] = [.help, .version]

    /// Runs the command that `words` ask for and returns what to exit with; all that can go wrong has been said on
    /// standard error by then.
    package static func run(_ words: [String], _ streams: StandardStreams) async -> ExitCode {
        do {
            return try await perform(words, streams)
        } catch {
            if let message = error.named("bulkhead").message {
                // With standard error gone there is nowhere left to complain to.
                // Nobody knows what file or word a URL was taken for: passwords stay out of all messages.
                try? streams.errors.writeAll(message.withoutLogins.paragraphs(on: streams.errors.screen))
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
            try streams.output.writeAll(page(columns: streams.output.screen.pageColumns) + "\n")
            return .done
        }
        if arguments.has(.version) {
            try streams.output.writeAll("bulkhead \(version)\n")
            return .done
        }
        guard own.count < words.count else {
            throw ProgramFailure(.usage, page(columns: streams.errors.screen.pageColumns))
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
            try streams.output.writeAll(HelpPage(columns: streams.output.screen.pageColumns).command(command) + "\n")
            return .done
        }
        let call = Call(arguments, streams)
        let say: @Sendable (String) -> Void = { call.say("\(call.program): \($0)") }
        Notices.hear(by: arguments.has(.quiet) ? nil : say)
        defer { Notices.hear(by: nil) }
        do {
            return try await Interruption.bounding(call.program) { () async throws(ProgramFailure) in
                try await command.run(call)
            }
        } catch {
            throw error.named(arguments.program).advising(arguments)
        }
    }

    /// The page of the whole program.
    package static func page(columns: Int = Screen.fallbackColumns) -> String {
        HelpPage(columns: columns).program(version: version, commands: commands, flags: flags)
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
