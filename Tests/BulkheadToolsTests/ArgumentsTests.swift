import Testing

@testable import BulkheadTools

@Suite("The arguments of a command") struct ArgumentsTests {
    private let flags = [
        Flag("to", .text("FILE"), "…"), Flag("policy", .choice(["fail", "skip"]), "…"),
        Flag("after", .duration("TIME"), "…"), Flag("only", .text("NAME"), isRepeatable: true, "…"),
        Flag("rate", .positiveInteger("N"), "…"),
    ]

    private func read(_ words: String...) throws(ProgramFailure) -> Arguments {
        try Arguments(reading: words, flags: flags, of: "bulkhead test")
    }

    private func message(_ words: String...) -> String? {
        do {
            _ = try Arguments(reading: words, flags: flags, of: "bulkhead test")
            return nil
        } catch {
            return error.message?.split(separator: "\n").first.map { String($0) }
        }
    }

    @Test func `a text is what stands behind the flag or its equals sign, dashes included`() throws {
        #expect(try read("--to", "a b").text(of: flags[0]) == "a b")
        #expect(try read("--to=--x=y").text(of: flags[0]) == "--x=y")
        #expect(try read("--to", "--policy").text(of: flags[0]) == "--policy")
        #expect(try read().text(of: flags[0]) == nil)
        #expect(message("--to=") == "bulkhead test: --to takes a FILE, not an empty text")
        #expect(message("--to") == "bulkhead test: --to needs a value: --to FILE")
    }

    @Test func `a choice is one of its words`() throws {
        #expect(try read("--policy", "skip").text(of: flags[1]) == "skip")
        #expect(
            message("--policy", "skpi")
                == "bulkhead test: --policy takes fail, skip, not 'skpi'; did you mean skip?")
    }

    @Test func `a time has a unit`() throws {
        #expect(try read("--after", "1500ms").duration(of: flags[2]) == .milliseconds(1_500))
        #expect(try read("--after", "2h").duration(of: flags[2]) == .seconds(7_200))
        for text in ["10", "ms", "0s", "-1s", "1.5s", "9223372036854775807h", "1s ", "1d"] {
            #expect(message("--after=\(text)")?.contains("takes a time such as") == true, "\(text)")
        }
    }

    @Test func `a message repeats no URL, in which a password may stand`() {
        for words in [
            ["redis://:secret@h"], ["--redis://:secret@h"], ["--rate", "redis://:secret@h"],
            ["--policy", "redis://:secret@h"], ["--after", "redis://:secret@h"],
        ] {
            var failure: ProgramFailure?
            do {
                _ = try Arguments(reading: words, flags: flags, of: "bulkhead test")
            } catch { failure = error }
            #expect(failure?.message?.contains("redis://…'") == true || words[0] == "--redis://:secret@h")
            #expect(failure?.message?.contains("secret") == false, "\(words)")
        }
        #expect("plain".inMessage == "plain")
        #expect("at redis://:a@b@cache:1/2, 'unix://x'".withoutLogins == "at redis://…@cache:1/2, 'unix://x'")
        #expect("redis://u:p@a redis://b \"redis://:p@c\"".withoutLogins == "redis://…@a redis://b \"redis://…@c\"")
    }

    @Test(arguments: [
        ["doctor"], ["check"], ["rdb"], ["flush"], ["backup", "--to", "/tmp/none/k.rdb"], ["help"], [],
        ["restore", "--into", "main"],
    ])
    func `a URL in the wrong place does not show its password`(words: [String]) async throws {
        let outcome = try await Bulkhead.run(words + ["redis://:secret@h"])
        #expect(outcome.exitCode != 0)
        #expect(!outcome.errors.contains("secret"), "\(outcome.errors)")
        guard ["doctor", "check", "flush", "backup"].contains(words.first) else { return }
        #expect(outcome.errors.contains("give the URL by --url"), "\(outcome.errors)")
    }

    @Test func `only a flag made for it may be repeated`() throws {
        #expect(try read("--only", "a", "--only=b").texts(of: flags[3]) == ["a", "b"])
        #expect(message("--rate", "1", "--rate", "2") == "bulkhead test: --rate is given twice")
    }
}
