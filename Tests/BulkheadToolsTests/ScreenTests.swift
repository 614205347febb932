import Bulkhead
import BulkheadConsole
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("On a screen", .timeLimit(.minutes(10))) struct ToolScreenTests {
    @Test(arguments: [50, 80, 200])
    func `every page of help fits, but for what is there to be copied`(columns: Int) {
        let pages = BulkheadProgram.commands.map { HelpPage(columns: columns).command($0) }
        for line in ([BulkheadProgram.page(columns: columns)] + pages).flatMap({ $0.split(separator: "\n") }) {
            // Calls, and JSON that is one word.
            let isCopied = line.hasPrefix("    ") || line.contains("{\"t\"")
            #expect(line.count <= columns || isCopied, "\(line)")
        }
    }

    @Test(arguments: [50, 80]) func `help asks the terminal for its width, and a pipe gets 80 columns`(columns: Int)
        async throws
    {
        let shown = try await Bulkhead.onTerminal(["help", "resp"], columns: columns)
        #expect(shown.lines == HelpPage(columns: columns).command(.resp).split(separator: "\n").map { String($0) })
        #expect(try await Bulkhead.run("help", "resp").text == HelpPage(columns: 80).command(.resp) + "\n")
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: [50, 80])
    func `the progress of a move never wraps`(columns: Int) async throws {
        try await withToolServer { server, databases in
            for number in 0..<60 { try await databases[.main].set("key:\(number)", "value") }
            let shown = try await Bulkhead.onTerminal(
                [
                    "migrate", "--from", "main", "--to", "knowledge", "--all", "--rate", "50", "--yes", "--url",
                    server.url,
                ], columns: columns)
            #expect(shown.exitCode == 0, "\(shown.text)")
            let progress = shown.lines.filter { $0.hasPrefix("migrate  ") }
            #expect(!progress.isEmpty)
            for line in progress { #expect(line.count < columns, "\(line)") }
        }
    }

    @Test(arguments: [50, 80, 200])
    func `doctor fits and shows warnings in colour, and a pipe gets whole lines without any`(columns: Int)
        async throws
    {
        try await withToolServer { server, databases in
            try await databases["db7"].set("key", "value")
            let words = ["doctor", "--url", server.url]
            let shown = try await Bulkhead.onTerminal(words, columns: columns)
            #expect(shown.text.contains("\u{1b}[33mwarning\u{1b}[0m"))
            for line in shown.lines where !line.contains("$ ") { #expect(line.count <= columns, "\(line)") }
            let plain = try await Bulkhead.onTerminal(words, columns: columns, environment: ["NO_COLOR": "1"])
            #expect(!plain.text.contains("\u{1b}"))
            let dumb = try await Bulkhead.onTerminal(words, columns: columns, environment: ["TERM": "dumb"])
            #expect(!dumb.text.contains("\u{1b}"))
            let piped = try await Bulkhead.run(words)
            #expect(!piped.text.contains("\u{1b}"))
            #expect(
                piped.text.contains(
                    "warning  no maxmemory is set: the server grows until the system ends it.\n         → Set "
                        + "maxmemory below the machine's memory, with room for a snapshot's copy-on-write.\n"))
        }
    }

    @Test func `a message is wrapped between words on a terminal, and one line in a pipe`() async throws {
        let words = ["check", "mian"]
        let shown = try await Bulkhead.onTerminal(words, columns: 50)
        let piped = try await Bulkhead.run(words)
        for line in shown.lines { #expect(line.count <= 50) }
        #expect(shown.words == piped.errors.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        #expect(piped.errors.split(separator: "\n").count == 2)
        #expect(piped.errors.contains("; did you mean main?"))
    }

    @Test(arguments: [
        (["resp"], "\u{4}", "reads protocol bytes"), (["resp", "--encode"], "\u{4}", "reads commands"),
    ])
    func `resp on a terminal says what it waits for`(words: [String], typed: String, says: String) async throws {
        let shown = try await Bulkhead.onTerminal(words, columns: 80, typing: typed)
        #expect(shown.words.contains(says), "\(shown.text)")
        #expect(try await Bulkhead.run(words).errors == "")
    }

    @Test(arguments: [["resp"], ["migrate", "--from", "main", "--to", "knowledge", "--all", "--rate", "1"]])
    func `SIGQUIT ends it at once, as any other program`(words: [String]) async throws {
        try await withToolServer { server, databases in
            for number in 0..<100 { try await databases[.main].set("key:\(number)", "value") }
            // Whoever runs the tests may have it ignored, and the program would inherit that.
            signal(SIGQUIT, SIG_DFL)
            let call = words.count == 1 ? words : words + ["--yes", "--url", server.url]
            let shown = try await Bulkhead.onTerminal(call, columns: 80) { process, terminal in
                // It has come so far that it waits, for input or for its pace.
                func isWaiting() async throws -> Bool {
                    call.count > 1 ? try await databases[.knowledge].dbsize() > 0 : !terminal.read().isEmpty
                }
                while try await !isWaiting() { try await Task.sleep(for: .milliseconds(5)) }
                kill(process, SIGQUIT)
            }
            #expect(shown.exitCode == SIGQUIT)
            #expect(!shown.text.contains("Backtrace"))
        }
    }
}

@Suite("What can be pasted") struct PastedTests {
    private func pasted(_ url: String) throws -> String? {
        try Arguments(reading: ["--url", url], flags: [.url], of: "bulkhead check").pasted(.url)
    }

    @Test func `a URL without a login is given as it is, and one with a login is left to be filled in`() throws {
        #expect(try pasted("redis://cache:6380") == "--url redis://cache:6380")
        #expect(try pasted("unix:///run/my redis.sock") == "--url 'unix:///run/my redis.sock'")
        #expect(try pasted("unix:///run/redis.sock?protocol=2") == "--url 'unix:///run/redis.sock?protocol=2'")
        #expect(try pasted("redis://:secret@cache") == "--url URL")
        #expect(try pasted("redis://user:secret@cache") == "--url URL")
        #expect(try pasted("no url at all") == "--url URL")
    }

    @Test func `the remedy of a stopped move runs as it stands`() async throws {
        try await withToolServer { server, databases in
            for name: DatabaseName in [.main, .knowledge] { try await databases[name].set("doc:1", name.text) }
            let words = ["migrate", "--from", "main", "--to", "knowledge", "--all", "--url", server.url]
            let stopped = try await Bulkhead.run(words)
            let remedy = try #require(stopped.errors.split(separator: "\n").first { $0.hasPrefix("  bulkhead") })
            let outcome = try await Bulkhead.shell(remedy + " --on-conflict replace")
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try await databases[.main].dbsize() == 0)
        }
    }
}

@Suite("The manual and the catalogue") struct ManualTests {
    private var manual: String {
        ManualPage.text(
            version: BulkheadProgram.version, commands: BulkheadProgram.commands, flags: BulkheadProgram.flags)
    }

    @Test func `the manual has every command, flag and exit code`() async throws {
        let outcome = try await Bulkhead.run("help", "--man")
        #expect(outcome.text == manual)
        for command in BulkheadProgram.commands {
            #expect(manual.contains(".SH \"BULKHEAD \(command.name.uppercased())\""))
            for flag in command.flags {
                #expect(manual.contains("\\-\\-\(flag.name.replacing("-", with: "\\-"))"), "\(flag.name)")
            }
        }
        #expect(try await Bulkhead.run("help", "check", "--man").exitCode == 64)
    }

    @Test func `nothing in the manual is taken for a macro, and all of it is ASCII`() {
        let macros: Set = ["TH", "SH", "SS", "TP", "PP", "RS", "RE", "nf", "fi", "br"]
        for line in manual.split(separator: "\n") {
            #expect(line.utf8.count == line.unicodeScalars.count)
            guard line.hasPrefix(".") || line.hasPrefix("'") else { continue }
            #expect(macros.contains(String(line.dropFirst().prefix { $0.isLetter })), "\(line)")
        }
    }

    /// Where one of them is installed, the page is read by it.
    @Test(.enabled(if: Reader.all.contains { $0.isInstalled }), arguments: Reader.all.filter(\.isInstalled))
    func `a reader of manuals finds no fault with it`(reader: Reader) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-\(UUID()).1")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(manual.utf8).write(to: file)
        let outcome = try await Bulkhead.shell(reader.call.replacing("FILE", with: file.path))
        let printed = reader.isSilent ? outcome.text : ""
        let complaints = (outcome.errors + printed).split(separator: "\n")
            // A build can be repeated byte for byte, so there is no date.
            .filter { !$0.contains("missing date") }
        #expect(complaints == [])
    }

    struct Reader: Sendable, CustomTestStringConvertible {
        let program: String
        let call: String
        /// Prints nothing but complaints.
        let isSilent: Bool

        var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)") }
        var testDescription: String { program }

        static let all = [
            Reader(program: "mandoc", call: "mandoc -T lint -W warning FILE", isSilent: true),
            Reader(program: "groff", call: "groff -man -ww -Tutf8 FILE", isSilent: false),
        ]
    }
}

@Suite("Backup looks first") struct BackupFolderTests {
    @Test func `a folder that no file can be made in is found before the server forks`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await databases[.main].set("key", "value")
            let outcome = try await Bulkhead.run(
                "backup", "main", "--to", server.folder + "/nowhere/main.rdb", "--url", server.url)
            #expect(outcome.exitCode == 74)
            #expect(outcome.errors.hasPrefix("bulkhead backup: creating a file in "), "\(outcome.errors)")
            let facts = try await ServerFacts(of: databases[.main])
            #expect(facts.info["sync_full"] == "0")
            let done = try await Bulkhead.run(
                "backup", "main", "--to", server.folder + "/main.rdb", "--url", server.url)
            #expect(done.exitCode == 0, "\(done.errors)")
            let names = try FileManager.default.contentsOfDirectory(atPath: server.folder)
            #expect(!names.contains { $0.hasSuffix(".partial") })
        }
    }
}
