import BulkheadLint

/// What a lint finds in a text, as `line:column rule`.
func found(in text: String, _ language: LintLanguage) -> [String] {
    Linter.findings(in: Array(text.utf8), as: language).map { "\($0.line):\($0.column) \($0.rule.rawValue)" }
}

/// The rules that a text breaks, in the order of the text.
func rules(in text: String, _ language: LintLanguage) -> [LintRule] {
    Linter.findings(in: Array(text.utf8), as: language).map(\.rule)
}
