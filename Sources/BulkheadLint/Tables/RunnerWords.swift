/// What runs a text or a function that it is given, in programs and in shells.
enum RunnerWords {
    /// Programs that read code in a language, from behind their flag or from their standard input.
    private static let interpreters: [(program: String, flags: Set<String>, language: LintLanguage)] = [
        ("python", ["-c"], .python), ("node", ["-e", "--eval", "-p"], .script), ("bun", ["-e"], .script),
        ("deno", ["eval"], .script),
    ]

    /// What may stand behind `#!`, beside those.
    private static let scripts: [LintLanguage: Set<String>] = [
        .shell: ["sh", "bash", "dash", "zsh", "ksh", "ash", "bats"], .swift: ["swift"], .recipe: ["make"],
        .script: ["tsx", "ts-node"],
    ]

    static func interpreter(_ program: some StringProtocol) -> (flags: Set<String>, language: LintLanguage)? {
        interpreters.first { one in
            program.hasPrefix(one.program)
                && program.dropFirst(one.program.count).allSatisfy { $0.isNumber || $0 == "." }
        }.map { ($0.flags, $0.language) }
    }

    /// The language of a script that begins with `#!` and a program.
    static func language(ofScriptFor program: String) -> LintLanguage? {
        interpreter(program)?.language ?? scripts.first { $0.value.contains(program) }?.key
    }

    /// What a text is worth reading for.
    static let programs = (["redis-cli", "valkey-cli", "<<"] + interpreters.map(\.program)).map { Array($0.utf8) }

    /// Commands of a shell that run a text, or a program, that they are given.
    static let shells: Set<String> = [
        "sh", "bash", "dash", "zsh", "ksh", "ash", "su", "ssh", "eval", "watch", "xargs", "docker", "podman", "kubectl",
        "docker-compose", "sudo", "nohup", "timeout", "parallel", "flock", "env", "alias", "trap", "exec", "time",
        "RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "oc", "nsenter", "runuser", "doas", "vagrant", "heroku", "gosu",
    ]

    /// Words in front of a command that do not belong to it.
    static let beforeCommands: Set<String> = [
        "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "sudo", "doas", "nohup", "exec",
        "command", "builtin",
    ]

    /// Commands that only speak about what stands behind them.
    static let speakers: Set<String> = [
        "echo", "printf", "print", "grep", "egrep", "fgrep", "rg", "which", "whereis", "type", "hash", "man", "apt",
        "apt-get", "apk", "yum", "dnf", "brew", "pip", "test", "[", "[[", "logger", "info", "warn", "error", "die",
        "log", "cat", "sed", "awk", "FROM", "COPY", "ADD", "LABEL", "alias", "pgrep", "pkill", "killall", "ls", "ln",
        "cp", "mv", "rm", "chmod", "case",
    ]

    /// Functions of programs that hand a text to a shell.
    private static let functions: Set<String> = [
        "system", "popen", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput",
        "create_subprocess_shell", "create_subprocess_exec", "spawn", "spawnSync", "execSync", "execFile",
        "execFileSync", "execa", "execaCommand", "execaSync",
    ]

    /// Parts of names, such as `run_command` and `remote_exec`, and those of functions that only speak.
    private static let runningParts: Set<String> = [
        "run", "runs", "exec", "execute", "command", "cmd", "shell", "sh", "bash", "ssh", "sudo", "eval", "retry",
    ]
    private static let speakingParts: Set<String> = [
        "log", "print", "echo", "show", "say", "describe", "explain", "format", "check", "assert", "expect", "is",
        "has", "parse", "test",
    ]

    /// True for `system`, `run_command`, `remoteExec`, and not for `log_command`.
    static func runs(_ name: String) -> Bool {
        if functions.contains(name) { return true }
        var parts: [String] = [""]
        for sign in name {
            if sign == "_" || sign == "-" || sign.isUppercase { parts.append("") }
            if sign != "_", sign != "-" { parts[parts.count - 1] += sign.lowercased() }
            guard parts.count < 16 else { return false }
        }
        return parts.contains { runningParts.contains($0) } && !parts.contains { speakingParts.contains($0) }
    }

    /// Functions that call a function they are given, now or later.
    private static let deferring: Set<String> = [
        "partial", "partialmethod", "to_thread", "run_in_executor", "run_in_threadpool", "run_sync", "submit",
        "sync_to_async", "Thread", "Timer", "call_soon", "call_later", "addfinalizer", "addCleanup", "register",
        "callback", "promisify", "setTimeout",
    ]

    static func defers(_ name: String) -> Bool { deferring.contains(name) }
}
