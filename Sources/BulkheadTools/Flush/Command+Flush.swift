import Bulkhead
import BulkheadConsole

extension Command {
    /// `bulkhead flush`: removes all keys of one named database, after a look at what that means.
    static let flush = Command(
        name: "flush",
        summary: "remove all keys of one database, after showing what they are",
        usage: [
            "bulkhead flush NAME",
            "bulkhead flush NAME --backup-first PATH [--allow-fuzzy]",
            "bulkhead flush NAME --yes --expecting N [--backup-first PATH]",
            "bulkhead flush NAME --yes --at-most N [--backup-first PATH]",
        ],
        about: """
            Takes a name, not a number. Shows how many keys there are, some of their names, the other names of the \
            same database, and the clients that use it. Then it asks you to type the name. A script gives --yes \
            together with the number of keys: --expecting N refuses any other number, and --at-most N allows fewer, \
            for databases whose keys expire.

            A database that the catalogue protects is refused. So is every database of a server with search indexes, \
            because FLUSHDB drops all of them.

            With --backup-first nothing is removed until the backup is complete, on disk, and of a single moment. It \
            never replaces a file. The keys are counted again right before the flush: if there are more than agreed, \
            or more than in the backup, nothing is removed. The server frees the memory in the background.
            """,
        flags: ServerSelection.flags + [.yes, .expecting, .atMost, .backupFirst, .allowFuzzy, .dryRun, .json, .quiet],
        operands: Operands(placeholder: "NAME", count: 1...1, completion: .databases),
        examples: [
            Example("Look, and be asked:", "bulkhead flush main"),
            Example("Only look:", "bulkhead flush main --dry-run"),
            Example("With a way back, main-20261124T031500Z.rdb here:", "bulkhead flush main --backup-first ."),
            Example(
                "In a script; refused (exit code 1) if it holds anything but 1204 keys:",
                "bulkhead flush main --yes --expecting 1204"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("database, number", #""main", 0"#),
                    ("server", "where it listens"),
                    ("keys, expiring", "how many there were; those with an expiry, absent if not known"),
                    ("sample", #"some key names; {"hex": "…"} for one that is not UTF-8"#),
                    ("aliases", "other names of the same number"),
                    ("clients", #"[{"client": "celery", "count": 3}]; absent if CLIENT LIST is denied"#),
                    ("flushed", "true if the keys are gone"),
                    ("backup", "the file of --backup-first; absent if none was made"),
                    ("refusal", "why they are not; absent without a reason against it"),
                ])
        ],
        run: runFlush)

    private static func runFlush(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        let name = call.arguments.operands[0]
        guard Int(name) == nil else {
            throw call.arguments.refused("a flush takes a name, not a number: \(selection.named(Int(name)))")
        }
        let entry = try selection.entry(name)
        try selection.refuseUnusedURL([entry], call.arguments)
        guard !call.arguments.has(.expecting) || !call.arguments.has(.atMost) else {
            throw call.arguments.refused("use either --expecting or --at-most, not both")
        }
        guard call.arguments.has(.yes) == (call.arguments.has(.expecting) || call.arguments.has(.atMost)) else {
            throw call.arguments.refused(
                "--yes and --expecting N belong together, or --yes and --at-most N: N is how many keys may go")
        }
        guard call.arguments.has(.backupFirst) || !call.arguments.has(.allowFuzzy) else {
            throw call.arguments.refused("--allow-fuzzy speaks of the backup: use --backup-first PATH too")
        }
        guard !call.arguments.has(.json) || call.arguments.has(.yes) || call.arguments.has(.dryRun) else {
            throw call.arguments.refused("--json cannot ask: use --yes --expecting N, or --dry-run")
        }
        let databases = try selection.open()
        Interruption.watch()
        let result = try await databases.closing { () async throws(ProgramFailure) in
            try await flush(entry, of: databases, call)
        }
        if call.arguments.has(.json) { try call.streams.output.writeJSON(result) }
        if let refusal = result.refusal {
            throw ProgramFailure(
                refusal == FlushResult.stopped ? .failed : .found,
                "bulkhead flush: nothing was removed: \(refusal.asSentence)")
        }
        return .done
    }

    private static func flush(
        _ entry: DatabaseEntry, of databases: RedisDatabases, _ call: Call
    ) async throws(ProgramFailure) -> FlushResult {
        let preview = try await beforeRemoval(call) { () async throws(RedisError) in
            try await FlushPreview(entry, of: databases)
        }
        // A file that cannot be written is no reason to ask anybody.
        let plan = try call.arguments.text(of: .backupFirst).map { path throws(ProgramFailure) in
            try BackupPlan(
                [entry], to: try BackupPlan.unusedPath(path), in: databases, replacing: false, call.arguments)
        }
        if !call.arguments.has(.json) { call.note { preview.text(on: $0) } }
        if let refusal = preview.refusal { return FlushResult(preview, refusal: refusal) }
        if let expected = call.arguments.integer(of: .expecting), expected != preview.keys {
            return FlushResult(
                preview,
                refusal: "it holds \(Units.counted(preview.keys, "key")), and \(Units.grouped(expected)) were expected")
        }
        if let most = call.arguments.integer(of: .atMost), preview.keys > most {
            return FlushResult(
                preview,
                refusal: "it holds \(Units.counted(preview.keys, "key")), and at most \(Units.grouped(most)) may go")
        }
        if preview.keys == 0 || call.arguments.has(.dryRun) { return FlushResult(preview) }
        if !call.arguments.has(.yes) {
            guard call.streams.input.isTerminal else {
                return FlushResult(
                    preview, refusal: "there is no terminal to ask on: use --yes --expecting \(preview.keys)")
            }
            let question = "Type \(entry.name) to remove \(Units.counted(preview.keys, "key")): "
            guard call.streams.isAgreed(question, answer: entry.name.text) else {
                return FlushResult(
                    preview, refusal: Interruption.isRequested ? FlushResult.stopped : "the name was not typed")
            }
        }
        if Interruption.isRequested { return FlushResult(preview, refusal: FlushResult.stopped) }
        var backup: Backup.Report.File?
        if let plan { backup = try await back(plan, of: databases, call) }
        // A backup takes its time: who has changed their mind, or written, is asked for again.
        let now = try await beforeRemoval(call) { () async throws(RedisError) in
            try await databases[entry.name].dbsize()
        }
        if Interruption.isRequested {
            return FlushResult(preview, backup: backup?.path, refusal: FlushResult.stopped)
        }
        if let objection = preview.objection(toFlushing: now, backedUp: backup?.manifest.allKeys) {
            return FlushResult(preview, backup: backup?.path, refusal: objection)
        }
        do throws(RedisError) {
            try await databases[entry.name].flushdb(.asynchronous)
        } catch {
            let state =
                error.isAmbiguous
                ? "It is not known whether the keys were removed: look again when the server answers."
                : "Nothing was removed."
            throw ProgramFailure(.failed, "\(call.program): \(error.explained)\n\(state)")
        }
        // They are gone by now, whatever becomes of this look.
        let left = (try? await databases[entry.name].dbsize()) ?? 0
        try? call.streams.errors.writeAll(
            "Removed \(Units.counted(now, "key")) of \(entry.name)."
                + (left > 0 ? " \(Units.grouped(left)) were written since." : "") + "\n")
        return FlushResult(preview, flushed: true, backup: backup?.path)
    }

    /// Asks the server for something before anything is removed.
    private static func beforeRemoval<Result>(
        _ call: Call, _ body: () async throws(RedisError) -> Result
    ) async throws(ProgramFailure) -> Result {
        do throws(RedisError) {
            return try await body()
        } catch {
            throw ProgramFailure(.failed, "\(call.program): \(error.explained)\nNothing was removed.")
        }
    }

    /// Makes the backup: of one moment, unless another kind was allowed. Whatever it throws, nothing was removed.
    private static func back(
        _ plan: BackupPlan, of databases: RedisDatabases, _ call: Call
    ) async throws(ProgramFailure) -> Backup.Report.File? {
        var options = Backup.Options()
        options.method = call.arguments.has(.allowFuzzy) ? .auto : .sync
        let work = Backup(plan, of: databases, options, call)
        do throws(ProgramFailure) {
            let report = try await work.run()
            call.note { report.text(on: $0) }
            return report.files.first
        } catch {
            let error = error.named(call.program)
            let advice =
                call.arguments.has(.allowFuzzy) || Interruption.isRequested
                ? "" : " Where the server gives no snapshot, --allow-fuzzy takes a backup made key by key."
            throw ProgramFailure(
                error.exitCode, (error.message ?? call.program) + "\nNothing was removed." + advice)
        }
    }
}

/// The outcome of a flush, as JSON.
struct FlushResult: Encodable {
    struct Client: Encodable {
        let client: String
        let count: Int
    }

    /// The refusal of who was asked to stop, which is no finding but a failure.
    static let stopped = "it was asked to stop"

    let database: String
    let number: Int
    let server: String
    let keys: Int
    let expiring: Int?
    let sample: [ShownBytes]
    let aliases: [String]
    let clients: [Client]?
    let flushed: Bool
    let backup: String?
    let refusal: String?

    init(_ preview: FlushPreview, flushed: Bool = false, backup: String? = nil, refusal: String? = nil) {
        database = preview.entry.name.text
        number = preview.entry.number
        server = preview.address
        keys = preview.keys
        expiring = preview.expiring
        sample = preview.sample
        aliases = preview.aliases.map(\.name.text)
        clients = preview.otherClients.map { $0.map { Client(client: $0.client, count: $0.count) } }
        self.flushed = flushed
        self.backup = backup
        self.refusal = refusal
    }
}

extension FlushPreview {
    /// What people are shown before they are asked.
    func text(on screen: Screen) -> String {
        var lines = [
            "On \(address):",
            "\(entry.name) (number \(entry.number)) has \(Units.counted(keys, "key"))"
                + (expiring.map { ", \(Units.grouped($0)) with an expiry." }
                    ?? "; how many expire is not known: \(infoLack ?? "INFO is refused")."),
        ]
        if !sample.isEmpty {
            lines.append("Some of them, at random:")
            lines += sample.map { "  " + $0.line(on: screen, behind: 2) }
        }
        if !aliases.isEmpty {
            lines.append("The same number is also called \(aliases.map(\.name.text).joined(separator: ", ")).")
        }
        lines.append(DatabaseClients.line(otherClients, "the number"))
        return lines.joined(separator: "\n").paragraphs(on: screen)
    }
}

extension ServerSelection {
    /// Who goes by a number, for a message.
    fileprivate func named(_ number: Int?) -> String {
        let names = catalogue.entries.filter { $0.number == number }.map(\.name.text)
        return names.isEmpty ? "the catalogue has no name for it" : "it is called \(names.joined(separator: ", "))"
    }
}

extension Flag {
    static let yes = Flag("yes", .none, "do not ask for confirmation")
    static let dryRun = Flag("dry-run", .none, "show what would be done, and change nothing")
    fileprivate static let backupFirst = Flag(
        "backup-first", .text("PATH", .files),
        "back up before anything is removed: to a file, or to NAME-TIME.rdb in a folder; if the file exists, the time "
            + "is added to its name")
    fileprivate static let allowFuzzy = Flag(
        "allow-fuzzy", .none, "with --backup-first: accept a backup made key by key if no snapshot is possible")
    fileprivate static let expecting = Flag(
        "expecting", .positiveInteger("N"), "with --yes: continue only if there are exactly N keys")
    fileprivate static let atMost = Flag(
        "at-most", .positiveInteger("N"),
        "with --yes: continue only if there are at most N keys, for databases whose keys expire")
}
