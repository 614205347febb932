/// Names and what they mean, in lines: each text beside its name, or below it where that leaves it too narrow.
package enum Rows {
    /// A text beside its name is at least this wide.
    private static let narrowestText = 30

    /// The lines, of at most `columns` characters where words are not longer. A row without a name goes on with the
    /// text of the one before it. `ink` colours a name that has been padded.
    package static func lines(
        _ rows: [(name: String, text: String)], columns: Int, ink: (String) -> String = { $0 }
    ) -> [String] {
        let left = rows.map(\.name.count).filter { $0 <= columns / 2 - 4 }.max() ?? 0
        let isBeside = columns - left - 4 >= narrowestText
        let indent = isBeside ? left + 4 : 6
        return rows.flatMap { name, text in
            var lines = text.wrapped(to: columns - indent).map { String(repeating: " ", count: indent) + $0 }
            if isBeside, name.count <= left {
                lines[0] = "  " + ink(name.padding(to: left)) + "  " + lines[0].dropFirst(indent)
            } else if !name.isEmpty {
                lines.insert("  " + ink(name), at: 0)
            }
            return lines
        }
    }
}
