/// Findings in SARIF 2.1.0, which code hosts show beside the lines: https://docs.oasis-open.org/sarif/sarif/v2.1.0
package struct SARIFDocument: Encodable {
    private var results: [JSONLiteral] = []
    /// What could not be read, or was left out on purpose.
    private var notifications: [JSONLiteral] = []
    private var isComplete = true

    package init() {}

    package mutating func add(_ findings: [LintFinding], in path: [UInt8]) {
        results += findings.map { finding in
            [
                "ruleId": "\(finding.rule.rawValue)",
                "ruleIndex": .number(LintRule.allCases.firstIndex(of: finding.rule) ?? 0), "level": "error",
                "message": ["text": .text(Self.capitalised(finding.sentences))],
                "locations": Self.locations(
                    path, ["startLine": .number(finding.line), "startColumn": .number(finding.column)]),
            ]
        }
    }

    /// A file that was left out on purpose, or that could not be read.
    package mutating func add(unread path: [UInt8], why: String, isFailure: Bool) {
        notifications.append([
            "level": isFailure ? "error" : "note", "message": Self.message(why), "locations": Self.locations(path),
        ])
        if isFailure { isComplete = false }
    }

    package func encode(to encoder: any Encoder) throws {
        let rules = LintRule.allCases.map { rule -> JSONLiteral in
            [
                "id": "\(rule.rawValue)", "shortDescription": Self.message(rule.summary),
                "fullDescription": Self.message(rule.reason), "help": Self.message(rule.remedy),
            ]
        }
        let run: JSONLiteral = [
            "tool": ["driver": ["name": "bulkhead lint", "rules": .list(rules)]],
            // Columns count characters here, where SARIF's own count is that of UTF-16.
            "columnKind": "unicodeCodePoints",
            "results": .list(results),
            "invocations": [
                ["executionSuccessful": .truth(isComplete), "toolExecutionNotifications": .list(notifications)]
            ],
        ]
        let log: JSONLiteral = [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run],
        ]
        try log.encode(to: encoder)
    }

    private static func message(_ clause: String) -> JSONLiteral { ["text": .text(capitalised(clause + "."))] }

    private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    private static func locations(_ path: [UInt8], _ region: JSONLiteral? = nil) -> JSONLiteral {
        var place: [String: JSONLiteral] = ["artifactLocation": ["uri": .text(uri(of: path))]]
        place["region"] = region
        return [["physicalLocation": .object(place)]]
    }

    /// A reference relative to the folder that was linted in, or a URL of a file; paths may be of any bytes.
    static func uri(of path: [UInt8]) -> String {
        let text = path.map { byte in
            if byte.isLetter || byte.isDigit || "-._~/".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        return text.hasPrefix("/") ? "file://" + text : text
    }
}
