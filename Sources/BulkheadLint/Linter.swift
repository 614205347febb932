/// The lint of one file: bytes in, findings out. It reads nothing itself, and takes any bytes.
package enum Linter {
    /// The findings, in the order of the file.
    package static func findings(in bytes: [UInt8], as language: LintLanguage) -> [LintFinding] {
        let (sightings, comments) = look(at: bytes, as: language)
        let allowances = comments.compactMap { AllowComment($0) }
        return judge(sightings, allowances, in: bytes, language)
    }

    /// What stands in a file, or in a part of it that is `depth` texts deep in others.
    static func look(
        at bytes: [UInt8], _ range: Range<Int>? = nil, as language: LintLanguage, depth: Int = 0
    ) -> (sightings: [Sighting], comments: [SourceComment]) {
        switch language {
        case .swift, .python, .script: return CodeRules.look(at: bytes, range, as: language)
        case .shell, .recipe:
            let rules = ShellRules(bytes, range, depth: depth, linesEndQuotes: language == .recipe)
            return (rules.sightings, rules.comments)
        case .yaml, .json, .settings:
            let rules = ConfigurationRules(bytes, range, as: language, depth: depth)
            return (rules.sightings, rules.comments)
        }
    }

    private static func judge(
        _ sightings: [Sighting], _ allowances: [AllowComment], in bytes: [UInt8], _ language: LintLanguage
    ) -> [LintFinding] {
        let places = Places(bytes, sightings.map(\.offset) + allowances.map(\.offset))
        let lines = allowances.map { places.lineAllowed(byCommentAt: $0.offset) }
        let allowed = Set(
            zip(allowances, lines).flatMap { allowance, line in
                allowance.rules.map { Allowance(rule: $0, line: line) }
            })
        var used: Set<Allowance> = []
        var found: [(offset: Int, finding: LintFinding)] = []
        func report(_ rule: LintRule, at offset: Int, _ what: String) {
            let place = places[offset]
            let finding = LintFinding(
                rule: rule, line: place.line, column: place.column, what: what, why: rule.reason,
                instead: rule.instead(in: language))
            found.append((offset, finding))
        }
        for sighting in Set(sightings) {
            let allowance = Allowance(rule: sighting.rule, line: places[sighting.offset].line)
            if allowed.contains(allowance) {
                used.insert(allowance)
            } else {
                report(sighting.rule, at: sighting.offset, sighting.what)
            }
        }
        for (allowance, line) in zip(allowances, lines) {
            if let complaint = allowance.complaint {
                report(.badAllow, at: allowance.offset, "this allows nothing: \(complaint)")
            } else if !allowance.rules.allSatisfy({ used.contains(Allowance(rule: $0, line: line)) }) {
                report(.unusedAllow, at: allowance.offset, "nothing is found that this would allow")
            }
        }
        func order(_ one: (offset: Int, finding: LintFinding)) -> (Int, String, String) {
            (one.offset, one.finding.rule.rawValue, one.finding.what)
        }
        return found.sorted { order($0) < order($1) }.map(\.finding)
    }
}

/// A rule that may be broken on a line.
private struct Allowance: Hashable {
    let rule: LintRule
    let line: Int
}

/// Where an offset lies.
private struct Place {
    var line = 1
    var column = 1
    /// The offset of the line's first byte.
    var lineStart = 0
}

/// Lines and columns of some offsets, found in one walk through the file.
private struct Places {
    private var places: [Int: Place] = [:]
    private let bytes: [UInt8]

    init(_ bytes: [UInt8], _ offsets: [Int]) {
        self.bytes = bytes
        var place = Place()
        var start = 0
        for end in Set(offsets).sorted() {
            for (offset, byte) in zip(start..., bytes.dropFirst(start).prefix(end - start)) {
                if byte == .newline {
                    place = Place(line: place.line + 1, column: 1, lineStart: offset + 1)
                } else if byte & 0xc0 != 0x80 {
                    // The column of a scalar counts those before it; the bytes that continue one do not.
                    place.column += 1
                }
            }
            places[end] = place
            start = end
        }
    }

    subscript(offset: Int) -> Place { places[offset] ?? Place() }

    /// The line that a comment speaks of: its own if code stands before it, else the next one that is more than a
    /// comment.
    func lineAllowed(byCommentAt offset: Int) -> Int {
        let place = self[offset]
        let line = place.line
        guard bytes[place.lineStart..<max(place.lineStart, offset)].allSatisfy(\.isBlank) else { return line }
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
