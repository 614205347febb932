/// One thing that a lint has to say about a file.
package struct LintFinding: Sendable, Hashable, Encodable {
    package let rule: LintRule
    /// From 1 on.
    package let line: Int
    /// From 1 on, in characters (Unicode scalars).
    package let column: Int
    /// A clause that begins in lower case, without a full stop.
    package let what: String
    /// Why it matters; a clause without a full stop.
    package let why: String
    /// A sentence without a full stop.
    package let instead: String

    /// All of it, in two sentences.
    package var sentences: String { "\(what); \(why). Instead: \(instead)." }
}
