/// Findings in SARIF 2.1.0, which code hosts show beside the lines: https://docs.oasis-open.org/sarif/sarif/v2.1.0
package struct SARIFDocument: Encodable {
    private enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case version, runs
    }

    private struct Run: Encodable {
        let tool = Tool()
        /// Columns count characters here, where SARIF's own count is that of UTF-16.
        let columnKind = "unicodeCodePoints"
        var results: [Result] = []
        var invocations = [Invocation()]
    }

    private struct Tool: Encodable {
        let driver = Driver()
    }

    private struct Driver: Encodable {
        let name = "bulkhead lint"
        let rules = LintRule.allCases.map { rule in
            Descriptor(
                id: rule.rawValue, shortDescription: Message(text: SARIFDocument.sentence(rule.summary)),
                fullDescription: Message(text: SARIFDocument.sentence(rule.reason)),
                help: Message(text: SARIFDocument.sentence(rule.remedy)))
        }
    }

    private struct Descriptor: Encodable {
        let id: String
        let shortDescription: Message
        let fullDescription: Message
        let help: Message
    }

    private struct Message: Encodable {
        let text: String
    }

    private struct Result: Encodable {
        let ruleId: String
        let ruleIndex: Int
        let level = "error"
        let message: Message
        let locations: [Location]
    }

    private struct Location: Encodable {
        let physicalLocation: PhysicalLocation
    }

    private struct PhysicalLocation: Encodable {
        let artifactLocation: ArtifactLocation
        var region: Region?
    }

    private struct ArtifactLocation: Encodable {
        let uri: String
    }

    private struct Region: Encodable {
        let startLine: Int
        let startColumn: Int
    }

    /// The run of the program, with what it could not read.
    private struct Invocation: Encodable {
        var executionSuccessful = true
        var toolExecutionNotifications: [Notification] = []
    }

    private struct Notification: Encodable {
        let level: String
        let message: Message
        let locations: [Location]
    }

    private let schema = "https://json.schemastore.org/sarif-2.1.0.json"
    private let version = "2.1.0"
    private var runs = [Run()]

    package init() {}

    package mutating func add(_ findings: [LintFinding], in path: [UInt8]) {
        let file = ArtifactLocation(uri: Self.uri(of: path))
        runs[0].results += findings.map { finding in
            let region = Region(startLine: finding.line, startColumn: finding.column)
            let text = Self.sentence("\(finding.what); \(finding.rule.reason)") + " Instead: \(finding.instead)."
            return Result(
                ruleId: finding.rule.rawValue, ruleIndex: LintRule.allCases.firstIndex(of: finding.rule) ?? 0,
                message: Message(text: text),
                locations: [Location(physicalLocation: PhysicalLocation(artifactLocation: file, region: region))])
        }
    }

    /// A file that was left out on purpose, or that could not be read.
    package mutating func add(unread path: [UInt8], why: String, isFailure: Bool) {
        let location = PhysicalLocation(artifactLocation: ArtifactLocation(uri: Self.uri(of: path)))
        let notification = Notification(
            level: isFailure ? "error" : "note", message: Message(text: Self.sentence(why)),
            locations: [Location(physicalLocation: location)])
        runs[0].invocations[0].toolExecutionNotifications.append(notification)
        if isFailure { runs[0].invocations[0].executionSuccessful = false }
    }

    fileprivate static func sentence(_ clause: String) -> String {
        clause.prefix(1).uppercased() + clause.dropFirst() + "."
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
