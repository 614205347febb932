import Bulkhead
import BulkheadConsole
import BulkheadRDB

extension Command {
    /// `bulkhead backup`: writes databases of a server into snapshot files of their own.
    static let backup = Command(
        name: "backup",
        summary: "write one database, or several, into RDB files of their own",
        usage: [
            "bulkhead backup NAME --to FILE",
            "bulkhead backup NAME… --to FOLDER [--keep N]",
        ],
        about: """
            Asks the server for a snapshot as a replica does (SYNC), and writes only the named databases to files. \
            All databases of one server are saved as of the same moment. Memory use is constant. The server forks \
            and sends all its data, whichever database is wanted.

            A file loads in a server of the same family (Redis or Valkey) and of the same or a newer version. A \
            manifest, FILE.json, is written beside it. Both files appear only when they are complete and on disk, \
            and only their owner can read them.

            An existing file is replaced only if its manifest says that it is a backup of the same database of the \
            same server. A backup is never replaced, or deleted by --keep, in favour of one that has less than half \
            of its keys or bytes, unless --allow-smaller is given.

            If SYNC is not permitted, or the server's snapshot fails, backup says so and copies the keys one by one. \
            Such a backup is fuzzy: its keys were read at different moments. It takes a few MiB of memory for \
            values, and 64 bytes per key. So is the backup of a name that lives in a cluster: one file with the keys \
            of all primaries. A URL that leads to one node of a cluster is refused unless that has all keys.

            A database without a key that fits --pattern gets no file, and the exit code is 1. Notes that an \
            interrupted migration has left are in no file.

            The paths of the files are printed; messages go to standard error.
            """,
        flags: ServerSelection.flags + [
            .destination, .keep, .numberInFile, .pattern, .replaceFile, .allowSmaller, .functions, .method, .pace,
            .wait, .json, .quiet,
        ],
        operands: Operands(placeholder: "NAME", count: 1...1_024, completion: .databases),
        examples: [
            Example(
                "Save one database to a file, as number 0 for a server of its own:",
                "bulkhead backup knowledge --to knowledge.rdb --as 0"),
            Example(
                "Save two databases as of one moment, and keep the last seven backups of each:",
                "bulkhead backup main knowledge --to /var/backups/redis --keep 7"),
            Example(
                "Every night at 3:15, by cron, which mails errors:",
                "15 3 * * * bulkhead backup main knowledge --to /var/backups --keep 7 -q"),
            Example(
                "Back up a managed server that does not support SYNC:",
                "bulkhead backup main --to main.rdb --method scan"),
            Example("Verify the file with the server's own checker:", "redis-check-rdb knowledge.rdb"),
        ],
        tables: [
            Table(
                title: "With a systemd timer",
                rows: [
                    ("redis-backup.service", "[Service] Type=oneshot, User=backup,"),
                    ("", "EnvironmentFile=/etc/bulkhead.env (REDIS_URL=…), and"),
                    ("", "ExecStart=bulkhead backup main --to /var/backups --keep 7 -q"),
                    ("redis-backup.timer", "[Timer] OnCalendar=03:15, Persistent=true,"),
                    ("", "RandomizedDelaySec=600; [Install] WantedBy=timers.target"),
                ]),
            Table(
                title: "FILE.json, and what is printed with --json",
                rows: [
                    ("files", #"with --json: [{"path": "…", "manifest": what FILE.json has}]"#),
                    ("deleted", "with --json: paths that --keep has deleted"),
                    ("unmatched", "with --json: databases without a key that fits --pattern; they get no file"),
                    ("failed", "with --json: what went wrong with servers that could not be backed up"),
                    ("kept", "with --json: old backups kept because every newer one has less than half"),
                    ("later", "with --json: backups with a later time in their names; they do not count"),
                    ("format, tool", #""bulkhead-backup-1"; what made it"#),
                    ("server", "address, version, flavour, run_id, replication_id, replication_offset;"),
                    ("", "link_to_primary: \"down\" if a replica had none, and link_down_seconds"),
                    ("database", "name, number, number_in_file"),
                    ("file, rdb_version", "the file's name, and the version of its format"),
                    ("content", "bytes, and crc64: the checksum in the file, in hexadecimal"),
                    ("replaces", "content of the file that it replaced"),
                    ("pattern", "which keys, if --pattern was given"),
                    ("keys, expiring", "how many, and how many of them have an expiry"),
                    ("types", #"{"string": 12, "hash": 3}"#),
                    ("functions", "libraries in the file; they belong to no database"),
                    ("module_data_left_out", "bytes that modules keep beside the keys, not in the file"),
                    ("migration_notes_left_out", "keys that are notes of a migration, not in the file"),
                    ("consistency", #""point-in-time", or "fuzzy" if copied key by key"#),
                    ("source_checksum", #""ok", or "absent" if the server writes none"#),
                    ("started_at, ended_at", "in UTC; snapshot_at is the server's own time"),
                ]),
        ],
        run: runBackup)

    private static func runBackup(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        let entries = try call.arguments.operands.map { word throws(ProgramFailure) in try selection.entry(word) }
        try selection.refuseUnusedURL(entries, call.arguments)
        guard let destination = call.arguments.text(of: .destination) else {
            throw call.arguments.refused("--to FILE or FOLDER is missing")
        }
        let options = try options(call.arguments)
        let databases = try selection.open(entries)
        let plan = try BackupPlan(
            entries, to: destination, in: databases, replacing: options.isReplacing,
            pattern: options.pattern?.text, call.arguments)
        guard options.keep == nil || plan.folder != nil else {
            throw call.arguments.refused("--keep needs a folder, and \(destination) is not one")
        }
        Interruption.watch()
        let backup = Backup(plan, of: databases, options, call)
        let report: Backup.Report
        do throws(ProgramFailure) {
            report = try await backup.run()
        } catch {
            await databases.close(grace: .zero)
            throw error
        }
        await databases.end()
        if call.arguments.has(.json) {
            try call.streams.output.writeJSON(report)
        } else {
            for file in report.files { try call.streams.output.writeAll(file.path + "\n") }
        }
        if !call.arguments.has(.quiet) { call.note { report.text(on: $0) } }
        guard report.failed.isEmpty else {
            throw ProgramFailure(report.exitCode, report.failed.joined(separator: "\n"))
        }
        guard report.unmatched.isEmpty else {
            let names = report.unmatched.joined(separator: ", ")
            throw ProgramFailure(
                .found,
                "\(call.program): no key matches \(options.pattern?.text ?? "*") in \(names): no file was made of "
                    + "\(report.unmatched.count == 1 ? "it" : "them")")
        }
        return .done
    }

    private static func options(_ arguments: Arguments) throws(ProgramFailure) -> Backup.Options {
        var options = Backup.Options()
        if let text = arguments.text(of: .numberInFile) {
            guard let number = Int(text), number >= 0, number <= Int(Int32.max), String(number) == text else {
                throw arguments.refused("--as takes the number of a database, not '\(text)'")
            }
            options.numberInFile = number
        }
        options.method = arguments.text(of: .method).flatMap { Backup.Method(rawValue: $0) } ?? .auto
        options.pattern = arguments.text(of: .pattern).map { KeyPattern($0) }
        options.pace = try arguments.pace() ?? .considerate
        options.hasFunctions = arguments.has(.functions)
        options.isReplacing = arguments.has(.replaceFile)
        options.allowsSmaller = arguments.has(.allowSmaller)
        options.keep = arguments.integer(of: .keep)
        options.wait = arguments.duration(of: .wait) ?? Backup.Options.usualWait
        return options
    }
}

extension Backup {
    /// One that says on standard error what is to be said, and shows how far it is there.
    init(
        _ plan: BackupPlan, of databases: RedisDatabases, _ options: Options, _ call: Call
    ) {
        self.init(
            program: call.program, databases: databases, plan: plan, options: options,
            say: { call.say($0) },
            bar: { total, unit in call.progress("backup", total: total, unit: unit) },
            isQuiet: call.arguments.has(.quiet))
    }
}

extension Backup.Report {
    /// For people, on standard error.
    func text(on screen: Screen) -> String {
        var lines: [String] = []
        for file in files {
            let manifest = file.manifest
            var line =
                "\(manifest.database.name) (number \(manifest.database.number)): "
                + "\(Units.counted(manifest.keys, "key")), "
                + "\(Units.grouped(manifest.expiring)) with an expiry, \(Units.bytes(manifest.content.bytes))"
            switch manifest.consistency {
            case .pointInTime: line += ", as it was at \(manifest.snapshotAt ?? manifest.startedAt)."
            case .fuzzy: line += ", fuzzy: between \(manifest.startedAt) and \(manifest.endedAt)."
            }
            if manifest.server.linkToPrimary != nil {
                line += " The server is a replica without a link to its primary: what was written there since is not "
                line += "in the file."
            }
            if let notes = manifest.migrationNotesLeftOut {
                line += " " + HandoverNotes.words(notes, "not put in the file")
            }
            if manifest.functions > 0 {
                line += " With the server's functions, which all databases share."
            }
            if let words = ModuleData(manifest.moduleDataLeftOut ?? [:]).text(
                of: "The server", "it is not in the file, as no key of such a type is")
            {
                line += " " + words
            }
            if manifest.sourceChecksum == RDBChecksum.absent.rawValue {
                line += " The server sent no checksum (rdbchecksum no), so only the structure was checked."
            }
            lines.append(line)
        }
        if !deleted.isEmpty {
            lines.append(
                "Deleted \(Units.counted(deleted.count, "old backup")): \(deleted.joined(separator: ", ")).")
        }
        for old in kept {
            lines.append(
                "Also kept \(old.path): it has \(Units.counted(old.keys, "key")), and the newer backups have "
                    + "\(Units.grouped(old.mostOfYounger)) at most, or its file is more than twice as large as theirs. "
                    + "To delete it, use --allow-smaller.")
        }
        if !later.isEmpty {
            lines.append(
                "Kept and not counted: \(later.joined(separator: ", ")). The time in the name is later than that of "
                    + "this backup: a clock was or is wrong, or another backup ran meanwhile. Delete only those of "
                    + "a clock that was wrong.")
        }
        return lines.map { $0.paragraphs(on: screen) }.joined()
    }
}

extension Flag {
    fileprivate static let destination = Flag(
        "to", .text("PATH", .files), "a file, or an existing folder, in which it is called NAME-TIME.rdb")
    fileprivate static let keep = Flag(
        "keep", .positiveInteger("N"),
        "in a folder: keep the last N backups of each database and server, and the last one that has more than twice "
            + "as much as each of them; delete the others")
    fileprivate static let numberInFile = Flag(
        "as", .text("NUMBER"), "the database number in the file (default: that on the server)")
    fileprivate static let pattern = Flag("pattern", .text("GLOB"), "only keys that match, as in SCAN's MATCH")
    fileprivate static let replaceFile = Flag("replace", .none, "replace an existing file, whatever it is")
    fileprivate static let allowSmaller = Flag(
        "allow-smaller", .none,
        "allow a backup to replace one, and --keep to delete one, that has more than twice its keys or bytes")
    fileprivate static let functions = Flag(
        "with-functions", .none, "include the server's functions, which belong to no database")
    fileprivate static let method = Flag(
        "method", .choice(Backup.Method.allCases.map(\.rawValue)),
        "sync: as of one moment, or fail; scan: key by key; auto (default): sync if possible, else scan")
    fileprivate static let wait = Flag(
        "wait", .duration("TIME"), "how long to wait for the server's snapshot to begin (default: 10m)")
}
