import Bulkhead

/// Scripts of completions for shells, made from the table of commands.
package enum CompletionScript {
    package static let shells = ["bash", "zsh", "fish"]

    /// The script; nil for a shell that is not known.
    package static func text(for shell: String, commands: [Command]) -> String? {
        switch shell {
        case "bash": bash(commands)
        // zsh runs bash's completions by a layer of its own; one script then serves both.
        case "zsh": "autoload -U +X bashcompinit && bashcompinit\n" + bash(commands)
        case "fish": fish(commands)
        default: nil
        }
    }

    private static func bash(_ commands: [Command]) -> String {
        var text = """
            _bulkhead() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
                local commands="\(commands.map(\.name).joined(separator: " ")) --help --version"
                COMPREPLY=()
                if [ "$COMP_CWORD" -eq 1 ]; then
                    COMPREPLY=($(compgen -W "$commands" -- "$word"))
                    return
                fi
                case "${COMP_WORDS[1]} $before" in

            """
        for command in commands {
            for flag in command.flags where flag.value.placeholder != nil {
                let reply = bashReply(flag.completion, commands)
                text += "        \"\(command.name) --\(flag.name)\") \(reply); return ;;\n"
            }
        }
        text += "    esac\n    case ${COMP_WORDS[1]} in\n"
        for command in commands {
            let flags = (command.flags + [.help]).map { "--\($0.name)" }.joined(separator: " ")
            text += "        \(command.name))\n"
            let reply = "COMPREPLY=($(compgen -W \"\(flags)\" -- \"$word\"))"
            text += "            case $word in -*) \(reply); return ;; esac\n"
            text += "            \(bashReply(command.operands.completion, commands)) ;;\n"
        }
        return text + "    esac\n}\ncomplete -F _bulkhead bulkhead\n"
    }

    private static func bashReply(_ completion: Flag.Completion, _ commands: [Command]) -> String {
        let words = words(of: completion, commands)
        if completion == .files { return #"COMPREPLY=($(compgen -f -- "$word"))"# }
        return words.isEmpty ? ":" : #"COMPREPLY=($(compgen -W "\#(words.joined(separator: " "))" -- "$word"))"#
    }

    private static func fish(_ commands: [Command]) -> String {
        var text = "complete -c bulkhead -f\n"
        for command in commands {
            text += "complete -c bulkhead -n __fish_use_subcommand -a \(command.name) -d \(quoted(command.summary))\n"
            let here = "complete -c bulkhead -n '__fish_seen_subcommand_from \(command.name)'"
            for flag in command.flags + [.help] {
                var line = "\(here) -l \(flag.name) -d \(quoted(flag.help))"
                if let short = flag.short { line += " -s \(short)" }
                if flag.value.placeholder != nil { line += fishWords(flag.completion, commands, required: true) }
                text += line + "\n"
            }
            let operands = fishWords(command.operands.completion, commands, required: false)
            if !operands.isEmpty { text += here + operands + "\n" }
        }
        return text
    }

    private static func fishWords(
        _ completion: Flag.Completion, _ commands: [Command], required: Bool
    ) -> String {
        let words = words(of: completion, commands)
        let start = required ? " -r" : ""
        if completion == .files { return start + " -F" }
        return start + (words.isEmpty ? "" : " -a '\(words.joined(separator: " "))'")
    }

    private static func words(of completion: Flag.Completion, _ commands: [Command]) -> [String] {
        switch completion {
        case .nothing, .files: []
        case .commands: commands.map(\.name)
        case .databases: DatabaseCatalogue.standard.entries.map(\.name.text)
        case .words(let words): words
        }
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

extension Flag {
    fileprivate var completion: Flag.Completion {
        switch value {
        case .text(_, let completion): completion
        case .choice(let words): .words(words)
        case .none, .list, .integer, .number, .duration: .nothing
        }
    }
}
