import BulkheadConsole

/// The manual of the program in the language of man(7), made from the same table as the help.
///
/// One page, `bulkhead.1`, as packages install it. It holds no date, so that a build can be repeated byte for byte.
package enum ManualPage {
    /// The whole manual, with a section for each command.
    package static func text(version: String, commands: [Command], flags: [Flag]) -> String {
        var page = Roff()
        page.macro("TH", "BULKHEAD", "1", "", "bulkhead \(version)", "User Commands")
        page.macro("SH", "NAME")
        page.line("bulkhead - \(BulkheadProgram.summary)")
        page.macro("SH", "SYNOPSIS")
        page.calls(["bulkhead COMMAND [FLAG…]", "bulkhead help [COMMAND]"])
        page.macro("SH", "COMMANDS")
        for command in commands { page.term(command.name, command.summary) }
        page.macro("SH", "OPTIONS")
        for flag in flags { page.term(flag.spelling, flag.help) }
        for command in commands { page.add(command) }
        page.macro("SH", "ENVIRONMENT")
        for (name, text) in environment { page.term(name, text) }
        page.macro("SH", "EXIT STATUS")
        for code in ExitCode.all { page.term("\(code.number)", code.meaning) }
        return page.text
    }

    private static let environment = [
        ("REDIS_URL", "the server, if --url is not given"),
        ("REDIS_HOST, REDIS_PORT, REDIS_SOCKET", "the same in parts"),
        ("REDIS_USERNAME, REDIS_PASSWORD", "the login, for a URL that has none"),
        ("REDIS_TLS", "yes for TLS with the server at REDIS_HOST; a URL says so by rediss://"),
        ("REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE", "files for TLS, in PEM form"),
        ("REDIS_TLS_KEY_PASSPHRASE", "of the client's key, if that is encrypted"),
        ("REDIS_CATALOGUE", "the file with the names, if --catalogue is not given"),
        ("NO_COLOR", "if set to any text, no colours; TERM=dumb does the same"),
        ("COLUMNS", "the width of a terminal that does not report its own"),
    ]
}

extension ManualPage {
    /// Lines of man(7).
    private struct Roff {
        private(set) var text = ""

        mutating func macro(_ name: String, _ arguments: String...) {
            text += ".\(name)" + arguments.map { " \"\(Self.escaped($0))\"" }.joined() + "\n"
        }

        /// A line of running text.
        mutating func line(_ words: String) {
            let words = Self.escaped(words)
            // A point or an apostrophe at its beginning would make it a macro.
            text += (words.hasPrefix(".") || words.hasPrefix("\\(aq") ? "\\&" : "") + words + "\n"
        }

        /// How something is called, each on a line of its own.
        mutating func calls(_ calls: [String]) {
            text += calls.map { "\\fB\(Self.escaped($0))\\fR\n" }.joined(separator: ".br\n")
        }

        mutating func term(_ name: String, _ meaning: String) {
            text += ".TP\n\\fB\(Self.escaped(name))\\fR\n"
            line(meaning.isEmpty ? " " : meaning)
        }

        /// Lines that are not filled.
        mutating func block(_ lines: [String]) {
            text += ".RS\n.nf\n"
            for line in lines { self.line(line) }
            text += ".fi\n.RE\n"
        }

        mutating func add(_ command: Command) {
            macro("SH", "BULKHEAD \(command.name.uppercased())")
            calls(command.usage)
            for paragraph in command.about.split(separator: "\n\n") {
                text += ".PP\n"
                line(String(paragraph))
            }
            for flag in command.flags + [.help] { term(flag.spelling, flag.help) }
            for table in command.tables {
                macro("SS", table.title)
                let left = table.rows.map(\.0.count).max() ?? 0
                block(table.rows.map { name, text in "\(name.padding(to: left))  \(text)" })
            }
            guard !command.examples.isEmpty else { return }
            macro("SS", "Examples")
            for (number, example) in command.examples.enumerated() {
                if number > 0 { text += ".PP\n" }
                line(example.title)
                block(["$ \(example.call)"] + example.output)
            }
        }

        /// Signs that mean something to roff, or look otherwise where it prints them.
        private static func escaped(_ text: String) -> String {
            text.unicodeScalars.reduce(into: "") { result, scalar in
                switch scalar {
                case "\\": result += "\\e"
                case "-": result += "\\-"
                case "'": result += "\\(aq"
                case "`": result += "\\(ga"
                case "\"": result += "\\(dq"
                case "^": result += "\\(ha"
                case "~": result += "\\(ti"
                case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
                default:
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
                }
            }
        }
    }
}
