/// Something found, before anybody asked whether it is allowed.
struct Sighting: Sendable, Hashable {
    let rule: LintRule
    /// In bytes from the start of the file.
    let offset: Int
    /// A clause without a full stop, of names that stand in the source and never of its values.
    let what: String

    /// True if it is a URL's: those are found where the text stands that holds them, whoever reads the text.
    var isURL: Bool { what.hasPrefix("the URL") }

    init(_ rule: LintRule, at offset: Int, _ what: String) {
        self.rule = rule
        self.offset = offset
        self.what = what
    }
}
