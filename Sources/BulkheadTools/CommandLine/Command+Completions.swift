extension Command {
    /// `bulkhead completions bash|zsh|fish`: what a shell offers behind `bulkhead`.
    static let completions = Command(
        name: "completions",
        summary: "print the completions of a shell",
        usage: ["bulkhead completions bash|zsh|fish"],
        about: """
            Prints a script with which the shell completes commands, flags, and the names of the standard catalogue. \
            It is made from the same table as this help.
            """,
        operands: Operands(placeholder: "SHELL", count: 1...1, completion: .words(["bash", "zsh", "fish"])),
        examples: [
            Example("For bash, in ~/.bashrc:", "source <(bulkhead completions bash)"),
            Example("For zsh, in ~/.zshrc behind compinit:", "source <(bulkhead completions zsh)"),
            Example(
                "For fish, once:", "bulkhead completions fish > ~/.config/fish/completions/bulkhead.fish"),
        ],
        exitCodes: [.done, .usage, .ioFailed],
        run: { call throws(ProgramFailure) in
            let shell = call.arguments.operands[0]
            guard let script = CompletionScript.text(for: shell, commands: BulkheadProgram.commands) else {
                throw call.arguments.refused(
                    "no completions for '\(shell)'\(suggestion(for: shell, among: CompletionScript.shells))")
            }
            try call.streams.output.writeAll(script)
            return .done
        })
}
