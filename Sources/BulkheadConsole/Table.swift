/// A plain text table: titles, a rule, rows; text to the left, numbers to the right, no wider than a terminal.
///
/// ```
/// layout        GET p50  GET p99
/// ------------  -------  -------
/// one database   183 µs  1.62 ms
/// ```
/// A character counts as one column, whatever its script.
///
/// A table that is too wide first has its text columns shortened (`…`) down to ``shortestText``, then goes on in
/// further blocks that repeat the first column. Numbers are never cut.
package struct Table: Sendable {
    package struct Column: Sendable {
        let title: String
        let isNumber: Bool

        /// A column of words, to the left.
        package static func text(_ title: String) -> Column { Column(title: Table.oneLine(title), isNumber: false) }
        /// A column of numbers, to the right.
        package static func number(_ title: String) -> Column { Column(title: Table.oneLine(title), isNumber: true) }
    }

    /// How wide a text may be, in columns.
    package static let defaultWidth = 80
    /// Text columns are not shortened below this many columns: less is no longer told apart.
    package static let shortestText = 12
    private static let gap = 2

    package let columns: [Column]
    package private(set) var rows: [[String]] = []

    package init(columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row with one cell for each column; any other number of cells is a programming error and traps.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has one cell for each column of the table")
        rows.append(cells.map(Self.oneLine))
    }

    /// The table, each line ended by a newline.
    package func text(width: Int = defaultWidth) -> String {
        lines(width: width).map { $0 + "\n" }.joined()
    }

    /// The lines of the table without spaces at their ends; blocks are parted by an empty line.
    package func lines(width: Int = defaultWidth) -> [String] {
        guard !columns.isEmpty else { return [] }
        let widths = columnWidths(fitting: width)
        return Array(blocks(of: widths, fitting: width).map { block(of: $0, widths: widths) }.joined(separator: [""]))
    }
}

extension Table {
    private func columnWidths(fitting width: Int) -> [Int] {
        var widths = columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].count) }
        }
        var excess = Self.totalWidth(of: widths) - width
        while excess > 0 {
            let shortenable = columns.indices.filter { !columns[$0].isNumber && widths[$0] > Self.shortestText }
            guard let widest = shortenable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    /// Which columns stand side by side: all, or as many as fit beside the first.
    private func blocks(of widths: [Int], fitting width: Int) -> [[Int]] {
        var blocks = [[0]]
        for column in columns.indices.dropFirst() {
            let block = blocks[blocks.count - 1]
            if block.count > 1, Self.totalWidth(of: (block + [column]).map { widths[$0] }) > width {
                blocks.append([0, column])
            } else {
                blocks[blocks.count - 1].append(column)
            }
        }
        return blocks
    }

    private func block(of block: [Int], widths: [Int]) -> [String] {
        let titles = line(block.map { aligned(columns[$0].title, in: $0, widths[$0]) })
        let rule = line(block.map { String(repeating: "-", count: widths[$0]) })
        return [titles, rule] + rows.map { row in line(block.map { aligned(row[$0], in: $0, widths[$0]) }) }
    }

    private func aligned(_ cell: String, in column: Int, _ width: Int) -> String {
        let shown = cell.count > width ? cell.prefix(width - 1) + "…" : cell
        let padding = String(repeating: " ", count: width - shown.count)
        return columns[column].isNumber ? padding + shown : shown + padding
    }

    private func line(_ cells: [String]) -> String {
        let line = cells.joined(separator: String(repeating: " ", count: Self.gap))
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func totalWidth(of widths: [Int]) -> Int {
        widths.reduce(0, +) + gap * max(0, widths.count - 1)
    }

    /// A line break or a tab in a cell would break the columns.
    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}
