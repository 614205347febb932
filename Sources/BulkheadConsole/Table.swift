/// A plain text table: titles, a rule, rows; text to the left, numbers to the right, no wider than a terminal.
///
/// ```
/// layout        GET p50  GET p99
/// ------------  -------  -------
/// one database   183 µs  1.62 ms
/// ```
/// A character of East Asian width counts as two columns, as on a terminal; all others as one.
///
/// Nothing is cut, and no word is broken. In a table that is too wide first the words of texts go on below each other,
/// down to ``shortestText`` columns or the longest word. Then it goes on in further blocks that repeat the first
/// column. Where even two columns do not fit side by side, each row is a list of titles and cells.
package struct Table: Sendable {
    package struct Column: Sendable {
        let title: String
        let isNumber: Bool

        /// A column of words, to the left.
        package static func text(_ title: String) -> Column { Column(title: Table.oneLine(title), isNumber: false) }
        /// A column of numbers, to the right.
        package static func number(_ title: String) -> Column { Column(title: Table.oneLine(title), isNumber: true) }
    }

    private struct Cell: Sendable {
        let text: String
        let ink: Ink?
    }

    /// How wide a text may be, in columns, for whoever does not ask the screen.
    package static let defaultWidth = Screen.fallbackColumns
    /// Text columns are not made narrower than this for the sake of others: a column of single words is hard to read.
    package static let shortestText = 12
    private static let gap = 2

    package let columns: [Column]
    private var cells: [[Cell]] = []
    package var rows: [[String]] { cells.map { $0.map(\.text) } }

    package init(columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row with one cell for each column; any other number of cells is a programming error and traps.
    ///
    /// `inks` says by the number of the column which cells are coloured.
    package mutating func append(_ row: [String], inks: [Int: Ink] = [:]) {
        precondition(row.count == columns.count, "a row has one cell for each column of the table")
        cells.append(row.enumerated().map { Cell(text: Self.oneLine($1), ink: inks[$0]) })
    }

    /// The table for a screen, each line ended by a newline; as wide as it gets into a pipe.
    package func text(on screen: Screen) -> String {
        lines(on: screen).map { $0 + "\n" }.joined()
    }

    /// The same for a width, without colours.
    package func text(width: Int = defaultWidth) -> String {
        lines(width: width).map { $0 + "\n" }.joined()
    }

    package func lines(width: Int = defaultWidth) -> [String] {
        lines(fitting: width, .pipe)
    }

    /// The lines of the table without spaces at their ends; blocks and lists are parted by an empty line.
    package func lines(on screen: Screen) -> [String] {
        lines(fitting: screen.columns ?? .max, screen)
    }

    private func lines(fitting width: Int, _ screen: Screen) -> [String] {
        guard !columns.isEmpty else { return [] }
        let bounds = columns.indices.map(bounds)
        let first = bounds[0].least
        guard bounds.dropFirst().allSatisfy({ first + Self.gap + $0.least <= width }) else {
            return lists(fitting: width, screen)
        }
        let blocks = blocks(of: bounds.map(\.least), fitting: width)
        return Array(blocks.map { block($0, bounds, fitting: width, screen) }.joined(separator: [""]))
    }
}

extension Table {
    /// How wide a column has to be, and how wide it would like to be.
    private typealias Bounds = (least: Int, most: Int)

    private func bounds(of column: Int) -> Bounds {
        let texts = [columns[column].title] + cells.map { $0[column].text }
        let most = texts.reduce(0) { max($0, $1.columns) }
        guard !columns[column].isNumber else { return (most, most) }
        let longestWord = texts.reduce(0) { longest, text in
            // What stands to the right of others in its column keeps its place in each line.
            let indent = text.prefix { $0 == " " }.count
            return text.split(separator: " ").reduce(longest) { max($0, indent + $1.columns) }
        }
        return (min(most, max(longestWord, Self.shortestText)), most)
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

    private func block(_ block: [Int], _ bounds: [Bounds], fitting width: Int, _ screen: Screen) -> [String] {
        var widths = block.map { bounds[$0].most }
        var excess = Self.totalWidth(of: widths) - width
        while excess > 0 {
            let shrinkable = block.indices.filter { widths[$0] > bounds[block[$0]].least }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        let titles = block.map { Cell(text: columns[$0].title, ink: nil) }
        let rule = line(widths.map { String(repeating: "-", count: $0) })
        return row(titles, of: block, widths, screen) + [rule]
            + cells.flatMap { cells in row(block.map { cells[$0] }, of: block, widths, screen) }
    }

    /// One row, in as many lines as its longest text needs.
    private func row(_ cells: [Cell], of block: [Int], _ widths: [Int], _ screen: Screen) -> [String] {
        let lines = block.indices.map { Self.lines(of: cells[$0].text, width: widths[$0]) }
        return (0..<(lines.map(\.count).max() ?? 0)).map { number in
            line(
                block.indices.map { place in
                    let text = number < lines[place].count ? lines[place][number] : ""
                    let padding = String(repeating: " ", count: max(0, widths[place] - text.columns))
                    let inked = screen.inked(text, cells[place].ink)
                    return columns[block[place]].isNumber ? padding + inked : inked + padding
                })
        }
    }

    /// Each row as a list, for screens too narrow for anything else.
    private func lists(fitting width: Int, _ screen: Screen) -> [String] {
        let left = columns.reduce(0) { max($0, $1.title.columns) }
        let rows = cells.isEmpty ? [columns.map { _ in Cell(text: "", ink: nil) }] : cells
        return Array(
            rows.map { row in
                columns.indices.flatMap { column in
                    let title = columns[column].title
                    let padding = String(repeating: " ", count: left + Self.gap)
                    return row[column].text.wrapped(to: width - padding.count).enumerated().map { number, text in
                        line([
                            (number == 0 ? title.padding(to: left + Self.gap) : padding)
                                + screen.inked(text, row[column].ink)
                        ])
                    }
                }
            }.joined(separator: [""]))
    }

    /// What a cell shows below each other: one line if it fits.
    private static func lines(of text: String, width: Int) -> [String] {
        guard text.columns > width else { return [text] }
        let indent = String(text.prefix { $0 == " " })
        return text.wrapped(to: max(1, width - indent.count)).map { indent + $0 }
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
