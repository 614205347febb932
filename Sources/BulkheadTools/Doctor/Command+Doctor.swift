import Bulkhead
import ConsoleText

extension Command {
    /// `bulkhead doctor`: the catalogue held against the server.
    static let doctor = Command(
        name: "doctor",
        summary: "hold the catalogue against the server, and say what to mend",
        usage: ["bulkhead doctor [--url URL] [--catalogue FILE] [--json]"],
        about: """
            Looks for what will hurt: numbers the server does not have, keys without a name, names without keys, \
            eviction that reaches data meant to stay, memory without a limit, data that a restart loses, doors left \
            open, search indexes that a flush would drop, and commands that the ACL denies to the tools. It only \
            reads, by a dozen short commands.
            """,
        flags: ServerSelection.flags + [.json],
        examples: [
            Example("The server and catalogue of the environment:", "bulkhead doctor"),
            Example(
                "In a deployment, before services start; exit code 1 if anything is to mend:",
                "bulkhead doctor --url redis://cache --catalogue /etc/app/databases.json"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("server", #""Redis 7.0.15""#),
                    ("findings", #"[{"severity": "error"|"warning"|"note", "code": "eviction","#),
                    ("", #""message": "…", "remedy": "…" (empty where nothing is to do)}]"#),
                ])
        ],
        run: runDoctor)

    private static func runDoctor(
        _ arguments: Arguments, _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(arguments)
        // Every server has a number 0, whatever the catalogue says.
        let entry = selection.entry(ofNumber: 0)
        let databases = try selection.open([entry])
        let (facts, findings) = try await arguments.reaching { () async throws(RedisError) in
            let database = try databases[entry.name]
            let facts = try await ServerFacts(of: database)
            let diagnosis = Diagnosis(
                facts, selection.catalogue, permissions: try await ToolPermissions.ask(database),
                isOpenToAnybody: await database.isOpenToAnybody)
            return (facts, diagnosis.findings)
        }
        await databases.close()
        if arguments.has(.json) {
            try streams.output.writeJSON(DoctorReport(server: facts.name, findings: findings))
        } else {
            try streams.output.writeAll(text(facts, findings, selection))
        }
        return findings.contains { $0.severity != .note } ? .found : .done
    }

    private struct DoctorReport: Encodable {
        let server: String
        let findings: [Finding]
    }

    private static func text(_ facts: ServerFacts, _ findings: [Finding], _ selection: ServerSelection) -> String {
        var lines = ["\(facts.name) at \(selection.configuration.address)", ""]
        let indent = "         "
        for finding in findings {
            let text = (finding.message + ".").wrapped(to: HelpPage.columns - indent.count)
            let label = finding.severity.rawValue
            lines.append(label + String(repeating: " ", count: indent.count - label.count) + text[0])
            lines += text.dropFirst().map { indent + $0 }
            if !finding.remedy.isEmpty {
                lines += finding.remedy.wrapped(to: HelpPage.columns - indent.count - 2).enumerated()
                    .map { indent + ($0 == 0 ? "→ " : "  ") + $1 }
            }
        }
        let counts = Finding.Severity.allCases.map { severity in
            let count = findings.count { $0.severity == severity }
            return "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        lines += ["", counts.joined(separator: ", ") + "."]
        return lines.joined(separator: "\n") + "\n"
    }
}

extension RedisDatabase {
    /// Whether the default user is on and needs no password; nil if the server does not say.
    fileprivate var isOpenToAnybody: Bool? {
        get async {
            guard let rules = try? await send("ACL", "GETUSER", "default", as: [String: RESPValue].self),
                let flags = rules["flags"]?.elements
            else { return nil }
            let words = flags.compactMap { try? String(redis: $0) }
            return words.contains("on") && words.contains("nopass")
        }
    }
}
