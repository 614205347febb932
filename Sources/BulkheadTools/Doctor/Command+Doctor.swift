import Bulkhead
import BulkheadConsole

extension Command {
    /// `bulkhead doctor`: the catalogue held against the server.
    static let doctor = Command(
        name: "doctor",
        summary: "compare the catalogue with the server, and say what to fix",
        usage: ["bulkhead doctor [--url URL] [--catalogue FILE] [--json]"],
        about: """
            Checks every server of the catalogue for problems: numbers that the server does not have, keys without a \
            name, names without keys, eviction of data that must stay, missing memory limits, data that a restart or \
            a failover would lose, access without a password, certificates that end within 30 days, ports that could \
            have TLS, search indexes that a flush would drop, and commands that the ACL denies to these tools. It \
            changes nothing. It sends each server about a hundred short commands for each login of the catalogue.
            """,
        flags: ServerSelection.flags + [.json, .quiet],
        examples: [
            Example("Check the server and catalogue of the environment:", "bulkhead doctor"),
            Example(
                "In a deployment, before services start; exit code 1 if something needs fixing:",
                "bulkhead doctor --url redis://cache --catalogue /etc/app/databases.json"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("servers", #"[{"server": "Redis 7.0.15", "address": "cache:6379","#),
                    ("", #""findings": [{"severity": "error"|"warning"|"note","#),
                    ("", #""code": "eviction", "message": "…", "remedy": "…", "command": "…"}]}]"#),
                    ("", "remedy is empty if there is nothing to do; command is absent if none does it"),
                ])
        ],
        run: runDoctor)

    private static func runDoctor(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        try selection.refuseUnusedURL(selection.catalogue.entries, call.arguments)
        let servers = try DoctoredServer.all(of: selection)
        var reports: [DoctorReport] = []
        var failures: [RedisError] = []
        for server in servers {
            do throws(RedisError) {
                reports += try await server.reports(selection.serverFlags)
            } catch {
                failures.append(error)
                reports.append(server.report(of: error))
            }
        }
        for server in servers { await server.close() }
        // One that is away is no reason to say nothing of the others.
        if let failure = failures.first, failures.count == servers.count {
            throw ProgramFailure(failure, of: call.program)
        }
        try call.answer(DoctorDocument(servers: reports)) { screen in
            reports.map { $0.text(on: screen) }.joined(separator: "\n")
        }
        if !failures.isEmpty { return .failed }
        return reports.contains { $0.findings.contains { $0.severity != .note } } ? .found : .done
    }
}

/// What `--json` prints.
private struct DoctorDocument: Encodable {
    let servers: [DoctorReport]
}

/// The findings about one server.
struct DoctorReport: Encodable {
    let server: String
    let address: String
    let findings: [Finding]

    func text(on screen: Screen) -> String {
        let title = "\(server) at \(address)".wrapped(to: screen.proseColumns)
        var lines = title.map { screen.inked($0, .heading) } + [""] + findings.lines(on: screen)
        let counts = Finding.Severity.allCases.map { severity in
            Units.counted(findings.count { $0.severity == severity }, severity.rawValue)
        }
        let isWell = findings.allSatisfy { $0.severity == .note }
        lines +=
            (findings.isEmpty ? [] : [""])
            + [screen.inked(counts.joined(separator: ", ") + ".", isWell ? .good : nil)]
        return lines.joined(separator: "\n") + "\n"
    }
}
