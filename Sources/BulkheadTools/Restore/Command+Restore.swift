import Bulkhead
import ConsoleText
import RDB

extension Command {
    /// `bulkhead restore`: the keys of a snapshot file into one named database of a live server.
    static let restore = Command(
        name: "restore",
        summary: "bring the keys of a snapshot file into one database",
        usage: ["bulkhead restore FILE --into NAME [FLAG…]"],
        about: """
            Takes any RDB file: a backup of one database, or a dump.rdb of a whole server with --file-database. The \
            file is read to its end first, so nothing is restored from a damaged one, or one whose types the server \
            does not know. Then each key is restored with its expiry to the millisecond; what has expired meanwhile \
            is counted and not created. Other keys and other databases stay as they are.
            """,
        flags: ServerSelection.flags + [
            .into, .fileDatabase, .pattern, .onConflict, .withFunctions, .verify, .rate, .dryRun, .json, .quiet,
        ],
        operands: Operands(placeholder: "FILE", count: 1...1, completion: .files),
        examples: [
            Example(
                "What would be done, conflicts included; changes nothing:",
                "bulkhead restore knowledge.rdb --into knowledge --dry-run"),
            Example("Do it, and compare afterwards:", "bulkhead restore knowledge.rdb --into knowledge --verify"),
            Example(
                "Go on after an interruption:",
                "bulkhead restore knowledge.rdb --into knowledge --on-conflict skip"),
            Example(
                "Only some keys, out of a dump of a whole server:",
                "bulkhead restore dump.rdb --file-database 1 --into main --pattern 'doc:*'"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("file, number", "the file, and the number in it"),
                    ("into", "the database"),
                    ("found", "keys to restore: restored + skipped + expired + failed + untried"),
                    ("conflicts", "of them, names that the database had"),
                    ("remarks", #"[{"text": "why", "count": 2, "keys": ["…"]}]"#),
                    ("stopped", "why it ended early; absent if it did not"),
                    ("functions", "libraries restored"),
                    ("verified", "what --verify found, as bulkhead diff --json has it"),
                    ("dry_run", "true if nothing was written"),
                ])
        ],
        run: runRestore)

    private static func runRestore(
        _ arguments: Arguments, _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(arguments)
        guard let name = arguments.text(of: .into) else { throw arguments.refused("--into NAME is missing") }
        let entry = try selection.entry(name)
        try selection.refuseUnusedURL([entry], arguments)
        Interruption.watch()
        let survey = try SnapshotSurvey.ofOperand(arguments.operands[0], arguments, streams)
        let number = try survey.database(arguments.integerFromZero(of: .fileDatabase), of: arguments)
        var plan = RestorePlan(path: survey.path, number: number, into: entry)
        plan.conflicts = arguments.text(of: .onConflict).flatMap { RestorePlan.Conflicts(rawValue: $0) } ?? .fail
        plan.pattern = arguments.text(of: .pattern).map { KeyPattern($0) }
        plan.functions = arguments.has(.withFunctions)
        plan.rate = arguments.integer(of: .rate)
        let databases = try selection.open([entry])
        let outcome = await Result.of { () async throws(ProgramFailure) in
            try await restore(survey, plan, databases, arguments, streams)
        }
        await databases.close()
        return try outcome.get()
    }

    private static func restore(
        _ survey: SnapshotSurvey, _ plan: RestorePlan, _ databases: RedisDatabases, _ arguments: Arguments,
        _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        do {
            let database = try databases[plan.into.name]
            let facts = try await ServerFacts(of: database)
            let progress = WorkProgress(
                "restore", total: survey.summary.databases[plan.number]?.keys, unit: "keys",
                isSilent: arguments.has(.quiet), streams)
            var restoration = try await Restoration(plan, database, facts)
            restoration.progress = { progress.update(done: $0) }
            var document = RestoreDocument(plan, isDryRun: arguments.has(.dryRun))
            if plan.conflicts == .fail || arguments.has(.dryRun) {
                guard let conflicts = try await restoration.conflicts() else {
                    throw ProgramFailure(.failed, "\(arguments.program): stopped before anything was restored")
                }
                document.report.found = conflicts.wanted
                document.report.remarks = conflicts.taken
                document.report.conflicts = conflicts.taken.count
            }
            if arguments.has(.dryRun) {
                try restoration.preview(survey, &document.report)
            } else if document.report.conflicts > 0 {
                document.report.stopped = "the database has keys of these names: nothing was restored; say "
                    + "--on-conflict skip or --on-conflict replace"
            } else {
                document.report = try await restoration.run(survey)
                if arguments.has(.verify), document.report.stopped == nil {
                    var comparison = FileComparison(
                        path: plan.path, number: plan.number, database: database, facts: facts,
                        version: survey.version)
                    comparison.keeps = { plan.pattern?.matches($0) != false }
                    comparison.progress = { progress.update(done: $0) }
                    document.verified = try await comparison.run(onlyLeft: true).report
                }
            }
            progress.end()
            try document.print(to: streams, arguments)
            return document.exitCode
        } catch let failure as ProgramFailure {
            throw failure
        } catch let failure as ComparisonFailure {
            throw failure.ending(arguments.program)
        } catch let error as RedisError {
            throw ProgramFailure(error, of: arguments.program)
        } catch {
            throw ProgramFailure(.failed, "\(arguments.program): \(error)")
        }
    }
}

extension Restoration {
    /// What a run would meet, as far as the file and the names in the database tell.
    fileprivate func preview(_ survey: SnapshotSurvey, _ report: inout RestoreReport) throws(ProgramFailure) {
        var preview = report
        _ = try SnapshotSurvey(plan.path, each: { record in
            guard isWanted(record) else { return }
            switch obstacle(record, survey.version) {
            case .expired: preview.expired += 1
            case .failed(let reason):
                preview.failed += 1
                preview.remarks.add(reason, record.key)
            case nil: break
            }
        })
        if plan.conflicts == .skip { preview.skipped = preview.conflicts }
        report = preview
    }
}

extension SnapshotSurvey {
    /// The file an operand names, with a bar while it is read.
    static func ofOperand(
        _ path: String, _ arguments: Arguments, _ streams: StandardStreams
    ) throws(ProgramFailure) -> SnapshotSurvey {
        let progress = WorkProgress(
            "reading the file", total: try InputFile(path).size, unit: "bytes", isSilent: arguments.has(.quiet),
            streams)
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
    fileprivate static let into = Flag("into", .text("NAME", .databases), "the database to bring the keys to")
    static let fileDatabase = Flag(
        "file-database", .text("N"), "the number in the file; needed only if it holds several databases")
    fileprivate static let pattern = Flag(
        "pattern", .text("GLOB"),
        "only keys that fit, as SCAN's MATCH has it: * ? [a-z], and \\ before what is special")
    fileprivate static let onConflict = Flag(
        "on-conflict", .choice(RestorePlan.Conflicts.allCases.map(\.rawValue)),
        "if the database has a key of a name in the file: restore nothing (the default), leave it, or replace it")
    fileprivate static let withFunctions = Flag(
        "with-functions", .none, "the file's functions too; they are the whole server's, not one database's")
    fileprivate static let verify = Flag("verify", .none, "compare every key of the file with the database afterwards")
    fileprivate static let rate = Flag("rate", .positiveInteger("N"), "keys a second at most")
}
