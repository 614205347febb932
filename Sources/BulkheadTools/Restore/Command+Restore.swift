import Bulkhead
import BulkheadConsole
import BulkheadRDB

extension Command {
    /// `bulkhead restore`: the keys of a snapshot file into one named database of a live server.
    static let restore = Command(
        name: "restore",
        summary: "bring the keys of a snapshot file into one database",
        usage: ["bulkhead restore FILE --into NAME [FLAG…]"],
        about: """
            Takes any RDB file: a backup of one database, or the dump.rdb of a whole server with --file-database.

            The whole file is read first, and every value of up to 64 MiB is decoded. Nothing is restored from a \
            damaged file, or from one with keys that the server cannot take: because it does not know their type, \
            because they are larger than 512 MiB, or because its memory would run out. Nothing is restored to a \
            server that could lose keys: one that evicts keys and has too little memory for them all, a replica, or \
            one whose last save failed. If it becomes such a server during the restore, the restore stops with exit \
            code 2.

            Each key is restored with its expiry to the millisecond. Keys that have expired meanwhile are counted \
            and not created. Other keys and other databases stay as they are. If the file's manifest names another \
            database, or most of its keys match the patterns of another one, restore warns, and on a terminal it \
            asks first.
            """,
        flags: ServerSelection.flags + [
            .into, .fileDatabase, .pattern, .onConflict, .withFunctions, .skipUnsupported, .verify, .rate, .dryRun,
            .yes, .json, .quiet,
        ],
        operands: Operands(placeholder: "FILE", count: 1...1, completion: .files),
        examples: [
            Example(
                "Show what would be done, including conflicts; changes nothing:",
                "bulkhead restore knowledge.rdb --into knowledge --dry-run"),
            Example("Restore, and compare afterwards:", "bulkhead restore knowledge.rdb --into knowledge --verify"),
            Example(
                "Replace existing keys; can be repeated after an interruption:",
                "bulkhead restore knowledge.rdb --into knowledge --on-conflict replace"),
            Example(
                "Restore some keys from the dump of a whole server:",
                "bulkhead restore dump.rdb --file-database 1 --into main --pattern 'doc:*'"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("file, number", "the file, and the number in it"),
                    ("into", "the database"),
                    ("found", "keys to restore: restored + skipped + expired + failed + untried"),
                    ("conflicts", "how many of them the database already had"),
                    ("remarks", #"[{"text": "why", "count": 2, "keys": ["…"]}]"#),
                    ("stopped", "why it ended early; absent if it did not"),
                    ("go_on", "the command that continues then"),
                    ("functions", "libraries restored"),
                    ("module_data", "bytes of module data beside the keys, which is not restored"),
                    ("migration_notes", "notes of a migration, which are not restored; absent without any"),
                    ("verified", "what --verify found, as bulkhead diff --json has it"),
                    ("dry_run", "true if nothing was written"),
                ])
        ],
        exitCodes: [.done, .found, .failed, .usage, .badData, .ioFailed],
        run: runRestore)

    private static func runRestore(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        guard let name = call.arguments.text(of: .into) else { throw call.arguments.refused("--into NAME is missing") }
        let entry = try selection.entry(name)
        try selection.refuseUnusedURL([entry], call.arguments)
        Interruption.watch()
        let survey = try SnapshotSurvey.ofOperand(call.arguments.operands[0], call)
        let number = try survey.database(call.arguments.integerFromZero(of: .fileDatabase), of: call.arguments)
        var plan = RestorePlan(path: survey.path, number: number, into: entry)
        plan.conflicts = call.arguments.text(of: .onConflict).flatMap { RestorePlan.Conflicts(rawValue: $0) } ?? .fail
        plan.pattern = call.arguments.text(of: .pattern).map { KeyPattern($0) }
        plan.placement = Placement(of: entry, in: selection.catalogue, by: selection.configuration)
        plan.functions = call.arguments.has(.withFunctions)
        plan.skipsUnsupported = call.arguments.has(.skipUnsupported)
        plan.verifies = call.arguments.has(.verify)
        plan.rate = call.arguments.integer(of: .rate)
        let databases = try selection.open([entry])
        return try await databases.closing { () async throws(ProgramFailure) in
            try await restore(survey, plan, databases, serverFlags: selection.serverFlags, call)
        }
    }

    private static func restore(
        _ survey: SnapshotSurvey, _ plan: RestorePlan, _ databases: RedisDatabases, serverFlags: String,
        _ call: Call
    ) async throws(ProgramFailure) -> ExitCode {
        guard !plan.functions || survey.largeFunctions == 0 else {
            throw ProgramFailure(
                .found,
                "\(call.program): nothing was restored: the file has functions of more than "
                    + "\(Units.bytes(SnapshotRecords.Limits.functionBytes)), which are not held; leave out "
                    + "--with-functions")
        }
        do {
            let database = try databases[plan.into.name]
            let facts = try await ServerFacts(of: database)
            guard !facts.isCluster || facts.isWholeCluster else { throw Restoration.isNode(plan.into.name, facts) }
            if let lack = facts.infoLack {
                guard !facts.isReplica else { throw Restoration.isReplica(plan.into.name) }
                let doubt =
                    "\(call.program): \(lack): whether the server evicts keys or could not save is not "
                    + "known"
                    + (plan.verifies ? "" : "; --verify checks at the end whether all keys are there")
                call.say(doubt)
            }
            let progress = call.progress("restore", total: survey.summary.databases[plan.number]?.keys, unit: "keys")
            var restoration = try await Restoration(plan, database, facts)
            try restoration.targetWatch.begin(coming: nil, slice: 0)
            restoration.progress = { progress.update(done: $0) }
            var document = RestoreDocument(plan, isDryRun: call.arguments.has(.dryRun))
            guard
                let ahead = try await restoration.foresee(
                    survey, lookingUpNames: plan.conflicts == .fail || call.arguments.has(.dryRun))
            else { throw ProgramFailure(.failed, "\(call.program): stopped before anything was restored") }
            document.take(ahead, plan)
            if !document.isRefused {
                try restoration.targetWatch.begin(
                    coming: ahead.bytes, slice: min(ahead.bytes, RestorePlan.Limits.bytesOfSlice))
            }
            if !document.isRefused {
                let manifest = try BackupManifest.beside(plan.path).flatMap { manifest throws(ProgramFailure) in
                    try manifest.isOf(plan.path) ? manifest : nil
                }
                let doubts = RestoreDoubts(plan, survey, ahead, manifest)
                call.note { doubts.text(call.program, on: $0) }
                if !doubts.all.isEmpty, !document.isDryRun, call.canAsk {
                    let name = plan.into.name.text
                    let question = "Type \(name) to restore \(Units.counted(ahead.wanted, "key")) there: "
                    try call.confirm(question, answer: name, else: "nothing was restored")
                }
            }
            if !document.isDryRun, !document.isRefused {
                let (report, expired) = try await restoration.run(survey, leavingOut: ahead.damaged)
                document.report = report
                document.report.notes = ahead.notes
                if report.stopped != nil {
                    document.goOn = plan.commandToGoOn(after: report, serverFlags, call.arguments)
                }
                if plan.verifies, report.stopped == nil {
                    var comparison = FileComparison(
                        survey.file, number: plan.number, database: database, facts: facts, version: survey.version)
                    comparison.keeps = { key in
                        plan.pattern?.matches(key) != false && !expired.contains(RESPBytes(key))
                    }
                    comparison.progress = { progress.update(done: $0) }
                    do throws(ComparisonFailure) {
                        let (verified, isWhole) = try await comparison.run(onlyLeft: true)
                        document.verified = verified
                        if !isWhole {
                            document.report.stopped =
                                "it was asked to stop while comparing: all keys are restored, and "
                                + "\(Units.counted(verified.compared, "key")) compared"
                        }
                    } catch .server(let error) {
                        // What was done before is no less done.
                        document.report.stopped =
                            "all keys are restored, and could not be compared: \(error.explained)"
                    } catch {
                        throw error
                    }
                }
            }
            progress.end()
            document.report.moduleData = survey.summary.moduleData
            try document.print(to: call)
            return document.exitCode
        } catch let failure as ProgramFailure {
            throw failure
        } catch let failure as ComparisonFailure {
            throw failure.ending(call.program)
        } catch let error as RedisError {
            // Errors of the restoring itself stand in its report.
            let isBefore = error.stage == .refused || error.isOfInterruption
            let nothing = isBefore ? "\nNothing was restored." : ""
            throw ProgramFailure(.failed, "\(call.program): \(error.explained)\(nothing)")
        } catch {
            throw ProgramFailure(.failed, "\(call.program): \(error)")
        }
    }
}

extension RestoreDocument {
    /// What is known before the first key: all there is to a dry run, and what may be a reason to restore nothing.
    fileprivate mutating func take(_ ahead: Restoration.Foresight, _ plan: RestorePlan) {
        report.found = ahead.wanted
        report.conflicts = ahead.taken
        report.remarks = ahead.remarks
        report.notes = ahead.notes
        if isDryRun {
            report.expired = ahead.expired
            report.failed = ahead.unsupported
            if plan.conflicts == .skip { report.skipped = ahead.taken }
        }
        let nothing = isDryRun ? "nothing would be restored" : "nothing was restored"
        if ahead.wanted == 0, !plan.functions, let pattern = plan.pattern {
            isRefused = true
            report.stopped = "no key of number \(plan.number) of the file matches \(pattern.text): \(nothing)"
        }
        if ahead.unsupported > 0, !plan.skipsUnsupported {
            isRefused = true
            isDamaged = ahead.damaged.count > 0
            report.stopped =
                isDamaged
                ? "the file has damaged values: \(nothing); use --skip-unsupported to restore the others"
                : "the server cannot take \(Units.counted(ahead.unsupported, "key")) of the file: \(nothing); say "
                    + "--skip-unsupported to restore the others"
        } else if ahead.taken > 0, plan.conflicts == .fail {
            isRefused = true
            report.stopped =
                "the database has keys of these names: \(nothing); use --on-conflict skip or "
                + "--on-conflict replace"
        }
    }
}

extension RestorePlan {
    /// The call that goes on after a run that ended early.
    ///
    /// What replaces goes on replacing: to skip would leave old values between the new ones. What looked first that
    /// no name is taken would find the keys that are restored by now, and has to skip them.
    func commandToGoOn(after report: RestoreReport, _ serverFlags: String, _ arguments: Arguments) -> String {
        var words = ["bulkhead restore \(path.quotedForShell)\(serverFlags)"]
        for flag in [Flag.into, .fileDatabase, .pattern, .rate] {
            if let text = arguments.text(of: flag) { words.append("--\(flag.name) \(text.quotedForShell)") }
        }
        let hasWritten = report.restored > 0 || report.isAmbiguous
        let policy = conflicts == .fail && hasWritten ? Conflicts.skip : conflicts
        words.append("--\(Flag.onConflict.name) \(policy.rawValue)")
        // Libraries that are there already are refused, unless they are replaced.
        if functions, report.functions == 0 || conflicts == .replace { words.append("--\(Flag.withFunctions.name)") }
        for flag in [Flag.skipUnsupported, .verify] where arguments.has(flag) { words.append("--\(flag.name)") }
        return words.joined(separator: " ")
    }
}

extension SnapshotSurvey {
    /// The file an operand names, with a bar while it is read.
    static func ofOperand(
        _ path: String, _ call: Call
    ) throws(ProgramFailure) -> SnapshotSurvey {
        let progress = call.progress("reading the file", total: try FilePath.size(path), unit: "bytes")
        let survey = try SnapshotSurvey(path, progress: { progress.update(done: $0) })
        progress.end()
        return survey
    }
}

extension Arguments {
    /// The number of a database behind a flag.
    func integerFromZero(of flag: Flag) throws(ProgramFailure) -> Int? {
        guard let text = text(of: flag) else { return nil }
        guard let number = Int(text), number >= 0, String(number) == text else {
            throw refused("--\(flag.name) takes a number from 0 on, not '\(text)'")
        }
        return number
    }
}

extension Flag {
    fileprivate static let into = Flag("into", .text("NAME", .databases), "the database to restore to")
    static let fileDatabase = Flag(
        "file-database", .text("N"), "the database number in the file; needed only if it has several")
    fileprivate static let pattern = Flag(
        "pattern", .text("GLOB"),
        "only keys that match, as in SCAN's MATCH: * ? [a-z], and \\ before a special character")
    fileprivate static let onConflict = Flag(
        "on-conflict", .choice(RestorePlan.Conflicts.allCases.map(\.rawValue)),
        "if the database already has a key of the file: restore nothing (the default), keep it, or replace it")
    fileprivate static let withFunctions = Flag(
        "with-functions", .none, "restore the file's functions, too; they belong to the whole server")
    fileprivate static let skipUnsupported = Flag(
        "skip-unsupported", .none, "restore the other keys if the server cannot take some")
    fileprivate static let verify = Flag("verify", .none, "compare every key of the file with the database afterwards")
    fileprivate static let rate = Flag("rate", .positiveInteger("N"), "at most N keys per second")
}
