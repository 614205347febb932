extension String {
    /// The text in lines of at most `width` columns, broken between words; nil makes one line of it.
    ///
    /// A longer word stands on a line of its own, whole: a command or a path that is broken cannot be copied.
    /// Line breaks and runs of spaces count as one space. An empty text gives one empty line.
    package func wrapped(to width: Int?) -> [String] {
        let width = width ?? .max
        var lines: [String] = []
        var line = ""
        // Counted once: characters of a long line are not counted again for every word.
        var columns = 0
        for word in split(whereSeparator: \.isWhitespace) {
            let count = word.columns
            if columns == 0 {
                (line, columns) = (String(word), count)
            } else if columns + 1 + count <= width {
                line += " " + word
                columns += 1 + count
            } else {
                lines.append(line)
                (line, columns) = (String(word), count)
            }
        }
        return lines + [line]
    }
}

extension String {
    /// The text with spaces behind it, so that it is at least so many columns wide.
    package func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - columns))
    }

    /// The text with a full stop behind it, unless it ends a sentence already: what a server says may.
    package var asSentence: String {
        guard let last, !".!?:…".contains(last) else { return self }
        return self + "."
    }
}
