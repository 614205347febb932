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

    init(_ severity: Severity, _ code: String, _ message: String, remedy: String = "") {
        self.severity = severity
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}
