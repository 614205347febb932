#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a text is written to: how wide it is, and whether it shows colours.
///
/// The one place that knows a terminal's width. Into a pipe or a file nothing is wrapped, cut or coloured.
package struct Screen: Sendable, Hashable {
    /// The width of a terminal that does not say it.
    package static let fallbackColumns = 80
    /// A terminal that says it is narrower is taken for one of this width.
    package static let fewestColumns = 20
    /// A line of prose that is longer is hard to read.
    package static let mostProseColumns = 100
    /// A pipe or a file.
    package static let pipe = Screen(columns: nil)

    /// Columns of a line of the terminal; nil into a pipe or a file.
    package let columns: Int?
    package let hasColours: Bool

    package init(columns: Int?, hasColours: Bool = false) {
        self.columns = columns.map { max($0, Self.fewestColumns) }
        self.hasColours = hasColours && columns != nil
    }

    /// The screen behind an open descriptor, as wide as it is now: whoever writes for long asks again.
    ///
    /// Colours only where they are seen and wanted: https://no-color.org
    package init(of descriptor: Int32, environment: (String) -> String? = Screen.variable) {
        guard isatty(descriptor) == 1 else {
            self = .pipe
            return
        }
        let isUnwanted = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        let isDumb = environment("TERM").map { $0 == "dumb" } ?? true
        self.init(
            columns: Self.ownColumns(of: descriptor) ?? environment("COLUMNS").flatMap { Self.columns(named: $0) }
                ?? Self.fallbackColumns,
            hasColours: !isUnwanted && !isDumb)
    }

    package var isTerminal: Bool { columns != nil }

    /// Columns of a paragraph; nil into a pipe or a file.
    package var proseColumns: Int? { columns.map { min($0, Self.mostProseColumns) } }

    /// Columns of a page that is laid out even into a pipe, such as a help text.
    package var pageColumns: Int { proseColumns ?? Self.fallbackColumns }

    /// Columns of paragraphs that stand `indent` columns to the right.
    package func proseColumns(behind indent: Int) -> Int? {
        proseColumns.map { max(1, $0 - indent) }
    }

    /// What the terminal says itself; some say 0.
    private static func ownColumns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    private static func columns(named text: String) -> Int? {
        Int(text).flatMap { $0 > 0 ? $0 : nil }
    }

    /// A variable of this process's environment.
    package static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// What a word is, for a screen with colours. Words carry the meaning; colours only make them easy to find.
package enum Ink: String, Sendable, Hashable, CaseIterable {
    /// Red: data can be lost, or the work failed.
    case error
    /// Yellow: somebody should look.
    case warning
    /// Green: it was looked at and is well.
    case good
    /// Dim: to be read second.
    case muted
    /// Bold: a title.
    case heading

    fileprivate var code: String {
        switch self {
        case .error: "31"
        case .warning: "33"
        case .good: "32"
        case .muted: "2"
        case .heading: "1"
        }
    }
}

extension Screen {
    /// The text in an ink; as it is where there are no colours or nothing to colour.
    package func inked(_ text: String, _ ink: Ink?) -> String {
        guard let ink, hasColours, !text.isEmpty else { return text }
        return "\u{1b}[\(ink.code)m\(text)\u{1b}[0m"
    }
}
