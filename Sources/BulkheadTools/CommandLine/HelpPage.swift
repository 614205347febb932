import BulkheadConsole

/// Renders the pages of the help from the table of commands, 80 columns wide, without a line feed at the end.
package enum HelpPage {
    static let columns = 80

    /// The page of the whole program.
    package static func program(version: String, commands: [Command], flags: [Flag]) -> String {
        let sections = [
            "bulkhead \(version): Redis databases with names, kept apart from each other",
            section("Usage", ["bulkhead COMMAND [FLAG…]", "bulkhead help COMMAND"]),
            table("Commands", commands.map { ($0.name, $0.summary) }),
            table("Flags", flags.map { ($0.spelling, $0.help) }),
            examples(commands.compactMap(\.examples.first)),
            exitCodes,
        ]
        return sections.joined(separator: "\n\n")
    }

    /// The page of one command.
    package static func command(_ command: Command) -> String {
        var sections = [
            "bulkhead \(command.name): \(command.summary)",
            section("Usage", command.usage),
            command.about.wrapped(to: columns).joined(separator: "\n"),
            table("Flags", (command.flags + [.help]).map { ($0.spelling, $0.help) }),
        ]
        if !command.examples.isEmpty { sections.append(examples(command.examples)) }
        sections += command.tables.map { table($0.title, $0.rows) }
        sections.append(exitCodes)
        return sections.joined(separator: "\n\n")
    }

    private static var exitCodes: String {
        table("Exit codes", ExitCode.all.map { (String($0.number), $0.meaning) })
    }

    private static func examples(_ examples: [Command.Example]) -> String {
        let blocks = examples.map { example in
            ([example.title, "  $ \(example.call)"] + example.output.map { "  \($0)" })
                .map { "  \($0)" }.joined(separator: "\n")
        }
        return "Examples\n" + blocks.joined(separator: "\n\n")
    }

    private static func section(_ title: String, _ lines: [String]) -> String {
        ([title] + lines.map { "  \($0)" }).joined(separator: "\n")
    }

    private static func table(_ title: String, _ rows: [(String, String)]) -> String {
        let left = rows.map(\.0.count).max() ?? 0
        let lines = rows.flatMap { name, text in
            text.wrapped(to: columns - left - 4).enumerated().map { index, line in
                let name = index == 0 ? name : ""
                return name + String(repeating: " ", count: left + 2 - name.count) + line
            }
        }
        return section(title, lines)
    }
}
