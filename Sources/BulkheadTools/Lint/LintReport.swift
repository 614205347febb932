import BulkheadConsole
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
    package let style: LintStyle
    /// What to write instead, by the rules that were broken; more than one where languages differ.
    private var remedies: [LintRule: [String]] = [:]

    package init(_ format: LintFormat, _ style: LintStyle = .plain) {
        self.format = format
        self.style = style
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
        case .text where style == .plain: return findings.map { line($0, path) + "\n" }.joined()
        case .text: return block(findings, path)
        }
    }

    /// What stands below all findings in a terminal: why they matter and what to write instead, each rule once.
    package var reasons: String {
        guard format == .text, style != .plain, !remedies.isEmpty else { return "" }
        let indent = String(repeating: " ", count: Self.ruleWidth + 4)
        let lines = LintRule.allCases.flatMap { rule in
            guard let remedies = remedies[rule] else { return [] as [String] }
            let reason = (rule.reason + ".").wrapped(to: HelpPage.columns - indent.count)
            let first = "  \(style.rule(padded(rule.rawValue, to: Self.ruleWidth)))  \(reason[0])"
            return [first] + reason.dropFirst().map { indent + $0 } + remedies.flatMap { arrow($0, indent) }
        }
        return ([style.heading("Why, and what to write instead")] + lines).joined(separator: "\n") + "\n"
    }

    // MARK: For people

    private static let ruleWidth = LintRule.allCases.map(\.rawValue.count).max() ?? 0

    private func block(_ findings: [LintFinding], _ path: String) -> String {
        let placeWidth = findings.map { "\($0.line):\($0.column)".count }.max() ?? 0
        let indent = String(repeating: " ", count: placeWidth + Self.ruleWidth + 6)
        var lines = [style.heading(path)]
        for finding in findings {
            let text = finding.what.wrapped(to: HelpPage.columns - indent.count)
            let place = padded("\(finding.line):\(finding.column)", to: placeWidth)
            lines.append("  \(place)  \(style.rule(padded(finding.rule.rawValue, to: Self.ruleWidth)))  \(text[0])")
            lines += text.dropFirst().map { indent + $0 }
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private func arrow(_ text: String, _ indent: String) -> [String] {
        (text + ".").wrapped(to: HelpPage.columns - indent.count - 2).enumerated().map {
            indent + style.quiet(($0 == 0 ? "→ " : "  ") + $1)
        }
    }

    private func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func line(_ finding: LintFinding, _ path: String) -> String {
        "\(path):\(finding.line):\(finding.column): \(finding.rule.rawValue): \(sentences(finding))"
    }

    private func sentences(_ finding: LintFinding) -> String {
        "\(finding.what); \(finding.rule.reason). Instead: \(finding.instead)."
    }

    // MARK: For programs

    private func annotation(_ finding: LintFinding, _ path: String) -> String {
        let properties = [
            ("file", path), ("line", "\(finding.line)"), ("col", "\(finding.column)"), ("title", finding.rule.rawValue),
        ]
        let list = properties.map { "\($0)=\(Self.escaped($1, isProperty: true))" }.joined(separator: ",")
        return "::error \(list)::\(Self.escaped(sentences(finding), isProperty: false))"
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

/// How text for people looks.
package enum LintStyle: Sendable, Hashable {
    /// One line a finding, for pipes.
    case plain
    /// Wrapped to 80 columns.
    case terminal
    /// Wrapped, in colours.
    case colours

    func heading(_ text: String) -> String { coded("1", text) }
    func rule(_ text: String) -> String { coded("33", text) }
    func quiet(_ text: String) -> String { coded("2", text) }

    private func coded(_ code: String, _ text: String) -> String {
        self == .colours && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}

/// What `--format json` prints.
struct LintDocument: Encodable {
    struct Item: Encodable {
        let file: ShownBytes
        let line: Int
        let column: Int
        let rule: LintRule
        let what: String
        let why: String
        let instead: String

        init(_ finding: LintFinding, in path: [UInt8]) {
            file = ShownBytes(path)
            line = finding.line
            column = finding.column
            rule = finding.rule
            what = finding.what
            why = finding.rule.reason
            instead = finding.instead
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
