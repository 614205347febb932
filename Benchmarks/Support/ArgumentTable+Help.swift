extension ArgumentTable {
    /// A list of names that is longer than this may have to be broken.
    private static var longestWord: Int { 26 }

    /// What `--help` prints: the summary, the usage and a paragraph for each option, in lines of at most `width`
    /// columns.
    package func help(width: Int = Table.defaultWidth) -> String {
        var entries = options.map { option in
            // A list of names may be longer than a line, and only spaces are places to break one.
            let defaultText =
                option.defaultText(defaults).map { text in
                    let words =
                        text.count > Self.longestWord ? text.split(separator: ",").joined(separator: ", ") : text
                    return " (default: \(words))"
                } ?? ""
            return (name: option.flag.spelling, text: option.flag.help + defaultText)
        }
        entries.append((name: Flag.help.spelling, text: Flag.help.help))

        var lines = summary.wrapped(to: width) + ["", "Usage: \(program) [options]", ""]
        lines += Rows.lines(entries, columns: width)
        for section in words {
            lines += ["", section.title + ":", ""]
            lines += Rows.lines(section.meanings.map { (name: $0.word, text: $0.meaning) }, columns: width)
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
