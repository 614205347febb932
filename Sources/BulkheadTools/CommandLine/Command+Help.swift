import BulkheadConsole

extension Command {
    /// `bulkhead help`
    static let help = Command(
        name: "help",
        summary: "print the page of a command, or of the program",
        usage: ["bulkhead help [COMMAND]", "bulkhead help --man"],
        about: """
            Prints the same page as COMMAND --help. With --man it prints the manual of all commands, as man and \
            packages expect it.
            """,
        flags: [.man],
        operands: Operands(placeholder: "COMMAND", count: 0...1, completion: .commands),
        examples: [
            Example("What a catalogue looks like:", "bulkhead help catalogue"),
            Example("Read the manual:", "bulkhead help --man | man -l -"),
            Example("Install it:", "bulkhead help --man > /usr/local/share/man/man1/bulkhead.1"),
        ],
        exitCodes: [.done, .usage, .ioFailed],
        run: { call throws(ProgramFailure) in
            let command = try call.arguments.operands.first.map { name throws(ProgramFailure) in
                try BulkheadProgram.command(named: name)
            }
            if call.arguments.has(.man) {
                guard command == nil else {
                    throw call.arguments.refused("--man is of all commands: leave out COMMAND")
                }
                try call.streams.output.writeAll(
                    ManualPage.text(
                        version: BulkheadProgram.version, commands: BulkheadProgram.commands,
                        flags: BulkheadProgram.flags))
                return .done
            }
            let columns = call.streams.output.screen.pageColumns
            let page = command.map { HelpPage(columns: columns).command($0) } ?? BulkheadProgram.page(columns: columns)
            try call.streams.output.writeAll(page + "\n")
            return .done
        })
}

extension Flag {
    fileprivate static let man = Flag("man", .none, "print the manual page of all commands in man(7) format")
}
