import BulkheadTools
import Testing

@Suite("Completions") struct CompletionTests {
    /// What bash offers for the last of `words`.
    private func offered(_ words: String...) async throws -> [String] {
        let list = words.map { "'\($0)'" }.joined(separator: " ")
        let outcome = try await Bulkhead.shell(
            """
            bash -c 'source <(bulkhead completions bash); COMP_WORDS=(\(list.replacing("'", with: "\"")));
            COMP_CWORD=\(words.count - 1); _bulkhead; printf "%s\\n" "${COMPREPLY[@]}"'
            """)
        #expect(outcome.errors == "")
        return outcome.text.split(separator: "\n").map { String($0) }
    }

    @Test func `bash completes commands, flags and choices`() async throws {
        #expect(try await offered("bulkhead", "re").contains("resp"))
        #expect(try await offered("bulkhead", "resp", "--e") == ["--encode"])
        #expect(try await offered("bulkhead", "completions", "") == ["bash", "zsh", "fish"])
        #expect(try await offered("bulkhead", "help", "co").contains("completions"))
    }

    @Test(arguments: CompletionScript.shells) func `every flag of every command is offered`(shell: String) throws {
        let script = try #require(CompletionScript.text(for: shell, commands: BulkheadProgram.commands))
        for flag in BulkheadProgram.commands.flatMap(\.flags) {
            #expect(script.contains(shell == "fish" ? "-l \(flag.name) " : "--\(flag.name)"))
        }
    }

    @Test func `another shell is refused`() async throws {
        let outcome = try await Bulkhead.run("completions", "fihs")
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains("did you mean fish?"))
    }
}
