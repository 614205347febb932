import Bulkhead

/// What a server's bare words mean to somebody at a terminal.
extension RedisError {
    /// True if this command is refused and others may not be: the user may not run it, or the server does not know it
    /// (by that name: its configuration may have given it another).
    var isOfOneCommand: Bool {
        stage == .answered && (code == .noPermission || isUnknownCommand)
    }

    var isUnknownCommand: Bool { code == .serverError && message.contains("unknown command") }

    /// True if the server is too old for the second word of a command.
    var isUnknownSubcommand: Bool {
        code == .serverError && message.lowercased().contains("unknown subcommand")
    }

    /// True if the user may run the command, and not on this key.
    var deniesKey: Bool { code == .noPermission && message.contains("key") && !message.contains("command") }

    /// The message, and in plain words what the server means where it says that by a word of its own alone.
    var explained: String {
        meaning.map { "\(self). \($0)" } ?? "\(self)"
    }

    /// The same of the message alone.
    var explainedMessage: String {
        meaning.map { "\(message). \($0)" } ?? message
    }

    private var meaning: String? {
        switch code.name {
        case "MOVED", "ASK":
            let words = message.split(separator: " ")
            let place = words.count > 2 ? " at \(words[2])" : ""
            return "The server is a node of a cluster, and another node\(place) has this key"
        case "CROSSSLOT": return "The server is a node of a cluster, where these keys are in different places"
        case "READONLY": return "The server is a replica, which takes no writes: name its primary"
        default: return nil
        }
    }
}
