import Bulkhead
import BulkheadConsole

/// One thing that doctor has to say: how bad it is, what it is, and what to do about it.
package struct Finding: Sendable, Hashable, Encodable {
    /// From bad to harmless, in the order of a report.
    package enum Severity: String, Sendable, Hashable, Encodable, CaseIterable {
        /// Data can be lost or read by strangers, or a tool cannot work at all.
        case error
        /// It will hurt some day.
        case warning
        /// Good to know; nothing to mend.
        case note
    }

    package let severity: Severity
    /// Stable, in kebab case: `eviction`.
    package let code: String
    package let message: String
    /// A sentence that begins with what to do; empty for notes that need nothing.
    package let remedy: String
    /// What to type for it, in one line, to be pasted; nil where there is no such command.
    package let command: String?

    init(_ severity: Severity, _ code: String, _ message: String, remedy: String = "", command: String? = nil) {
        self.severity = severity
        self.code = code
        self.message = message
        self.remedy = remedy
        self.command = command
    }
}

extension Finding {
    static let unreachableCode = "unreachable"

    /// - Parameter names: those that live on the server.
    static func unreachable(_ names: String, _ error: RedisError) -> Finding {
        Finding(
            .error, unreachableCode, "nothing is known of \(names): \(error.explained)",
            remedy: error.code == .connectFailed
                ? "Start the server, or correct where the catalogue says it is; then ask again."
                : "Mend that, and ask again.")
    }
}

extension Finding.Severity {
    /// Nil for what is only good to know.
    var ink: Ink? {
        switch self {
        case .error: .error
        case .warning: .warning
        case .note: nil
        }
    }
}

extension [Finding] {
    /// The findings as a reader sees them: what kind, what it is, and what to do, in lines of the screen.
    func lines(on screen: Screen) -> [String] {
        let indent = String(repeating: " ", count: Self.indent)
        return flatMap { finding in
            let label = finding.severity.rawValue
            let padding = String(repeating: " ", count: Self.indent - label.count)
            let text = finding.message.asSentence.wrapped(to: screen.proseColumns(behind: Self.indent))
            var lines = [screen.inked(label, finding.severity.ink) + padding + text[0]]
            lines += text.dropFirst().map { indent + $0 }
            if !finding.remedy.isEmpty {
                lines += finding.remedy.wrapped(to: screen.proseColumns(behind: Self.indent + 2)).enumerated()
                    .map { indent + ($0 == 0 ? "→ " : "  ") + $1 }
            }
            // A command stays in one line, so that it can be copied.
            if let command = finding.command { lines.append(indent + "$ " + command) }
            return lines
        }
    }

    /// Columns of the longest label, and two.
    private static var indent: Int { 9 }
}
