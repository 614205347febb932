import BulkheadConsole

/// Renders the pages of the help from the table of commands, without a line feed at the end.
package struct HelpPage {
    /// How wide the page is.
    private let columns: Int

    package init(columns: Int = Screen.fallbackColumns) {
        self.columns = columns
    }

    /// The page of the whole program.
    package func program(version: String, commands: [Command], flags: [Flag]) -> String {
        let sections = [
            title("bulkhead \(version): \(BulkheadProgram.summary)"),
            section("Usage", ["bulkhead COMMAND [FLAG…]", "bulkhead help COMMAND"]),
            table("Commands", commands.map { ($0.name, $0.summary) }),
            table("Flags", flags.map { ($0.spelling, $0.help) }),
            examples(commands.compactMap(\.examples.first)),
            exitCodes(ExitCode.all),
        ]
        return sections.joined(separator: "\n\n")
    }

    /// The page of one command.
    package func command(_ command: Command) -> String {
        var sections = [
            title("bulkhead \(command.name): \(command.summary)"),
            section("Usage", command.usage.flatMap { $0.wrapped(to: columns - 2).hanging(4) }),
            command.about.split(separator: "\n\n").map(title).joined(separator: "\n\n"),
            table("Flags", (command.flags + [.help]).map { ($0.spelling, $0.help) }),
        ]
        if !command.examples.isEmpty { sections.append(examples(command.examples)) }
        sections += command.tables.map { table($0.title, $0.rows) }
        sections.append(exitCodes(command.exitCodes))
        return sections.joined(separator: "\n\n")
    }

    private func exitCodes(_ codes: [ExitCode]) -> String {
        table("Exit codes", codes.map { (String($0.number), $0.meaning) })
    }

    private func examples(_ examples: [Command.Example]) -> String {
        let blocks = examples.map { example in
            (example.title.wrapped(to: columns - 2) + ["  $ \(example.call)"] + example.output.map { "  \($0)" })
                .map { "  \($0)" }.joined(separator: "\n")
        }
        return "Examples\n" + blocks.joined(separator: "\n\n")
    }

    private func title(_ text: some StringProtocol) -> String {
        String(text).wrapped(to: columns).joined(separator: "\n")
    }

    private func section(_ title: String, _ lines: [String]) -> String {
        ([title] + lines.map { "  \($0)" }).joined(separator: "\n")
    }

    private func table(_ title: String, _ rows: [(String, String)]) -> String {
        ([title] + Rows.lines(rows.map { (name: $0, text: $1) }, columns: columns)).joined(separator: "\n")
    }
}

extension [String] {
    /// The lines with all but the first so much to the right.
    fileprivate func hanging(_ indent: Int) -> [String] {
        enumerated().map { $0 == 0 ? $1 : String(repeating: " ", count: indent) + $1 }
    }
}
