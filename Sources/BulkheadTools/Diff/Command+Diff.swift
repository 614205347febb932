import Bulkhead
import BulkheadConsole
import BulkheadRDB

extension Command {
    /// `bulkhead diff`: two databases, or a snapshot file and a database, key by key.
    static let diff = Command(
        name: "diff",
        summary: "compare two databases, or a snapshot file and a database",
        usage: [
            "bulkhead diff NAME NAME [--right-url URL]",
            "bulkhead diff FILE NAME",
        ],
        about: """
            Compares values as a reader sees them: the order of sets and hashes and the encoding do not matter, \
            every expiry does. Reports how values differ, and never shows one. A word that has a / or ends in .rdb \
            is a file; any other is the name or number of a database. Keys that differ are compared a second time, \
            in case both sides are being written to.
            """,
        flags: ServerSelection.flags + [.rightURL, .fileDatabase, .pattern, .json, .quiet],
        operands: Operands(
            placeholder: "NAME NAME", count: 2...2, completion: .databases,
            lacks: ["name two databases, or a file and a database", "the second database is missing"]),
        examples: [
            Example("Compare a copy on another server:", "bulkhead diff main main --right-url redis://new"),
            Example("Compare a backup with its database:", "bulkhead diff ./knowledge.rdb knowledge"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("left, right", "what was compared"),
                    ("compared", "keys: same + expired + different + only_left + only_right"),
                    ("expired", "missing on one side or both because they expired"),
                    ("differences", #"[{"text": "how they differ", "count": 2, "keys": ["…"]}]"#),
                    ("looks_for_only_right", "false if keys that only the right side has were not looked for"),
                    ("migration_notes", "notes of a migration on either side, not compared; absent without any"),
                ])
        ],
        exitCodes: [.done, .found, .failed, .usage, .badData, .ioFailed],
        run: runDiff)

    private static func runDiff(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        let (left, right) = (call.arguments.operands[0], call.arguments.operands[1])
        guard !right.namesFile else {
            throw call.arguments.refused(
                left.namesFile
                    ? "one side is a database: restore one of the files, or start a server with it"
                    : "the file comes first: bulkhead diff \(right) \(left)")
        }
        let rightSelection =
            try call.arguments.text(of: .rightURL).map { url throws(ProgramFailure) in
                try ServerSelection(url: url, beside: selection, of: call.arguments)
            } ?? selection
        var entry = try rightSelection.entry(right)
        let isElsewhere = call.arguments.has(.rightURL)
        try selection.refuseUnusedURL(
            (left.namesFile ? [] : [try selection.entry(left)]) + (isElsewhere ? [] : [entry]), call.arguments)
        let databases: RedisDatabases
        if isElsewhere {
            // There it is wherever the catalogue says it is here.
            entry = DatabaseEntry(entry.name, number: entry.number)
            databases = try rightSelection.open(only: entry)
        } else {
            databases = try rightSelection.open([entry])
        }
        Interruption.watch()
        let (document, isWhole) = try await databases.closing { () async throws(ProgramFailure) in
            left.namesFile
                ? try await compare(file: left, databases, entry, call)
                : try await compare(left, selection, databases, entry, call)
        }
        let pattern = call.arguments.text(of: .pattern)
        try call.answer(document) { document.text(of: pattern, isWhole: isWhole, on: $0) }
        guard isWhole else {
            throw ProgramFailure(.failed, "\(call.program): stopped before all keys were compared")
        }
        if let pattern, document.report.isEmpty {
            throw ProgramFailure(
                .found,
                "\(call.program): no key matches \(pattern) in \(document.left) or \(document.right): nothing was "
                    + "compared")
        }
        return document.report.isSame ? .done : .found
    }

    private static func compare(
        file path: String, _ databases: RedisDatabases, _ entry: DatabaseEntry, _ call: Call
    ) async throws(ProgramFailure) -> (DiffDocument, Bool) {
        guard call.arguments.text(of: .pattern) == nil || !call.arguments.has(.rightURL) else {
            throw call.arguments.refused("with a file, --url says where the database is")
        }
        let survey = try SnapshotSurvey.ofOperand(path, call)
        let number = try survey.database(call.arguments.integerFromZero(of: .fileDatabase), of: call.arguments)
        let progress = call.progress("diff", total: survey.summary.databases[number]?.keys, unit: "keys")
        do {
            let database = try databases[entry.name]
            var comparison = FileComparison(
                survey.file, number: number, database: database,
                facts: try await Self.facts(of: database, call), version: survey.version)
            let pattern = call.arguments.text(of: .pattern).map { KeyPattern($0) }
            comparison.keeps = { pattern?.matches($0) != false }
            comparison.progress = { progress.update(done: $0) }
            let (report, isWhole) = try await comparison.run()
            progress.end()
            let data = survey.summary.moduleData
            return (DiffDocument(left: path, right: entry.name.text, report: report, moduleData: data), isWhole)
        } catch let failure as ComparisonFailure {
            throw failure.ending(call.program)
        } catch {
            throw ProgramFailure(
                .failed, "\(call.program): \((error as? RedisError)?.explained ?? "\(error)")")
        }
    }

    /// What is compared is whole databases: a node of a cluster has a part of one.
    private static func facts(of database: RedisDatabase, _ call: Call) async throws(RedisError) -> ServerFacts {
        let facts = try await ServerFacts(of: database)
        if let lag = facts.lag { call.say("\(call.program): the server of \(database.name) \(lag).") }
        if let obstacle = facts.clusterObstacle(
            database.name, at: database.address, "what is compared",
            remedy: "Save what each node has (redis-cli --cluster backup ADDRESS FOLDER), and look into these files by "
                + "bulkhead rdb")
        {
            throw obstacle
        }
        return facts
    }

    private static func compare(
        _ left: String, _ selection: ServerSelection, _ rightDatabases: RedisDatabases, _ rightEntry: DatabaseEntry,
        _ call: Call
    ) async throws(ProgramFailure) -> (DiffDocument, Bool) {
        let entry = try selection.entry(left)
        let databases = try selection.open([entry])
        return try await databases.closing { () async throws(ProgramFailure) in
            try await call.arguments.reaching { () async throws(RedisError) in
                let (left, right) = (try databases[entry.name], try rightDatabases[rightEntry.name])
                var comparison = DatabaseComparison(
                    left: left, right: right, leftFacts: try await Self.facts(of: left, call),
                    rightFacts: try await Self.facts(of: right, call))
                let progress = call.progress("diff", total: try await left.dbsize(), unit: "keys")
                comparison.pattern = call.arguments.text(of: .pattern)
                comparison.progress = { progress.update(done: $0) }
                let (report, isWhole) = try await comparison.run()
                progress.end()
                return (DiffDocument(left: left.name.text, right: right.name.text, report: report), isWhole)
            }
        }
    }
}

/// The outcome of a comparison, as JSON and as text.
private struct DiffDocument: Encodable, Sendable {
    let left: String
    let right: String
    let report: ComparisonReport
    /// Bytes of data that modules keep in the file beside the keys, by type.
    var moduleData: [String: Int] = [:]

    private enum CodingKeys: String, CodingKey {
        case left, right
        case moduleData = "module_data"
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(left, forKey: .left)
        try values.encode(right, forKey: .right)
        if !moduleData.isEmpty { try values.encode(moduleData, forKey: .moduleData) }
    }

    /// - Parameter isWhole: false if it was stopped before all keys were compared.
    func text(of pattern: String?, isWhole: Bool, on screen: Screen) -> String {
        var lines = report.differences.lines(on: screen)
        let counts = [
            ("the same", report.same), ("expired", report.expired), ("different", report.different),
            ("only in \(left)", report.onlyLeft), ("only in \(right)", report.onlyRight),
        ].filter { $0.1 > 0 }.map { "\(Units.grouped($0.1)) \($0.0)" }
        let none =
            !isWhole
            ? "no key was compared"
            : pattern.map { "no keys that match \($0) on either side" } ?? "no keys on either side"
        let list = counts.isEmpty ? none : counts.joined(separator: ", ")
        lines += "\(left) and \(right): \(list).".wrapped(to: screen.proseColumns)
        if let words = ModuleData(moduleData).text(of: "The file", "it was not compared") {
            lines += words.wrapped(to: screen.proseColumns)
        }
        if let notes = report.notes {
            lines += HandoverNotes.words(notes, "not compared").wrapped(to: screen.proseColumns)
        }
        if !report.looksForOnlyRight {
            lines += "The file has too many keys to remember: keys that only \(right) has were not looked for."
                .wrapped(to: screen.proseColumns)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    /// A database's name has no / and does not end so.
    fileprivate var namesFile: Bool { contains("/") || hasSuffix(".rdb") }
}

extension Flag {
    static let rightURL = Flag(
        "right-url", .text("URL"), "the server of the right database, if it is not that of --url")
    fileprivate static let pattern = Flag("pattern", .text("GLOB"), "only keys that match, as in SCAN's MATCH")
}
