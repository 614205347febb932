import BulkheadConsole
import BulkheadLint

extension Command {
    /// `bulkhead lint`: what bypasses the names.
    static let lint = Command(
        name: "lint",
        summary: "find code and configuration that bypass the names",
        usage: [
            "bulkhead lint [--exclude GLOB]… [--format FORMAT] [PATH…]",
            "bulkhead lint --staged [--exclude GLOB]… [--format FORMAT] [PATH…]", "bulkhead lint --rules",
        ],
        about: """
            Looks in Swift, Python, JavaScript, TypeScript, shell scripts and configuration for clients of other \
            libraries, databases chosen by number, and commands that leave or empty a database. It reads tokens: \
            comments and strings are no code, and code in strings and here-documents is. Names are followed within a \
            file only. PATH is a file or a folder, by default the current one.
            """,
        flags: [.staged, .exclude, .format, .rules],
        operands: Operands(placeholder: "PATH", count: 0...Int.max, completion: .files),
        examples: [
            Example("The current folder:", "bulkhead lint"),
            Example("What the next commit would hold, as git's index has it:", "bulkhead lint --staged"),
            Example("For a code host that takes SARIF:", "bulkhead lint --format sarif > lint.sarif"),
            Example("In a workflow of GitHub, beside the lines:", "bulkhead lint --format github --exclude 'Tests/**'"),
        ],
        tables: [
            Table(
                title: "As a pre-commit hook",
                rows: [
                    ("#!/bin/sh", "two lines in .git/hooks/pre-commit, which"),
                    ("exec bulkhead lint --staged", "chmod +x makes executable"),
                ]),
            Table(
                title: "What may stay",
                rows: [
                    ("# bulkhead: allow keys because …", "on the line or the one before; // as well"),
                    ("--exclude 'deploy/**'", "files, and all in folders; ** also crosses slashes"),
                    ("--exclude temp", "whole components of that name, anywhere"),
                ]),
            Table(
                title: "What is read",
                rows: [
                    ("languages", LintLanguage.description),
                    ("and not", "links in folders, binary files, files over \(LintSelection.largestFile >> 20) MiB"),
                    ("nor below", LintSelection.skippedFolders.sorted().joined(separator: " ")),
                ]),
            Table(
                title: "What is printed with --format json",
                rows: [
                    ("findings", #"[{"file": "a.py", "line": 3, "column": 5,"#),
                    ("", #""rule": "keys", "what": "…", "why": "…", "instead": "…"}]"#),
                    ("files", "how many were read"),
                    ("skipped", #"[{"file": "b.json", "why": "…"}]; unreadable alike"#),
                    ("", #"a path that is not UTF-8 is {"hex": "…"}"#),
                ]),
        ],
        run: runLint)

    private static func runLint(
        _ arguments: Arguments, _ streams: StandardStreams
    ) async throws(ProgramFailure) -> ExitCode {
        if arguments.has(.rules) {
            try streams.output.writeAll(ruleList)
            return .done
        }
        var run = LintRun(
            report: LintReport(format(arguments), on: streams.output.screen), program: arguments.program,
            streams: streams)
        let selection = LintSelection(excluding: try patterns(arguments))
        if arguments.has(.staged) {
            try GitIndex(selection: selection, program: arguments.program).forEach(in: arguments.operands) {
                input throws(ProgramFailure) in try run.read(input)
            }
        } else {
            let operands = arguments.operands.isEmpty ? ["."] : arguments.operands
            try SourceWalk(selection: selection).forEach(in: operands) {
                input throws(ProgramFailure) in try run.read(input)
            }
        }
        return try run.finish()
    }

    private static var ruleList: String {
        let width = LintRule.allCases.map(\.rawValue.count).max() ?? 0
        return LintRule.allCases.map { "\($0.rawValue.padding(to: width))  \($0.summary)\n" }.joined()
    }

    private static func format(_ arguments: Arguments) -> LintFormat {
        arguments.text(of: .format).flatMap { LintFormat(rawValue: $0) } ?? .text
    }

    private static func patterns(_ arguments: Arguments) throws(ProgramFailure) -> [GlobPattern] {
        var patterns: [GlobPattern] = []
        for text in arguments.texts(of: .exclude) {
            guard let pattern = GlobPattern(text) else {
                throw arguments.refused("--exclude takes at most \(GlobPattern.longest) bytes")
            }
            patterns.append(pattern)
        }
        return patterns
    }
}

extension Flag {
    static let staged = Flag("staged", .none, "what the next commit would hold, from git's index")
    static let exclude = Flag(
        "exclude", .text("GLOB"), isRepeatable: true, "leave out what matches; may be given several times")
    static let format = Flag(
        "format", .choice(LintFormat.allCases.map(\.rawValue)),
        "text by default; github for annotations, sarif for other code hosts")
    static let rules = Flag("rules", .none, "list the rules")
}

/// One run over many files: what was found, and what is to be said at its end.
private struct LintRun {
    var report: LintReport
    let program: String
    let streams: StandardStreams
    private var document = LintDocument()
    private var sarif = SARIFDocument()
    private var findings = 0
    private var filesWithFindings = 0

    init(report: LintReport, program: String, streams: StandardStreams) {
        self.report = report
        self.program = program
        self.streams = streams
    }

    mutating func read(_ input: LintInput) throws(ProgramFailure) {
        switch input.content {
        case .source(let bytes, let language):
            document.files += 1
            let found = Linter.findings(in: bytes, as: language)
            findings += found.count
            filesWithFindings += found.isEmpty ? 0 : 1
            if report.format == .json {
                document.findings += found.map { LintDocument.Item(file: ShownBytes(input.path), finding: $0) }
            }
            if report.format == .sarif { sarif.add(found, in: input.path) }
            let text = report.text(found, in: input.path)
            if !text.isEmpty { try streams.output.writeAll(text) }
        case .skipped(let why):
            document.skipped.append(LintDocument.Unread(file: ShownBytes(input.path), why: why))
            if report.format == .sarif { sarif.add(unread: input.path, why: why, isFailure: false) }
            say("skipped \(LintReport.shown(input.path)): \(why)")
        case .unreadable(let why):
            document.unreadable.append(LintDocument.Unread(file: ShownBytes(input.path), why: why))
            if report.format == .sarif { sarif.add(unread: input.path, why: why, isFailure: true) }
            say("cannot read \(LintReport.shown(input.path)): \(why)")
        }
    }

    mutating func finish() throws(ProgramFailure) -> ExitCode {
        switch report.format {
        case .json: try streams.output.writeJSON(document)
        case .sarif: try streams.output.writeJSON(sarif)
        case .text, .github:
            let reasons = report.reasons
            if !reasons.isEmpty { try streams.output.writeAll(reasons + "\n") }
        }
        let files = "\(document.files) file\(document.files == 1 ? "" : "s")"
        say(
            findings == 0 ? "nothing found in \(files)"
                : "\(findings) finding\(findings == 1 ? "" : "s") in \(filesWithFindings) of \(files)")
        if !document.unreadable.isEmpty { return .failed }
        return findings > 0 ? .found : .done
    }

    private func say(_ words: String) {
        // With standard error gone there is nowhere left to complain to.
        try? streams.errors.writeAll("\(program): \(words)\n")
    }
}
