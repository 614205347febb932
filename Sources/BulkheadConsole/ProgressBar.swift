/// How far a long work is, how fast it goes and how long it still takes, in one line.
///
/// ```
/// migrate  [##########··········]  50 %  1.20 M of 2.40 M keys  204 k/s  0:06 left
/// ```
/// On a terminal each text starts with a carriage return and covers the one before; elsewhere each is a line of its
/// own, and there are few. It only makes the text, from instants it is given.
package struct ProgressBar: Sendable {
    /// Nanoseconds between two texts: often enough to see it move, seldom enough to cost nothing.
    package static let pauseOnTerminal: Int64 = 100_000_000
    /// The same elsewhere, where every text is a line of a log.
    package static let pauseElsewhere: Int64 = 10_000_000_000
    private static let barColumns = 20

    private let title: String
    private let unit: String
    private let onTerminal: Bool
    private let start: Int64
    private var nextText: Int64
    private var shownColumns = 0
    /// How many there will be; nil if not known. It may change, because a database may grow while it is walked.
    package var total: Int?

    /// - Parameters:
    ///   - unit: what is counted, in the plural.
    ///   - now: the present instant in nanoseconds of any clock that only goes on.
    package init(_ title: String, total: Int?, unit: String, onTerminal: Bool, now: Int64) {
        self.title = title
        self.total = total
        self.unit = unit
        self.onTerminal = onTerminal
        start = now
        // What is over at once shows nothing at all.
        nextText = now + (onTerminal ? Self.pauseOnTerminal : Self.pauseElsewhere)
    }

    /// The text to show now; nil if the last one is too recent.
    ///
    /// `columns` is the terminal's width, asked only when a text is due: a window may change while the work goes on.
    package mutating func update(
        done: Int, now: Int64, columns: @autoclosure () -> Int = Screen.fallbackColumns
    ) -> String? {
        guard now >= nextText else { return nil }
        nextText = now + (onTerminal ? Self.pauseOnTerminal : Self.pauseElsewhere)
        let lines = lines(done: done, now: now)
        guard onTerminal else { return lines[0] + "\n" }
        // A line that wraps cannot be taken back, and a full line wraps on some terminals.
        let room = columns() - 1
        let shown = lines.first { $0.count <= room } ?? String(lines[lines.count - 1].prefix(room))
        let covering = String(repeating: " ", count: max(0, min(shownColumns, room) - shown.count))
        shownColumns = shown.count
        return "\r" + shown + covering
    }

    /// The text that clears the line on a terminal; nothing elsewhere. The next `update` shows it again at once.
    package mutating func clear() -> String {
        nextText = start
        guard onTerminal, shownColumns > 0 else { return "" }
        defer { shownColumns = 0 }
        return "\r" + String(repeating: " ", count: shownColumns) + "\r"
    }

    /// The line in full, and ever shorter ones for narrow terminals: whole parts are left out, no word is cut.
    private func lines(done: Int, now: Int64) -> [String] {
        let seconds = Double(max(1, now - start)) / 1e9
        let rate = Units.rate(perSecond: Double(done) / seconds)
        guard let total, total > 0 else {
            let count = "\(Units.count(done)) \(unit)"
            return ["\(title)  \(count)  \(rate)", "\(title)  \(count)", count]
        }
        // More may come than was counted before.
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * Double(Self.barColumns))
        let bar = String(repeating: "#", count: filled) + String(repeating: "·", count: Self.barColumns - filled)
        let percent = "\(Int(share * 100)) %"
        let count = "\(Units.count(done)) of \(Units.count(total)) \(unit)"
        var left: [String] = []
        if done > 0, share < 1 {
            let time = seconds * 1e9 * (1 - share) / share
            left = ["\(Units.clock(nanoseconds: Int64(min(time, 1e18)))) left"]
        }
        return [
            [title, "[\(bar)]", percent, count, rate] + left, [title, percent, count, rate] + left,
            [title, percent, count] + left, [title, percent] + left, [percent] + left, [percent],
        ].map { $0.joined(separator: "  ") }
    }
}
