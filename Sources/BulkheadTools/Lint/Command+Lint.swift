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
            Finds clients of other libraries, databases chosen by number, and commands that leave or empty a \
            database, in Swift, Python, JavaScript, TypeScript, shell scripts and configuration. It reads code, not \
            text: comments and strings are ignored, but code within strings and here-documents is read. Names are \
            followed within one file. PATH is a file or folder; by default the current folder.
            """,
        flags: [.staged, .exclude, .format, .rules],
        operands: Operands(placeholder: "PATH", count: 0...Int.max, completion: .files),
        examples: [
            Example("Check the current folder:", "bulkhead lint"),
            Example("Check what the next commit would contain, from git's index:", "bulkhead lint --staged"),
            Example("Write SARIF for a code host:", "bulkhead lint --format sarif > lint.sarif"),
            Example("Annotate the lines in a GitHub workflow:", "bulkhead lint --format github --exclude 'Tests/**'"),
        ],
        tables: [
            Table(
                title: "As a pre-commit hook",
                rows: [
                    ("#!/bin/sh", "two lines in .git/hooks/pre-commit, which"),
                    ("exec bulkhead lint --staged", "chmod +x makes executable"),
                ]),
            Table(
                title: "How to allow or leave out something",
                rows: [
                    ("# bulkhead: allow keys because …", "on the same line or the one before; also with //"),
                    ("--exclude 'deploy/**'", "matching files, and everything in matching folders"),
                    ("--exclude temp", "files and folders of this name, anywhere"),
                ]),
            Table(
                title: "What is read",
                rows: [
                    ("languages", LintLanguage.description),
                    ("not", "links in folders, binary files, files over \(LintSelection.largestFile >> 20) MiB"),
                    ("nor in", LintSelection.skippedFolders.sorted().joined(separator: " ")),
                ]),
            Table(
                title: "What is printed with --format json",
                rows: [
                    ("findings", #"[{"file": "a.py", "line": 3, "column": 5,"#),
                    ("", #""rule": "keys", "what": "…", "why": "…", "instead": "…"}]"#),
                    ("files", "how many were read"),
                    ("skipped", #"[{"file": "b.json", "why": "…"}]; unreadable has the same form"#),
                    ("", #"a path that is not UTF-8 is {"hex": "…"}"#),
                ]),
        ],
        run: runLint)

    private static func runLint(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        if call.arguments.has(.rules) {
            try call.streams.output.writeAll(ruleList)
            return .done
        }
        let format = call.arguments.text(of: .format).flatMap { LintFormat(rawValue: $0) } ?? .text
        var run = LintRun(
            report: LintReport(format, on: call.streams.output.screen), call: call)
        let selection = LintSelection(excluding: try patterns(call.arguments))
        if call.arguments.has(.staged) {
            try GitIndex(selection: selection, program: call.program).forEach(in: call.arguments.operands) {
                input throws(ProgramFailure) in try run.read(input)
            }
        } else {
            let operands = call.arguments.operands.isEmpty ? ["."] : call.arguments.operands
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

    private static func patterns(_ arguments: Arguments) throws(ProgramFailure) -> [GlobPattern] {
        try arguments.texts(of: .exclude).map { text throws(ProgramFailure) in
            if let pattern = GlobPattern(text) { return pattern }
            throw arguments.refused("--exclude takes at most \(GlobPattern.longest) bytes")
        }
    }
}

extension Flag {
    static let staged = Flag("staged", .none, "read what the next commit would contain, from git's index")
    static let exclude = Flag(
        "exclude", .text("GLOB"), isRepeatable: true,
        "leave out matching files and folders; may be given several times")
    static let format = Flag(
        "format", .choice(LintFormat.allCases.map(\.rawValue)),
        "text (default), github for annotations, sarif for other code hosts")
    static let rules = Flag("rules", .none, "list the rules")
}

/// One run over many files: what was found, and what is to be said at its end.
private struct LintRun {
    var report: LintReport
    let call: Call
    var document = LintDocument()
    var sarif = SARIFDocument()
    var filesWithFindings = 0

    mutating func read(_ input: LintInput) throws(ProgramFailure) {
        switch input.content {
        case .source(let bytes, let language):
            document.files += 1
            let found = Linter.findings(in: bytes, as: language)
            filesWithFindings += found.isEmpty ? 0 : 1
            let file = ShownBytes(input.path)
            document.findings += found.map { LintDocument.Item(file: file, finding: $0) }
            sarif.add(found, in: input.path)
            let text = report.text(found, in: input.path)
            if !text.isEmpty { try call.streams.output.writeAll(text) }
        case .unread(let why, let isFailure):
            let file = LintDocument.Unread(file: ShownBytes(input.path), why: why)
            if isFailure { document.unreadable.append(file) } else { document.skipped.append(file) }
            sarif.add(unread: input.path, why: why, isFailure: isFailure)
            say("\(isFailure ? "cannot read" : "skipped") \(LintReport.shown(input.path)): \(why)")
        }
    }

    mutating func finish() throws(ProgramFailure) -> ExitCode {
        switch report.format {
        case .json: try call.streams.output.writeJSON(document)
        case .sarif: try call.streams.output.writeJSON(sarif)
        case .text, .github:
            let reasons = report.reasons
            if !reasons.isEmpty { try call.streams.output.writeAll(reasons + "\n") }
        }
        let files = Units.counted(document.files, "file")
        let findings = document.findings.count
        let found = "\(Units.counted(findings, "finding")) in \(Units.grouped(filesWithFindings)) of \(files)"
        if document.files > 0 || document.unreadable.isEmpty {
            say(findings == 0 ? "nothing found in \(files)" : found)
        }
        if !document.unreadable.isEmpty { return .failed }
        return findings > 0 ? .found : .done
    }

    private func say(_ words: String) {
        // With standard error gone there is nowhere left to complain to.
        try? call.streams.errors.writeAll("\(call.program): \(words)\n")
    }
}
