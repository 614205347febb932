/// One line that says how far a long measurement is and how long it still takes.
///
/// On a terminal each text starts with a carriage return and covers the one before; elsewhere each is a line of its
/// own. It makes the text, from instants it is given; the program shows it on standard error:
/// ```swift
/// var progress = ProgressLine.onStandardError("isolation", steps: 30)
/// defer { progress.clear() }
/// progress.show(done: 3, "two servers")
/// ```
package struct ProgressLine: Sendable {
    private let title: String
    private let steps: Int
    private let onTerminal: Bool
    private let start: Int64
    private var shownColumns = 0

    /// - Parameters:
    ///   - steps: how many steps of about the same length there are; the remaining time is reckoned from them.
    ///   - now: the present instant in nanoseconds of `MonotonicClock`.
    package init(_ title: String, steps: Int, onTerminal: Bool, now: Int64) {
        self.title = title
        self.steps = steps
        self.onTerminal = onTerminal
        start = now
    }

    /// The text after `done` steps, with a note on what runs next; the remaining time from the first finished step on.
    ///
    /// Narrower than the terminal's `columns`, so that it never wraps: a wrapped line cannot be taken back.
    package mutating func update(
        done: Int, _ note: String = "", now: Int64, columns: Int = Terminal.errorScreen.pageColumns
    ) -> String {
        var line = "\(title): \(done) of \(steps)"
        if done > 0, done < steps {
            let left = Double(now - start) / Double(done) * Double(steps - done)
            line += ", \(Units.clock(nanoseconds: Int64(left.rounded()))) left"
        }
        if !note.isEmpty { line += ", \(note)" }
        guard onTerminal else { return line + "\n" }
        line = String(line.prefix(columns - 1))
        let covering = String(repeating: " ", count: max(0, min(shownColumns, columns - 1) - line.count))
        shownColumns = line.count
        return "\r" + line + covering
    }

    /// The text that clears the line on a terminal, so that results start on an empty one; nothing elsewhere.
    package mutating func end() -> String {
        guard onTerminal, shownColumns > 0 else { return "" }
        defer { shownColumns = 0 }
        return "\r" + String(repeating: " ", count: shownColumns) + "\r"
    }
}

extension ProgressLine {
    /// One that begins now, for ``show(done:_:)``.
    package static func onStandardError(_ title: String, steps: Int) -> ProgressLine {
        ProgressLine(title, steps: steps, onTerminal: Terminal.errorIsTerminal, now: MonotonicClock.now())
    }

    package mutating func show(done: Int, _ note: String) {
        Terminal.writeError(update(done: done, note, now: MonotonicClock.now()))
    }

    /// Behind the last step, and also where there is a failure.
    package mutating func clear() { Terminal.writeError(end()) }
}
