/// The lint of one file: bytes in, findings out. It reads nothing itself, and takes any bytes.
package enum Linter {
    /// The findings, in the order of the file.
    package static func findings(in bytes: [UInt8], as language: LintLanguage) -> [LintFinding] {
        let (sightings, comments) = look(at: bytes, as: language)
        let allowances = comments.compactMap { AllowComment($0) }
        return judge(sightings, allowances, in: bytes, language)
    }

    private static func look(
        at bytes: [UInt8], as language: LintLanguage
    ) -> (sightings: [Sighting], comments: [SourceComment]) {
        switch language {
        case .swift: return SwiftRules.look(at: bytes)
        case .python: return PythonRules.look(at: bytes)
        case .shell, .recipe:
            let rules = ShellRules(bytes, linesEndQuotes: language == .recipe)
            return (rules.sightings, rules.comments)
        case .yaml, .json, .settings:
            let rules = ConfigurationRules(bytes, as: language)
            return (rules.sightings, rules.comments)
        }
    }

    private static func judge(
        _ sightings: [Sighting], _ allowances: [AllowComment], in bytes: [UInt8], _ language: LintLanguage
    ) -> [LintFinding] {
        let places = Places(bytes, sightings.map(\.offset) + allowances.map(\.offset))
        var used: Set<Int> = []
        var allowed: [Int: [(allowance: Int, rules: [LintRule])]] = [:]
        for (index, allowance) in allowances.enumerated() {
            allowed[places.lineAllowed(byCommentAt: allowance.offset), default: []].append((index, allowance.rules))
        }
        var found: [(offset: Int, finding: LintFinding)] = []
        func report(_ rule: LintRule, at offset: Int, _ what: String) {
            let (line, column) = places[offset]
            found.append(
                (offset, LintFinding(
                    rule: rule, line: line, column: column, what: what, instead: rule.instead(in: language))))
        }
        for sighting in Set(sightings) {
            let pardons = (allowed[places[sighting.offset].line] ?? []).filter { $0.rules.contains(sighting.rule) }
            if pardons.isEmpty { report(sighting.rule, at: sighting.offset, sighting.what) }
            used.formUnion(pardons.map(\.allowance))
        }
        for (index, allowance) in allowances.enumerated() {
            if let complaint = allowance.complaint {
                report(.badAllow, at: allowance.offset, "this allows nothing: \(complaint)")
            } else if !used.contains(index) {
                report(.unusedAllow, at: allowance.offset, "nothing is found that this would allow")
            }
        }
        return found.sorted { ($0.offset, $0.finding.rule.rawValue, $0.finding.what) < ($1.offset, $1.finding.rule.rawValue, $1.finding.what) }
            .map(\.finding)
    }
}

/// Lines and columns of some offsets, found in one walk through the file.
private struct Places {
    private var positions: [Int: (line: Int, column: Int)] = [:]
    private let bytes: [UInt8]

    init(_ bytes: [UInt8], _ offsets: [Int]) {
        self.bytes = bytes
        var walk = SourcePositions(bytes)
        for offset in Set(offsets).sorted() { positions[offset] = walk.position(of: offset) }
    }

    subscript(offset: Int) -> (line: Int, column: Int) { positions[offset] ?? (1, 1) }

    /// The line that a comment speaks of: its own if code stands before it, else the next one that is more than a
    /// comment.
    func lineAllowed(byCommentAt offset: Int) -> Int {
        let line = self[offset].line
        guard offset <= bytes.count else { return line }
        let before = bytes[..<offset].lastIndex(of: .newline).map { $0 + 1 } ?? 0
        guard bytes[before..<offset].allSatisfy(\.isBlank) else { return line }
        var cursor = ByteCursor(bytes, offset..<bytes.count)
        for next in 1...Self.mostCommentLines {
            cursor.advance { $0 != .newline }
            cursor.advance()
            cursor.advance { $0.isBlank }
            if !(cursor.peek() == .hash || cursor.isAt("//") || cursor.isAt("*")) { return line + next }
        }
        return line
    }

    /// Comments that may stand between one and what it allows.
    private static let mostCommentLines = 16
}
