/// The lines of a file that say something, with their numbers: a backslash at the end joins a line to the next, and
/// comments are left out.
enum LogicalLines {
    static func of(_ text: String) -> [(number: Int, line: Substring)] {
        var lines: [(number: Int, line: Substring)] = []
        var begun = ""
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let part = line.drop { $0 == " " }
            if part.hasSuffix(" \\") {
                begun += part.dropLast(1)
                continue
            }
            let whole = begun + part
            begun = ""
            if !whole.isEmpty, whole.first != "#" { lines.append((number, whole[...])) }
        }
        return lines
    }
}
