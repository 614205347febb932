extension String {
    /// The text in lines of at most `width` characters, broken between words; a longer word is broken inside.
    ///
    /// Line breaks and runs of spaces count as one space. An empty text gives one empty line.
    package func wrapped(to width: Int) -> [String] {
        let width = Swift.max(1, width)
        var lines: [String] = []
        var line = ""
        for word in split(whereSeparator: \.isWhitespace) {
            var rest = word
            if !line.isEmpty {
                if line.count + 1 + rest.count <= width {
                    line += " " + rest
                    continue
                }
                lines.append(line)
            }
            while rest.count > width {
                lines.append(String(rest.prefix(width)))
                rest = rest.dropFirst(width)
            }
            line = String(rest)
        }
        return lines.isEmpty || !line.isEmpty ? lines + [line] : lines
    }
}
