/// Writes the facts that the client itself needs, as Swift.
enum TableWriter {
    static let file = "CommandTable+Facts.swift"

    static func text(of book: CommandBook) -> String {
        let commands = book.groups.flatMap(\.commands).sorted { $0.name < $1.name }
        var lines = [
            "\(FacadeWriter.mark)\(PackageFolder.table); edits are lost.", "",
            "extension CommandTable {",
            "    /// A command in each line: name, side effect, route, timeout, keys, "
                + "what else is true of it,",
            "    /// what becomes of its replies if it is sent to all servers of a cluster, "
                + "or taken apart for them,",
            "    /// and what stands in for its keys there.",
            "    static let text = \"\"\"",
        ]
        for command in commands {
            let facts = [
                command.name, command.effect, command.route, command.values["blocks"] ?? "",
                command.values["keys"] ?? "", command.flags.subtracting(["unrun"]).sorted().joined(separator: " "),
                command.values["everywhere"] ?? "", command.values["apart"] ?? "",
                command.values["slot"] ?? "",
            ]
            lines.append("        " + facts.joined(separator: ";"))
        }
        lines += [
            "        \"\"\"", "",
            "    /// Why a command is never sent; nil for all others. Both words of a subcommand.",
            "    static func refusal(of name: String) -> CommandRoute.Reason? {", "        switch name {",
        ]
        for command in commands where !command.refusal.isEmpty {
            lines += ["        case \"\(command.name)\":", "            \"\(command.refusal)\""]
        }
        lines += ["        default: nil", "        }", "    }", "}"]
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Writes the commands that the lint forbids.
enum LintWriter {
    static let file = "ForbiddenCommand+Table.swift"

    static func text(of book: CommandBook) -> String {
        var lines = [
            "\(FacadeWriter.mark)\(PackageFolder.table); edits are lost.", "",
            "extension ForbiddenCommand {", "    static let all: [ForbiddenCommand] = [",
        ]
        for command in book.groups.flatMap(\.commands).sorted(by: { $0.name < $1.name }) {
            guard let lint = command.lint else { continue }
            var arguments = [".\(lint.rule)", "\"\(command.name)\""]
            if !lint.with.isEmpty {
                arguments.append(lint.with == "number" ? ".withNumber" : ".withWord(\"\(lint.with)\")")
            }
            if !lint.aliases.isEmpty {
                arguments.append("aliases: [\(lint.aliases.map { "\"\($0)\"" }.joined(separator: ", "))]")
            }
            if !lint.isMethod { arguments.append("isMethod: false") }
            if !lint.owned.isEmpty {
                arguments.append("ownedIn: [\(lint.owned.map { ".\($0)" }.joined(separator: ", "))]")
            }
            lines.append("        ForbiddenCommand(\(arguments.joined(separator: ", "))),")
        }
        return (lines + ["    ]", "}"]).joined(separator: "\n") + "\n"
    }
}

/// Writes the page of all commands.
enum PageWriter {
    static let path = "Sources/Bulkhead/Documentation.docc/Commands.md"

    static func text(of book: CommandBook) -> String {
        let commands = book.groups.filter { !$0.isOfModules }.flatMap(\.commands)
        let modules = book.groups.filter(\.isOfModules).flatMap(\.commands)
        let typed = commands.filter { !$0.functions.isEmpty }
        let replaced = commands.filter { !$0.instead.isEmpty }
        var lines = [
            "# Commands", "",
            "Every command of Redis 8.10 and Valkey 9.1: its Swift method, or why it has none.", "",
            "Of \(commands.count) names \(typed.count) have a method of their own,",
            "and the method of a newer command does the work of \(replaced.count) more.",
            "Send the others by `send(\"NAME\", …)`, unless their row says that they are refused.",
            "A command marked *server* is a method of `databases.server(of:)`,",
            "and one marked *connection* a method of the connection that `withConnection` lends.",
            "All others are methods of a database, and values of ``RedisCommand``.", "",
            "The \(commands.count(where: \.isUnrun)) commands marked *not run* are newer than the tested servers.",
            "Tests compare what they send, and what they make of replies, with the published documentation.", "",
            "The modules JSON, Bloom, TimeSeries and Search add \(modules.count) names, at the end of this page.",
            "\(modules.count { !$0.functions.isEmpty }) have a method, in the product `BulkheadModules`, by",
            "`import BulkheadModules`.", "",
        ]
        for group in book.groups {
            lines += ["## \(group.name)", "", "| Command | Since | Swift | What it does |", "|---|---|---|---|"]
            for command in group.commands {
                var names: [String] = []
                for name in command.functions.map(\.swiftName) where !names.contains(name) {
                    names.append(name)
                }
                var form = names.map { "`\($0)`" }.joined(separator: ", ")
                if command.isOfServer && !names.isEmpty { form += " *server*" }
                if command.isOfConnection && !names.isEmpty { form += " *connection*" }
                if command.isUnrun { form += " *not run*" }
                var text = command.sentence
                if names.isEmpty {
                    form = "–"
                    if !command.refusal.isEmpty { text = "Refused: \(command.refusal)." }
                    if !command.instead.isEmpty { (form, text) = ("`\(command.instead)`", "Does the same.") }
                    let way = command.isOfConnection ? "Within `withConnection`, by `send`" : "By `send`"
                    if !command.reason.isEmpty {
                        text = "\(way): \(command.reason)."
                    } else if command.isOfConnection {
                        text = "\(way). \(text)"
                    }
                    if command.flags.contains("family") { text = "A family of commands: each has a row of its own." }
                }
                lines.append("| \(command.name) | \(command.since) | \(form) | \(text) |")
            }
            lines.append("")
        }
        lines.removeLast()
        return lines.joined(separator: "\n") + "\n"
    }
}

extension TableFunction {
    /// `lpos`
    var swiftName: String { String(signature.prefix { $0.isLetter || $0.isNumber || $0 == "_" }) }
}
