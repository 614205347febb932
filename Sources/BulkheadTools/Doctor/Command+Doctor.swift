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
            changes nothing, and asks each server about a hundred short commands.
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
        // One report for each server, however many URLs lead to it; the environment's is the first.
        var seen: Set = [selection.place(of: nil)]
        let others = selection.catalogue.entries.compactMap(\.server).sorted { $0.address < $1.address }
        let servers = [nil] + others.filter { seen.insert(selection.place(of: $0)).inserted }
        // Every server has a number 0, whatever the catalogue says.
        let doors = servers.map { selection.entry(ofNumber: 0, on: $0) }
        let databases = try selection.open(doors)
        let reports = try await databases.closing { () async throws(ProgramFailure) in
            try await call.arguments.reaching { () async throws(RedisError) in
                var reports: [DoctorReport] = []
                for (server, door) in zip(servers, doors) {
                    let place = selection.place(of: server)
                    let entries = selection.catalogue.entries.filter { selection.place(of: $0) == place }
                    // All names may live elsewhere.
                    if entries.isEmpty { continue }
                    reports += try await self.reports(on: door.name, of: databases, entries, selection.serverFlags)
                }
                return reports
            }
        }
        try call.answer(DoctorDocument(servers: reports)) { screen in
            reports.map { $0.text(on: screen) }.joined(separator: "\n")
        }
        return reports.contains { $0.findings.contains { $0.severity != .note } } ? .found : .done
    }

    /// One, and of a cluster one of each primary.
    private static func reports(
        on door: DatabaseName, of databases: RedisDatabases, _ entries: [DatabaseEntry], _ serverFlags: String
    ) async throws(RedisError) -> [DoctorReport] {
        let database = try databases[door]
        var reports: [DoctorReport] = []
        for part in try await database.parts() {
            reports.append(
                try await report(
                    on: part, of: databases, entries, serverFlags, isPart: database.isInCluster))
        }
        return reports
    }

    private static func report(
        on database: RedisDatabase, of databases: RedisDatabases, _ entries: [DatabaseEntry], _ serverFlags: String,
        isPart: Bool
    ) async throws(RedisError) -> DoctorReport {
        let facts = try await ServerFacts(of: database)
        let diagnosis = Diagnosis(
            facts, entries, permissions: try await ToolPermissions.ask(database, inCluster: facts.isCluster),
            isOpenToAnybody: await database.isOpenToAnybody,
            certificateLife: try databases.certificateLife(of: database.name), serverFlags: serverFlags,
            isPart: isPart)
        return DoctorReport(server: facts.name, address: database.address, findings: diagnosis.findings)
    }
}

/// What `--json` prints.
private struct DoctorDocument: Encodable {
    let servers: [DoctorReport]
}

/// The findings about one server.
private struct DoctorReport: Encodable {
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
