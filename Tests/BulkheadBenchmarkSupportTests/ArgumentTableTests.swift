import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct ArgumentTableTests {
    struct Settings: Equatable {
        var rate = 2_000
        var seconds = 2.5
        var host = "127.0.0.1"
        var output: String?
        var layouts = ["one", "two"]
        var json = false
    }

    private static let rateHelp = "GETs sent a second, at instants that do not wait for the answers before them"

    private let table = ArgumentTable(
        program: "isolation", summary: "Measures cache GET latency beside vector scans.", defaults: Settings(),
        options: [
            .integer("rate", "<per second>", \.rate, in: 1...1_000_000, help: rateHelp),
            .number("seconds", "<s>", \.seconds, in: 0.1...3_600, help: "length of a round"),
            .text("host", "<name>", \.host, help: "the server"),
            .text("output", "<a file that is to be written>", \.output, help: "also write JSON here"),
            .list("layouts", "<a,b>", \.layouts, of: ["one", "two", "three"], help: "what to measure"),
            .flag("json", \.json, help: "print JSON"),
        ])

    private func settings(_ line: String...) throws -> Settings? {
        if case .run(let settings) = try table.parse(line) { settings } else { nil }
    }

    @Test func `an empty line gives the defaults`() throws {
        #expect(try settings() == Settings())
    }

    @Test func `every option lands in its place, in any order`() throws {
        let all = try settings(
            "--json", "--layouts", "three,one", "--output", "out.json", "--host", "::1", "--seconds", "10",
            "--rate", "1")
        var expected = Settings()
        expected.json = true
        expected.layouts = ["three", "one"]
        expected.output = "out.json"
        expected.host = "::1"
        expected.seconds = 10
        expected.rate = 1
        #expect(all == expected)
    }

    private func message(_ line: String...) -> String? {
        do {
            _ = try table.parse(line)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `an unknown option is named, with the one that was meant`() {
        #expect(message("--rat", "5") == "unknown flag --rat; did you mean --rate?")
        #expect(message("--rat=5") == "unknown flag --rat; did you mean --rate?")
        #expect(message("--nothing") == "unknown flag --nothing")
    }

    @Test func `an option without its value says what is missing`() {
        #expect(message("--rate") == "--rate needs a value: --rate <per second>")
        #expect(message("--host") == "--host needs a value: --host <name>")
        #expect(message("--rate", "--json")?.hasPrefix("--rate takes a whole number") == true)
    }

    @Test(arguments: ["0", "1000001", "2e3", "1,000", "", " 5", "-1"])
    func `a whole number outside its range or in another form is refused`(_ value: String) {
        let given = value.isEmpty ? "an empty text" : "'\(value)'"
        #expect(message("--rate", value) == "--rate takes a whole number from 1 to 1000000, not \(given)")
    }

    @Test func `both ends of a range are inside it`() throws {
        #expect(try settings("--rate", "1")?.rate == 1)
        #expect(try settings("--rate", "1000000")?.rate == 1_000_000)
        #expect(try settings("--seconds", "0.1")?.seconds == 0.1)
        #expect(try settings("--seconds", "3600")?.seconds == 3_600)
    }

    @Test(arguments: ["nan", "inf", "0.05", "3601", "ten"])
    func `a number outside its range or in another form is refused`(_ value: String) {
        #expect(message("--seconds", value) == "--seconds takes a number from 0.1 to 3600.0, not '\(value)'")
    }

    @Test(arguments: ["", "four", "one,", "one,one", ",two"])
    func `a list holds known words, each once`(_ value: String) {
        let start = "--layouts takes one or more of one,two,three, each once, not "
        #expect(message("--layouts", value)?.hasPrefix(start) == true)
    }

    @Test func `an empty text is refused`() {
        #expect(message("--host", "") == "--host takes a <name>, not an empty text")
    }

    @Test func `an option given twice is refused`() {
        #expect(message("--rate", "1", "--rate", "1") == "--rate is given twice")
        #expect(message("--json", "--json") == "--json is given twice")
    }

    @Test func `a value may be joined by =, and what takes none says so`() throws {
        #expect(try settings("--rate=5")?.rate == 5)
        #expect(try settings("--host=--x")?.host == "--x")
        #expect(message("--json=true") == "--json takes no value")
    }

    @Test func `a word that belongs to no option is refused`() {
        #expect(message("--rate", "5", "stray") == "unexpected argument 'stray'")
        #expect(message("-") == "unexpected argument '-'")
        #expect(message("-r") == "unknown flag -r; did you mean --rate?")
        #expect(message("--", "--rate") == "unexpected argument '--rate'")
    }

    @Test func `no error repeats a URL, in which a password may stand`() {
        let url = "redis://:s3cret@h"
        for message in [message("--rate", url), message(url), message("--nothing=\(url)"), message("--json=\(url)")] {
            #expect(message?.contains("s3cret") == false)
        }
    }

    @Test func `help shows every option with its placeholder, its text and its default`() throws {
        guard case .help(let help) = try table.parse(["--help"]) else {
            Issue.record("no help")
            return
        }
        #expect(
            help == """
                Measures cache GET latency beside vector scans.

                Usage: isolation [options]

                  --rate <per second>  GETs sent a second, at instants that do not wait for the
                                       answers before them (default: 2000)
                  --seconds <s>        length of a round (default: 2.5)
                  --host <name>        the server (default: 127.0.0.1)
                  --output <a file that is to be written>
                                       also write JSON here
                  --layouts <a,b>      what to measure (default: one,two)
                  --json               print JSON
                  -h, --help           print this page

                """)
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `help is given wherever it is asked for, whatever else is wrong with the line`() throws {
        guard case .help = try table.parse(["--nothing", "--rate", "--help"]) else {
            Issue.record("no help")
            return
        }
    }

    @Test func `every default in the help is accepted as a value`() throws {
        for option in table.options {
            guard let text = option.defaultText(Settings()) else { continue }
            #expect(try settings("--" + option.flag.name, text) == Settings())
        }
    }

    @Test func `a whole number without a default is none until it is given, and help shows no default for it`() throws {
        struct Pinned: Equatable { var core: Int? }
        let table = ArgumentTable(
            program: "p", summary: "s", defaults: Pinned(),
            options: [.integer("core", "<n>", \.core, in: 0...7, help: "the core")])
        guard case .run(let without) = try table.parse([]), case .run(let with) = try table.parse(["--core", "0"])
        else { throw ArgumentError("help was given instead") }
        #expect(without.core == nil)
        #expect(with.core == 0)
        #expect(!table.help().contains("default:"))
        #expect(throws: ArgumentError("--core takes a whole number from 0 to 7, not '8'")) {
            try table.parse(["--core", "8"])
        }
    }
}
