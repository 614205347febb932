package import BulkheadConsole
package import BulkheadLint

/// How findings are written.
package enum LintFormat: String, Sendable, CaseIterable {
    /// Lines for people and editors; in a terminal, wrapped under each file's name.
    case text
    case json
    /// Workflow commands of GitHub Actions, which it shows beside the lines.
    case github
    /// SARIF 2.1.0, as a whole.
    case sarif
}

/// Findings as text, file by file.
package struct LintReport: Sendable {
    package let format: LintFormat
    private let screen: Screen
    /// What to write instead, by the rules that were broken; more than one where languages differ.
    private var remedies: [LintRule: [String]] = [:]

    package init(_ format: LintFormat, on screen: Screen = .pipe) {
        self.format = format
        self.screen = screen
    }

    /// What is written about one file; empty for JSON, which comes as a whole.
    package mutating func text(_ findings: [LintFinding], in path: [UInt8]) -> String {
        guard !findings.isEmpty else { return "" }
        let path = Self.shown(path)
        for finding in findings where remedies[finding.rule]?.contains(finding.instead) != true {
            remedies[finding.rule, default: []].append(finding.instead)
        }
        switch format {
        case .json, .sarif: return ""
        case .github: return findings.map { annotation($0, path) + "\n" }.joined()
        case .text where screen.isTerminal: return block(findings, path)
        case .text: return findings.map { line($0, path) + "\n" }.joined()
        }
    }

    /// What stands below all findings in a terminal: why they matter and what to write instead, each rule once.
    package var reasons: String {
        guard format == .text, screen.isTerminal, !remedies.isEmpty else { return "" }
        let rows = LintRule.allCases.flatMap { rule in
            guard let remedies = remedies[rule] else { return [] as [(String, String)] }
            return [(rule.rawValue, rule.reason + ".")] + remedies.map { ("", "→ \($0).") }
        }
        return section("Why, and what to write instead", rows)
    }

    // MARK: For people

    private func block(_ findings: [LintFinding], _ path: String) -> String {
        let places = findings.map { "\($0.line):\($0.column)" }
        let width = places.map(\.count).max() ?? 0
        let rows = zip(places, findings).map { place, finding in
            (place.padding(to: width) + "  " + finding.rule.rawValue, finding.what)
        }
        return section(path, rows) + "\n"
    }

    private func section(_ title: String, _ rows: [(String, String)]) -> String {
        let lines = Rows.lines(rows.map { (name: $0, text: $1) }, columns: screen.pageColumns) {
            screen.inked($0, .warning)
        }
        return ([screen.inked(title, .heading)] + lines).joined(separator: "\n") + "\n"
    }

    private func line(_ finding: LintFinding, _ path: String) -> String {
        "\(path):\(finding.line):\(finding.column): \(finding.rule.rawValue): \(finding.sentences)"
    }

    // MARK: For programs

    private func annotation(_ finding: LintFinding, _ path: String) -> String {
        let properties = [
            ("file", path), ("line", "\(finding.line)"), ("col", "\(finding.column)"), ("title", finding.rule.rawValue),
        ]
        let list = properties.map { "\($0)=\(Self.escaped($1, isProperty: true))" }.joined(separator: ",")
        return "::error \(list)::\(Self.escaped(finding.sentences, isProperty: false))"
    }

    /// As GitHub's runner unescapes it.
    private static func escaped(_ text: String, isProperty: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": result += "%25"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            case ":" where isProperty: result += "%3A"
            case "," where isProperty: result += "%2C"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A path as it is, so that editors find it; in quotes and escaped where a terminal would obey it.
    package static func shown(_ path: [UInt8]) -> String {
        guard let text = String(validating: path, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return ShownBytes(path).description }
        return text
    }
}

/// What `--format json` prints.
struct LintDocument: Encodable {
    struct Item: Encodable {
        private enum CodingKeys: String, CodingKey { case file }

        let file: ShownBytes
        let finding: LintFinding

        func encode(to encoder: any Encoder) throws {
            try finding.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(file, forKey: .file)
        }
    }

    struct Unread: Encodable {
        let file: ShownBytes
        let why: String
    }

    var findings: [Item] = []
    /// Files that were read.
    var files = 0
    var skipped: [Unread] = []
    var unreadable: [Unread] = []
}
