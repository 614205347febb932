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
        if isOfInterruption { return wordsOfInterruption }
        // What a tool refuses by itself is in its own words; a code adds nothing to them.
        let words = code == .commandRefused && command == nil && database == nil ? message : "\(self)"
        return meaning.map { "\(words). \($0)" } ?? words
    }

    /// The same of the message alone.
    var explainedMessage: String {
        isOfInterruption ? wordsOfInterruption : meaning.map { "\(message). \($0)" } ?? message
    }

    /// What whoever writes a program is told of a URL with a database's number, which redis-cli takes; of no use at a
    /// prompt.
    private static let adviceToPrograms = "databases have names here, so remove it and use databases[.name]"

    /// The message about a URL of the command line or the environment.
    var wordsOnURL: String {
        guard let advice = message.firstRange(of: Self.adviceToPrograms) else { return message }
        // `has the path /3: `; what is no number may be a part of a password.
        let path = message[..<advice.lowerBound].split(separator: " ").last.map { $0.dropLast() } ?? ""
        let digits = path.dropFirst()
        let isNumber = path.hasPrefix("/") && !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
        let (number, what) = isNumber ? (String(digits), String(path)) : ("its number", "it")
        let words = message.replacing(
            Self.adviceToPrograms,
            with: "remove \(what), and give \(number), or its name, where the command takes a database's name")
        return isNumber ? words : words.replacing("the path \(path): ", with: "a path: ")
    }

    /// The message about a catalogue's file, in which a number has a place of its own.
    var wordsOnFile: String {
        message.replacing(Self.adviceToPrograms, with: "remove it, and give the number as \"number\"")
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
