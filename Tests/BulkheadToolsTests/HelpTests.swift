import BulkheadTools
import Testing

@Suite struct HelpTests {
    static let pages = [BulkheadProgram.page()] + BulkheadProgram.commands.map { HelpPage().command($0) }

    static let resp = BulkheadProgram.commands.first { $0.name == "resp" }.map { HelpPage().command($0) } ?? ""

    @Test(arguments: pages) func `no line of the help is longer than 80 columns`(page: String) {
        for line in page.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    @Test func `every command and every flag is on its page`() {
        for command in BulkheadProgram.commands {
            #expect(BulkheadProgram.page().contains("  \(command.name)  "))
            for flag in command.flags { #expect(HelpPage().command(command).contains("  \(flag.spelling)  ")) }
        }
    }

    @Test func `members of JSON have names with underscores`() {
        let tables = BulkheadProgram.commands.flatMap(\.tables).filter { $0.title.contains("printed with") }
        #expect(tables.count > 8)
        for (names, text) in tables.flatMap(\.rows) {
            #expect((names + " " + text).firstMatch(of: /[a-z][A-Z]/) == nil, "\(names) \(text)")
        }
    }

    @Test(arguments: BulkheadProgram.commands.flatMap(\.examples).filter { !$0.output.isEmpty }.map(\.call))
    func `an example prints what its page shows`(call: String) async throws {
        let example = BulkheadProgram.commands.flatMap(\.examples).first { $0.call == call }
        let outcome = try await Bulkhead.shell(call)
        #expect(outcome.text.split(separator: "\n").map(String.init) == example?.output)
        #expect(outcome.errors == "")
    }

    @Test(arguments: [
        (["--help"], BulkheadProgram.page()), (["-h"], BulkheadProgram.page()), (["help"], BulkheadProgram.page()),
        (["help", "resp"], resp), (["resp", "--help"], resp), (["resp", "--encode", "-h", "--bad"], resp),
        (["help", "help"], pages.last!), (["--version"], "bulkhead \(BulkheadProgram.version)"),
    ])
    func `what is asked for goes to standard output`(words: [String], page: String) async throws {
        let outcome = try await Bulkhead.shell((["bulkhead"] + words).joined(separator: " "))
        #expect(outcome.text == page + "\n")
        #expect(outcome.errors == "")
        #expect(outcome.exitCode == 0)
    }

    @Test func `without a command the page goes to standard error, and the exit code is 64`() async throws {
        let outcome = try await Bulkhead.run()
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors == BulkheadProgram.page() + "\n")
        #expect(outcome.exitCode == 64)
    }
}
