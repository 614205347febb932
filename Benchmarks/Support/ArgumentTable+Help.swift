extension ArgumentTable {
    /// An option that is longer than this has its help on the lines below it.
    private static var widestOption: Int { 26 }
    private static var narrowestHelp: Int { 30 }

    /// What `--help` prints: the summary, the usage and a paragraph for each option, in lines of at most `width`
    /// columns.
    package func help(width: Int = Table.defaultWidth) -> String {
        var entries = options.map { option in
            // A list of names may be longer than a line, and only spaces are places to break one.
            let defaultText = option.defaultText(defaults).map { text in
                let words = text.count > Self.widestOption ? text.split(separator: ",").joined(separator: ", ") : text
                return " (default: \(words))"
            } ?? ""
            let start = ["--" + option.name, option.placeholder].compactMap(\.self).joined(separator: " ")
            return (start: start, help: option.help + defaultText)
        }
        entries.append((start: "--help", help: "print this and end"))

        var lines = summary.wrapped(to: width) + ["", "Usage: \(program) [options]", ""]
        lines += Self.paragraphs(entries, width: width)
        for section in words {
            lines += ["", section.title + ":", ""]
            lines += Self.paragraphs(section.meanings.map { ($0.word, $0.meaning) }, width: width)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// What each entry means, beside it, or below where it is long.
    private static func paragraphs(_ entries: [(start: String, help: String)], width: Int) -> [String] {
        let fitting = entries.map(\.start.count).filter { $0 <= widestOption }
        let beside = 2 + (fitting.max() ?? 0) + 2
        // On a narrow terminal all help stands below.
        let indent = width - beside < narrowestHelp ? 6 : beside
        var lines: [String] = []
        for entry in entries {
            var paragraph = entry.help.wrapped(to: width - indent)
                .map { String(repeating: " ", count: indent) + $0 }
            let start = "  " + entry.start
            if indent == beside, start.count + 2 <= indent {
                paragraph[0] = start + paragraph[0].dropFirst(start.count)
            } else {
                paragraph.insert(start, at: 0)
            }
            lines += paragraph
        }
        return lines
    }
}
