import Bulkhead

extension Command {
    /// `bulkhead check`: all databases side by side.
    static let check = Command(
        name: "check",
        summary: "what is in the databases, and what is in the wrong one",
        usage: ["bulkhead check [NAME…]", "bulkhead check --rdb FILE [NAME…]"],
        about: """
            Scans the keys of all named databases and of unnamed ones that have keys, or only of the databases \
            given. Reports how many keys there are, when they expire, their types, encodings and memory, the most \
            frequent prefixes, the largest keys, and the keys that match the pattern of another database.

            It only reads, in small steps that leave time for other clients. It never uses KEYS, and changes no idle \
            time or access frequency.

            Every key is counted and asked for its size. Types, encodings and expiries come from a random sample \
            unless --exact is given; the types of all large keys are read. A size is what the server's MEMORY USAGE \
            says: for a large collection the server measures five elements and multiplies. What the user may not \
            read is reported as unknown. Ctrl-C stops the scan and prints the results so far.
            """,
        flags: ServerSelection.flags + [.rdb, .exact, .sample, .pace, .html, .json, .quiet],
        operands: Operands(placeholder: "NAME", count: 0...1_000, completion: .databases),
        examples: [
            Example("All databases, with the server and catalogue of the environment:", "bulkhead check"),
            Example("Every key of one database:", "bulkhead check knowledge --exact"),
            Example("A page with charts to send to others:", "bulkhead check --html check.html"),
            Example("Only the findings:", "bulkhead check --json | jq '.servers[].findings[].message'"),
            Example("A snapshot file, without a server:", "bulkhead check --rdb dump.rdb"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("format", #""bulkhead-check/2""#),
                    ("source", #""server" or "snapshot""#),
                    ("measure", #"what bytes are: "MEMORY USAGE" or "serialised size""#),
                    ("date", "when it started, ISO 8601"),
                    ("complete", "false if a database was not scanned to its end"),
                    ("confidence", "0.95, of all E below"),
                    ("servers", "[{name, address, memory, databases, findings}]"),
                    ("  memory", "{used, dataset, maxmemory (0: no limit), policy}"),
                    ("  findings", "[{severity, code, message, remedy, command?}]"),
                    ("  databases", "[{name, number, aliases, named, complete, failure?, refusals,"),
                    ("", "keys, walked, looked, gone, sized, hidden E?, expiring E, average_ttl_ms E,"),
                    ("", "memory E (of all but hidden keys), memory_seen (of those whose size is known),"),
                    ("", "types [{type, keys E, memory E}], encodings [{type, encoding?, keys E}],"),
                    ("", "ttl [{title, below_ms?, keys E}], without_prefix,"),
                    ("", "prefixes [{prefix K, depth, keys, keys_at_most, memory}],"),
                    ("", "biggest [{key K, bytes, type, encoding}], biggest_certain,"),
                    ("", "misplaced [{pattern, belongs_to, keys, at_home, examples [K], command}],"),
                    ("", "at_home, no_pattern}]"),
                    ("cost", "{pace, commands, scans, looks, server_ms (by INFO commandstats),"),
                    ("", "server_shared (others called the same commands), slowlog_from_ms,"),
                    ("", "longest_command_ms (in the SLOWLOG), and as seen from here waited_ms,"),
                    ("", "longest_step_ms, elapsed_ms}"),
                    ("E", #"{"estimate": 612, "low": 605, "high": 619}; all equal if exact"#),
                    ("K", #"a string, or {"hex": "00ff"} if it is not UTF-8"#),
                    ("absent", "what the server does not report"),
                ]),
            Table(
                title: "What it finds",
                rows: [
                    ("misplaced", "keys that match a pattern of another database and none of their own"),
                    ("unnamed-keys", "a number that has keys, but no name in the catalogue"),
                    ("number-out-of-range", "a name whose number the server does not have"),
                    ("migration-notes", "keys that a migration has left, interrupted or still running"),
                    ("stale", "a replica that has no link to its primary"),
                    ("shared-number", "names of one database whose server is written differently"),
                    ("hidden-keys", "keys of which the ACL lets the user see only the name"),
                    ("refused", "a command that the server's ACL denies"),
                    ("unreachable", "a server that cannot be asked; the others are (exit code 2)"),
                    ("not-walked", "a database that could not be scanned to its end (exit code 2)"),
                    ("notes", "no-keys, eviction, memory-not-explained; they leave the exit code 0"),
                ]),
        ],
        exitCodes: [.done, .found, .failed, .usage, .badData, .ioFailed],
        run: runCheck)

    private static func runCheck(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        guard !(call.arguments.has(.exact) && call.arguments.has(.sample)) else {
            throw call.arguments.refused("--exact looks at every key: leave out --sample")
        }
        let selection = try ServerSelection(call.arguments)
        let wanted = try call.arguments.operands.map { word throws(ProgramFailure) in try selection.entry(word) }
        try selection.refuseUnusedURL(wanted.isEmpty ? selection.catalogue.entries : wanted, call.arguments)
        var settings = CheckRun.Settings()
        if let sample = call.arguments.integer(of: .sample) { settings.sample = sample }
        if call.arguments.has(.exact) { settings.sample = nil }
        if let pace = try call.arguments.pace() { settings.pace = pace }
        if let page = call.arguments.text(of: .html) { try NewFile.require(page, call.arguments) }
        Interruption.watch()
        let bar: WorkProgress
        let report: CheckReport
        if let path = call.arguments.text(of: .rdb) {
            for flag in [Flag.url, .sample, .exact, .pace] where call.arguments.has(flag) {
                throw call.arguments.refused("--rdb reads every key of a file: leave out --\(flag.name)")
            }
            // The length of a pipe is not known.
            let size = path == "-" ? 0 : try FilePath.size(path)
            bar = call.progress("check", total: size > 0 ? size : nil, unit: "bytes")
            report = try SnapshotCheck.report(on: path, selection, wanted, call.streams, bar)
        } else {
            bar = call.progress("check", total: nil, unit: "keys")
            report = try await CheckRun(selection: selection, wanted: wanted, settings: settings).report(bar)
        }
        bar.end()
        return try report.hand(to: call)
    }
}

extension CheckReport {
    /// Prints what was asked for; the exit code of what was found.
    fileprivate func hand(to call: Call) throws(ProgramFailure) -> ExitCode {
        let unfinished = servers.flatMap(\.databases).filter { !$0.isComplete }
        // What the server denies it denies again.
        let isRefused = servers.allSatisfy(\.isReached) && unfinished.allSatisfy(\.isRefused)
        let advice = isRefused ? "" : " Run it again."
        if let path = call.arguments.text(of: .html) { try CheckPage(report: self).write(to: path) }
        if !isComplete, servers.flatMap(\.databases).allSatisfy({ $0.walked == 0 }), !call.arguments.has(.json) {
            // Of tables full of zeros nobody would know what they are of.
            let screen = call.streams.output.screen
            let texts = servers.filter { !$0.findings.isEmpty }.map { $0.findingsText(on: screen) }
            try call.streams.output.writeAll(texts.joined(separator: "\n"))
            throw ProgramFailure(.failed, "\(call.program): no key was scanned, so there are no figures.\(advice)")
        }
        try call.answer(self) { text(on: $0) }
        guard isComplete else {
            let words = (servers.filter { !$0.isReached }.map(\.address) + unfinished.map(\.name))
                .joined(separator: ", ")
            try? call.streams.errors.writeAll(
                "bulkhead check: the report is incomplete: not scanned to the end: \(words).\(advice)\n")
            return .failed
        }
        return findings.contains { $0.severity != .note } ? .found : .done
    }
}

extension Flag {
    fileprivate static let rdb = Flag(
        "rdb", .text("FILE", .files), "read a snapshot file instead of a server; - is standard input")
    fileprivate static let exact = Flag("exact", .none, "look at every key instead of a sample")
    fileprivate static let sample = Flag(
        "sample", .positiveInteger("N"), "look at about N keys of each database (default: 20000)")
    fileprivate static let html = Flag("html", .text("FILE", .files), "also write a page with charts")
}
