/// `bulkhead: allow raw-client because …`: a comment that lets a finding stand, on its line or the line before.
struct AllowComment {
    /// In bytes from the start of the file.
    let offset: Int
    /// The rules it allows; none if it is not valid.
    let rules: [LintRule]
    /// What is wrong with it; nil if nothing is.
    let complaint: String?

    /// Nil for any other comment.
    init?(_ comment: SourceComment) {
        guard comment.text.utf8.count <= 4_096 else { return nil }
        let signs: Set<Character> = ["#", "/", "*", ";", " ", "\t", "\r", "\n"]
        let text = comment.text.drop { signs.contains($0) }
        guard text.hasPrefix(Self.sign) else { return nil }
        var words = text.dropFirst(Self.sign.count).split { $0.isWhitespace || $0 == "," }.map(String.init)
        guard words.first == "allow" else { return nil }
        words.removeFirst()
        offset = comment.range.lowerBound
        let names = words.prefix { $0 != "because" }
        let reason = words.dropFirst(names.count + 1).filter { $0 != "*/" }
        let unknown = names.first { name in !LintRule.allowable.contains { $0.rawValue == name } }
        if let unknown {
            let known = LintRule.allowable.map(\.rawValue).joined(separator: ", ")
            complaint = "there is no rule '\(unknown)', only \(known)"
        } else if names.isEmpty {
            complaint = "it names no rule"
        } else {
            complaint = reason.isEmpty ? "it gives no reason" : nil
        }
        rules = complaint == nil ? names.compactMap { LintRule(rawValue: $0) } : []
    }

    private static let sign = "bulkhead:"
}
