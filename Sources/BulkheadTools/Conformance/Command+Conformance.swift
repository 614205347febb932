import Bulkhead
import BulkheadConformance
import BulkheadConsole

extension Command {
    /// `bulkhead conformance`: a server held against what Redis and Valkey do.
    static let conformance = Command(
        name: "conformance",
        summary: "check whether a server behaves as Redis does",
        usage: [
            "bulkhead conformance [--url URL] [--databases N,N,N] [--prefix TEXT] [--chapter NAME]… [--destructive]",
            "bulkhead conformance --list [--chapter NAME]…",
            "bulkhead conformance --against URL [--url URL] [--seed N] [--commands N] [--databases N,N,N]",
        ],
        about: """
            Runs cases against a server, a proxy or a managed service, in RESP2 and RESP3, and reports for each \
            whether it passed, failed, or is not offered. Each case says what is sent and what must come back, \
            byte by byte where bytes are promised, and for which versions of servers. Every case passes \
            on Redis 6.2, 7.0 and 8.2 and Valkey 8.1 and 9.1, if it is for that version.

            It writes keys that begin with the prefix, in three databases, and deletes them. Cases that change \
            settings, users, scripts or all databases run only with --destructive: use a server that nobody else uses.

            With --against it sends two servers the same random commands instead, and compares their replies and \
            what they hold. It needs two servers whose databases of --databases are empty, and leaves them empty: it \
            writes, swaps and flushes these and no others. A difference without a known reason is shrunk to the \
            fewest commands that show it, printed as lines for redis-cli, and gives exit code 1.
            """,
        flags: [
            .url, .databases, .prefix, .chapter, .cases, .destructive, .judgedAs, .timeLimit, .list, .junit, .page,
            .against, .seed, .commandCount, .differences, .json, .quiet,
        ],
        examples: [
            Example("Check a test server with all cases:", "bulkhead conformance --url redis://test --destructive"),
            Example(
                "Check one chapter, with results for a CI server:",
                "bulkhead conformance --chapter handshake --junit results.xml"),
            Example("List the cases:", "bulkhead conformance --list"),
            Example(
                "Send two servers the same half million random commands:",
                "bulkhead conformance --url redis://a --against redis://b --commands 500000"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("server", #"{"product": "redis", "version": [7, 0, 15], …}"#),
                    ("results", #"[{"id": "databases/move", "chapter": "databases", "resp": 3,"#),
                    ("", #""outcome": "pass"|"fail"|"not-offered", "reason": "…","#),
                    ("", #""sentence": "…", "source": "…", "commands": ["MOVE"],"#),
                    ("", #""messages": [{"connection": "a", "sent": true, "bytes": "…"}]}]"#),
                ]),
            Table(
                title: "What is printed with --against and --json",
                rows: [
                    ("left, right", "as server above"),
                    ("left_address, right_address", "how the targets call the servers"),
                    ("seed, commands, sequences, whole_states", "what was sent and compared"),
                    ("new", #"[{"kind": "GET: nil / string", "count": 3, "script": ["SELECT 13", "…"],"#),
                    ("", #""repeatable": true, "sequence": 7}]"#),
                    ("known", #"[{"name": "…", "reason": "…", "count": 3, "kinds": ["…"]}]"#),
                    ("wordings", "as new: errors of one code whose other words differ"),
                    ("forms", "how many forms of commands both have"),
                    ("left_out", "commands and options that one of the servers does not have"),
                ]),
        ],
        exitCodes: [.done, .found, .failed, .usage, .badData, .ioFailed],
        run: runConformance)

    private static func runConformance(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let chapters = try ConformanceInput.chapters(call.arguments)
        if call.arguments.has(.list) {
            try call.streams.output.writeAll(ConformanceText.list(of: chapters))
            return .done
        }
        if call.arguments.has(.against) { return try runDifferential(call) }
        let target = try ConformanceInput.target(try ServerSelection(call.arguments), call.arguments)
        let options = try ConformanceInput.options(call.arguments)
        for flag in [Flag.junit, .page] {
            if let path = call.arguments.text(of: flag) { try NewFile.require(path, call.arguments) }
        }
        let run = ConformanceRun(target, options, chapters: chapters)
        let bar = call.progress("conformance", total: run.count, unit: "cases")
        let report: ConformanceReport
        do {
            report = try run.run { done in
                // Before the first case the server has answered, and nothing is written yet.
                if done == 0, !call.arguments.has(.quiet) {
                    call.say("\(call.program): \(target.address): writes \(options.footprint).\n")
                }
                bar.update(done: done)
            }
        } catch {
            throw ProgramFailure(.failed, "\(call.program): \(error.description)")
        }
        bar.end()
        if let path = call.arguments.text(of: .junit) { try NewFile.write(ConformanceText.junit(report), to: path) }
        if let path = call.arguments.text(of: .page) { try NewFile.write(ConformancePage.text(of: [report]), to: path) }
        try call.answer(report) { ConformanceText.summary(of: report, on: $0) }
        return report.failures.isEmpty ? .done : .found
    }
}

extension Flag {
    fileprivate static let databases = Flag(
        "databases", .text("N,N,N"), "the three databases to work in; default: 13,14,15")
    static let prefix = Flag(
        "prefix", .text("TEXT"), "how the names of its keys begin; default: bulkhead-conformance:")
    fileprivate static let chapter = Flag(
        "chapter", .text("NAME"), isRepeatable: true, "only this chapter; may be given several times")
    fileprivate static let cases = Flag(
        "cases", .text("FILE", .files), isRepeatable: true, "run the cases of this file instead of the program's own")
    fileprivate static let destructive = Flag(
        "destructive", .none, "also run what changes settings, users, scripts and all databases")
    fileprivate static let judgedAs = Flag(
        "as", .text("VERSION"), "run the cases of this version of Redis, whatever the server says it is")
    static let timeLimit = Flag("time-limit", .duration("TIME"), "the limit for each case; default: 10s")
    fileprivate static let list = Flag("list", .none, "list the cases and run none")
    fileprivate static let junit = Flag("junit", .text("FILE", .files), "also write the results as JUnit XML")
    fileprivate static let page = Flag("page", .text("FILE", .files), "also write a page: commands and cases")
}

/// What the flags of the command mean.
enum ConformanceInput {
    static func chapters(_ arguments: Arguments) throws(ProgramFailure) -> [ConformanceChapter] {
        var chapters: [ConformanceChapter] = []
        do throws(CaseSyntaxError) {
            for path in arguments.texts(of: .cases) {
                let name = path.split(separator: "/").last.map(String.init) ?? path
                let text = try text(of: path, arguments)
                chapters.append(
                    try ConformanceChapter(named: name.hasSuffix(".cases") ? String(name.dropLast(6)) : name, text))
            }
            if chapters.isEmpty { chapters = try ConformanceChapter.own() }
        } catch {
            throw ProgramFailure(.badData, "\(arguments.program): \(error.description)")
        }
        let wanted = arguments.texts(of: .chapter)
        for name in wanted where !chapters.contains(where: { $0.name == name }) {
            let known = chapters.map(\.name).joined(separator: ", ")
            throw arguments.refused("no chapter is named '\(name.inMessage)': \(known) are")
        }
        return wanted.isEmpty ? chapters : chapters.filter { wanted.contains($0.name) }
    }

    static func text(of path: String, _ arguments: Arguments) throws(CaseSyntaxError) -> String {
        var bytes: [UInt8] = []
        do throws(ProgramFailure) {
            try Descriptor.withFile(path) { file throws(ProgramFailure) in
                var block = InputBlock(file)
                while !block.hasEnded, bytes.count < 1 << 26 {
                    try block.read()
                    bytes += block.bytes
                }
            }
        } catch {
            throw CaseSyntaxError(file: path, line: 0, problem: error.message ?? "cannot be read")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func options(_ arguments: Arguments) throws(ProgramFailure) -> ConformanceOptions {
        var options = ConformanceOptions()
        if let text = arguments.text(of: .databases) {
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            let known = numbers.compactMap(\.self).filter { $0 >= 0 }
            guard known.count == numbers.count, (1...3).contains(known.count), Set(known).count == known.count else {
                throw arguments.refused("--databases takes up to three different numbers, such as 13,14,15")
            }
            options.databases = known
        }
        if let text = arguments.text(of: .judgedAs) {
            let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...3).contains(numbers.count), !numbers.contains(nil) else {
                throw arguments.refused("--as takes a version of Redis, such as 7.2")
            }
            options.judgedAs = numbers.compactMap(\.self)
        }
        if let prefix = arguments.text(of: .prefix) { options.keyPrefix = prefix }
        if let time = arguments.duration(of: .timeLimit) { options.timeLimit = time }
        options.allowsDestructive = arguments.has(.destructive)
        return options
    }

    static func target(
        _ selection: ServerSelection, _ arguments: Arguments
    ) throws(ProgramFailure) -> ConformanceTarget {
        let configuration = selection.configuration
        let address = configuration.address
        var target: ConformanceTarget
        if configuration.tls != nil {
            target = ConformanceTarget(streamsTo: address) { () throws(ConformanceError) in
                try EncryptedStream(to: configuration)
            }
        } else if address.hasPrefix("unix:") {
            target = ConformanceTarget(unixSocket: String(address.dropFirst(5)))
        } else if let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) {
            let host = address[..<colon].drop { $0 == "[" }
            target = ConformanceTarget(host: String(host.last == "]" ? host.dropLast() : host), port: port)
        } else {
            throw arguments.refused("it judges one server, given by its host and port or its socket")
        }
        target.username = configuration.username
        target.password = configuration.password?.text
        return target
    }
}
