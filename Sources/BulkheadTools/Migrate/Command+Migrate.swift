import Bulkhead
import BulkheadConsole

extension Command {
    /// `bulkhead migrate`: keys from one named database to another, of the same server or not.
    static let migrate = Command(
        name: "migrate",
        summary: "move or copy keys from one database to another",
        usage: [
            "bulkhead migrate --from NAME --to NAME --pattern GLOB [FLAG…]",
            "bulkhead migrate --from NAME --to NAME --all [FLAG…]",
            "bulkhead migrate --from NAME --to-url URL [--to NAME] --all [FLAG…]",
            "bulkhead migrate --from NAME --misplaced [FLAG…]",
        ],
        about: """
            Moves keys with their values, types and expiries. --pattern, --all or --misplaced says which ones. On a \
            terminal, migrate first shows counts and the clients that use the source, and asks for confirmation. A \
            script is not asked, but needs --yes for --misplaced.

            Within one server each key moves by one atomic command, and no value leaves the server. Between servers \
            each key is dumped, restored and compared. It is deleted from the source only if nobody changed it \
            meanwhile. So every key is whole on one side or the other at any moment, even if a process is killed. To \
            finish an interrupted move, run the same command with --resume. If a server crashes, this holds only for \
            what it had written to disk: a target without an append-only file loses everything since its last \
            snapshot.

            A name that lives in a cluster is taken as all of its primaries; the users need EVAL there. Slots may move \
            meanwhile. Between two names of one cluster keys move as between servers, and no slot may move until the \
            end.

            Between servers, and with clusters, only one migration at a time runs between the same two databases; a \
            run with --resume replaces the one before. A run with --misplaced replaces only another one with \
            --misplaced. It is refused if keys belong to a database that another migration moves keys to, and it names \
            the migrations that it leaves alone. Within one server each key moves by itself, so several runs do no harm.

            Keys that are written to the source during the move may be missed. If a key that was moved is written to \
            the source again, migrate reports it and leaves it there. The idle time of a key starts again at 0 when it \
            moves within a server, when it moves between servers older than version 7.2, and when it moves from or to \
            a cluster, where comparing counts as a use.

            Nothing is moved to a server that could lose it: one that evicts keys and has too little memory for them \
            all, a replica, or one whose last save failed. If the target becomes such a server during the move, the \
            move stops with exit code 2, before another key is deleted from the source.
            """,
        flags: ServerSelection.flags + [
            .from, .to, .toURL, .pattern, .all, .misplaced, .rename, .onConflict, .copy, .verify, .resume, .rate,
            .pace, .dryRun, .yes, .json, .quiet,
        ],
        examples: [
            Example(
                "Show what would be done, including conflicts; changes nothing:",
                "bulkhead migrate --from main --to knowledge --pattern 'doc:*' --dry-run"),
            Example("Do it:", "bulkhead migrate --from main --to knowledge --pattern 'doc:*'"),
            Example(
                "Move what check found in the wrong database to where it belongs; first a dry run:",
                "bulkhead migrate --from main --misplaced --dry-run"),
            Example(
                "Give the keys other names:",
                "bulkhead migrate --from 0 --to 7 --pattern 'old:*' --rename old:=new:"),
            Example(
                "Copy to another server, and compare:",
                "bulkhead migrate --from main --all --to-url redis://new --copy --verify"),
        ],
        tables: [
            Table(title: "What is printed with --json", rows: MigrationDocument.schema)
        ],
        run: runMigrate)

    private static func runMigrate(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        let plan = try MigrationPlan(call.arguments, selection)
        if call.arguments.has(.misplaced) {
            return try await MisplacedMove(plan: plan, selection: selection, call: call).run()
        }
        let databases = try selection.open([plan.from, plan.to])
        var others: RedisDatabases?
        if let url = call.arguments.text(of: .toURL) {
            let configuration = try ServerSelection(url: url, beside: selection, of: call.arguments).configuration
            others = try await call.arguments.reaching { () throws(RedisError) in
                RedisDatabases(configuration, catalogue: try DatabaseCatalogue([plan.to]))
            }
        }
        Interruption.watch()
        do throws(ProgramFailure) {
            let code = try await migrate(plan, databases, others ?? databases, call)
            await databases.end()
            await others?.end()
            return code
        } catch {
            await databases.end()
            await others?.end()
            throw error
        }
    }

    private static func migrate(
        _ plan: MigrationPlan, _ sources: RedisDatabases, _ targets: RedisDatabases, _ call: Call
    ) async throws(ProgramFailure) -> ExitCode {
        let (source, target) = try await call.arguments.reaching { () throws(RedisError) in
            (try sources[plan.from.name], try targets[plan.to.name])
        }
        let preflight = MigrationPreflight(plan: plan, source: source, target: target, program: call.program)
        let findings = try await preflight.run()
        for remark in findings.remarks {
            call.say("\(call.program): \(remark)")
        }
        if !call.arguments.has(.json), plan.isDryRun || call.canAsk {
            call.say(await preflight.preview(findings))
        }
        if call.canAsk, !plan.isDryRun {
            // One that resumes ends a run that goes on, be there keys or not.
            let isAnything = plan.resumes ? true : await preflight.mayMatch(findings)
            guard isAnything else { return try endWithNothing(plan, findings, call) }
            let question = "Type \(plan.from.name) to \(plan.copies ? "copy" : "move") these keys: "
            try call.confirm(question, answer: plan.from.name.text, else: "nothing was \(plan.verb)")
        }
        let mover = plan.mover(findings, from: source, to: target)
        // How many keys a pattern will find is not known, but how many there are to look at is.
        let progress = call.progress(
            plan.copies ? "copy" : "migrate", total: findings.sourceKeys,
            unit: plan.keys.isAll ? "keys" : "keys looked at")
        var migration = Migration(
            plan: plan, source: source, target: target, mover: mover, targetWatch: findings.targetWatch,
            canNotTouch: (findings.source.canNotTouch, findings.target.canNotTouch))
        migration.progress = { progress.update(done: $0) }
        let start = ContinuousClock.now
        let report: MigrationReport
        do throws(RedisError) {
            report = try await migration.run()
        } catch {
            throw plan.failure(error, call.program)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        progress.end()
        return try hand(report, plan, findings, seconds: seconds, call)
    }

    /// Nobody was asked, so nothing is begun: keys may come meanwhile.
    private static func endWithNothing(
        _ plan: MigrationPlan, _ findings: MigrationPreflight.Findings, _ call: Call
    ) throws(ProgramFailure) -> ExitCode {
        var report = MigrationReport()
        report.fitsNothing = !plan.keys.isAll
        if plan.keys.isAll { call.say("\(call.program): \(plan.from.name) has no keys: nothing was \(plan.verb).") }
        return try hand(report, plan, findings, seconds: 0, call)
    }

    private static func hand(
        _ report: MigrationReport, _ plan: MigrationPlan, _ findings: MigrationPreflight.Findings, seconds: Double,
        _ call: Call
    ) throws(ProgramFailure) -> ExitCode {
        let isOver = report.isComplete || report.isAtItsEnd || report.fitsNothing
        let goOn = isOver || plan.isDryRun ? nil : plan.commandToGoOn(call.arguments)
        let summary = MigrationSummary(report, plan, seconds: seconds)
        try call.answer(
            MigrationDocument(report, plan, isOneServer: findings.isOneServer, seconds: seconds, goOn: goOn)
        ) { summary.text(on: $0) }
        if let words = summary.ending(goOn) { call.say(words) }
        return report.exitCode
    }
}

extension MigrationPlan {
    /// What the command line says; throws a wrong call where its parts do not fit each other.
    init(_ arguments: Arguments, _ selection: ServerSelection) throws(ProgramFailure) {
        guard let from = arguments.text(of: .from) else {
            throw arguments.refused(
                arguments.has(.misplaced)
                    ? "--from NAME is missing: the database whose misplaced keys are to move; bulkhead check says "
                        + "which databases have some"
                    : "--from NAME is missing")
        }
        if arguments.has(.misplaced) {
            try self.init(misplacedIn: from, arguments, selection)
            return
        }
        let isElsewhere = arguments.has(.toURL)
        guard let to = arguments.text(of: .to) ?? (isElsewhere ? from : nil) else {
            throw arguments.refused("--to NAME is missing")
        }
        var target = try selection.entry(to)
        if isElsewhere {
            // There it is wherever the catalogue says it is here.
            target = DatabaseEntry(target.name, number: target.number)
        }
        self.init(from: try selection.entry(from), to: target)
        try selection.refuseUnusedURL(isElsewhere ? [self.from] : [self.from, self.to], arguments)
        guard isElsewhere || !selection.isSamePlace(self.from, self.to) else {
            throw arguments.refused(
                self.from.name == self.to.name
                    ? "--from and --to are both \(self.from.name): name another database"
                    : "\(self.from.name) and \(self.to.name) are two names of one database, \(self.from.number): "
                        + "name another one")
        }
        guard arguments.has(.pattern) != arguments.has(.all) else {
            throw arguments.refused(
                arguments.has(.all)
                    ? "--all and --pattern exclude each other: leave one out"
                    : "say which keys: --pattern GLOB, --all for the whole database, or --misplaced")
        }
        let globs = arguments.texts(of: .pattern)
        keys = globs.isEmpty || globs.contains("*") ? .all : .patterns(globs.map { KeyPattern($0) })
        if let text = arguments.text(of: .rename) {
            guard let rename = KeyRename(text) else {
                throw arguments.refused(
                    "--rename takes OLD=NEW with two different beginnings of names; write \\= \\\\ \\xNN for what is "
                        + "special in them")
            }
            guard rename.covers(keys) else {
                throw arguments.refused(
                    "--rename changes keys that begin with \(ShownBytes(rename.old)), but the pattern also matches "
                        + "others: use --pattern '\(rename.pattern)'")
            }
            self.rename = rename
        }
        try readManner(arguments)
    }

    /// The keys in `from` that belong into other databases; each goes to its own.
    private init(
        misplacedIn from: String, _ arguments: Arguments, _ selection: ServerSelection
    ) throws(ProgramFailure) {
        for flag in [Flag.to, .toURL, .pattern, .all, .rename, .copy] where arguments.has(flag) {
            throw arguments.refused(
                "--misplaced says which keys move and where to: leave out --\(flag.name)")
        }
        let entry = try selection.entry(from)
        self.init(from: entry, to: entry)
        try selection.refuseUnusedURL([entry], arguments)
        let placement = Placement(of: entry, in: selection.catalogue, by: selection.configuration)
        guard !placement.claims.isEmpty else {
            throw arguments.refused("the catalogue has no key_patterns of other databases: nothing can be misplaced")
        }
        keys = .misplaced(placement, nil)
        try readManner(arguments)
    }

    /// How it is to be done.
    private mutating func readManner(_ arguments: Arguments) throws(ProgramFailure) {
        conflicts = arguments.text(of: .onConflict).flatMap { Conflicts(rawValue: $0) } ?? .fail
        copies = arguments.has(.copy)
        isDryRun = arguments.has(.dryRun)
        verifies = arguments.has(.verify)
        resumes = arguments.has(.resume)
        rate = arguments.integer(of: .rate)
        if let pace = try arguments.pace() { self.pace = pace }
    }

    /// What does the work.
    func mover(
        _ findings: MigrationPreflight.Findings, from source: RedisDatabase, to target: RedisDatabase
    ) -> any KeyMover {
        if isDryRun { return DryRunMover(plan: self, source: source, target: target) }
        if findings.isOneServer {
            return ServerSideMover(
                self, on: findings.source, watching: findings.targetWatch, movesByCopy: findings.movesByCopy)
        }
        if findings.isInCluster {
            return ClusterMover(
                self, from: source, findings.source, to: target, findings.target, watching: findings.targetWatch)
        }
        return CrossServerMover(
            self, from: findings.source, to: findings.target,
            HandoverNotes(self, from: source.address, to: target.address), watching: findings.targetWatch)
    }

    /// The end of a run whose walk has not begun.
    func failure(_ error: RedisError, _ program: String) -> ProgramFailure {
        guard error.isOfInterruption else { return ProgramFailure(error, of: program) }
        let claims = !isDryRun && !copies
        let advice = claims ? " If the next run says that this one was interrupted, add --resume to it." : ""
        return ProgramFailure(.failed, "\(program): \(error.explained)\nNothing was \(verb).\(advice)")
    }

    /// The call that goes on where this one ended.
    func commandToGoOn(_ arguments: Arguments) -> String {
        var words = ["bulkhead migrate"]
        if let url = arguments.pasted(.url) { words.append(url) }
        for flag in [Flag.catalogue, .from, .to] {
            if let text = arguments.text(of: flag) { words.append("--\(flag.name) \(text.quotedForShell)") }
        }
        if let url = arguments.pasted(.toURL) { words.append(url) }
        for flag in [Flag.pattern, .rename, .onConflict, .rate, .pace] {
            words += arguments.texts(of: flag).map { "--\(flag.name) \($0.quotedForShell)" }
        }
        for flag in [Flag.all, .misplaced, .copy, .verify, .yes] where arguments.has(flag) {
            words.append("--\(flag.name)")
        }
        return (words + ["--resume"]).joined(separator: " ")
    }
}

extension Flag {
    fileprivate static let from = Flag("from", .text("NAME", .databases), "the database to take keys from")
    fileprivate static let to = Flag(
        "to", .text("NAME", .databases), "the target database; with --to-url, by default the same name")
    static let toURL = Flag(
        "to-url", .text("URL"), "the target's server, if it is not that of --url")
    fileprivate static let pattern = Flag(
        "pattern", .text("GLOB"), isRepeatable: true,
        "only keys that match, as in SCAN's MATCH: * ? [a-z], and \\ before a special character; may be given several "
            + "times, for keys that match any of them")
    static let misplaced = Flag(
        "misplaced", .none,
        "move keys that match a pattern of another database, and none of their own, to where they belong")
    fileprivate static let all = Flag("all", .none, "every key of the database")
    fileprivate static let rename = Flag(
        "rename", .text("OLD=NEW"),
        "replace OLD at the start of each key by NEW; the pattern must begin with OLD; =NEW puts NEW in front")
    fileprivate static let onConflict = Flag(
        "on-conflict", .choice(MigrationPlan.Conflicts.allCases.map(\.rawValue)),
        "if the target already has the key: stop (the default), leave both as they are, or replace it")
    fileprivate static let copy = Flag("copy", .none, "keep the keys in the source, too")
    fileprivate static let verify = Flag(
        "verify", .none,
        "compare both sides after each key; a move between servers always does this")
    fileprivate static let resume = Flag("resume", .none, "finish an interrupted run")
    fileprivate static let rate = Flag("rate", .positiveInteger("N"), "at most N keys per second")
}
