/// One block of the table: what is known of a command, and how it is typed.
struct CommandFacts {
    /// In upper case, both words of a subcommand: `XGROUP CREATE`.
    let name: String
    /// `path:line`, for messages.
    let place: String
    /// The words behind the name that have a value: `since=6.0.6`.
    let values: [String: String]
    /// The words behind the name that stand alone: `cacheable`, `family`.
    let flags: Set<String>
    /// What it does.
    var sentence = ""
    /// What else there is to know.
    var note = ""
    var complexity = ""
    /// What came to it later: `several values 2.4.0`.
    var later = ""
    /// The function that does the same by a newer command: `set(_:_:expiry:condition:)`.
    var instead = ""
    /// Why it has no function.
    var reason = ""
    /// The words of its options that no function sends, each with the reason.
    var without: [String: String] = [:]
    /// Why it is never sent.
    var refusal = ""
    /// What the lint looks for.
    var lint: LintFacts?
    var functions: [TableFunction] = []

    /// `slot` is what decides about the server of a cluster where there is no key: a shard channel. `everywhere` is
    /// sent to all of a cluster's primaries, and `apart` in pieces, each with the keys of one slot.
    static let knownValues: Set = [
        "since", "redis", "valkey", "module", "keys", "slot", "effect", "route", "blocks", "on",
        "everywhere", "apart",
    ]
    /// `unrun` is typed, but no server of the tests has it: what is documented judges it.
    static let knownFlags: Set = ["cacheable", "family", "ignorable", "script", "unrun"]
    /// What becomes of the replies where a cluster's servers share the work.
    static let merges: Set = ["sum", "first", "concatenation", "elements"]
    /// What running it twice does: nothing, as much as running it once, more each time. `admin` changes a server, and
    /// `never` is not repeated. Of `by-arguments` `RedisSideEffect.swift` looks at
    /// the words.
    static let effects: Set = ["read", "idempotent", "accumulating", "admin", "never", "by-arguments"]
    /// The connection it takes: the shared lane, that of large and slow commands, one of its own, or only a lease that
    /// the caller holds already. `search` is for commands of indexes, which live in database 0. `refused` is never
    /// sent.
    static let routes: Set = ["shared", "bulk", "search", "lease", "connection", "refused"]
    /// Where the time stands for which it may wait on the server.
    static let waits: Set = ["last-seconds", "first-seconds", "fifth-seconds", "last-milliseconds", "BLOCK"]

    var effect: String { values["effect"] ?? "" }
    var route: String { values["route"] ?? "shared" }
    /// Whether its reply is the reason to say it. What only reads may still be said for something else: PING, TOUCH.
    var isReading: Bool { effect == "read" && !flags.contains("ignorable") }
    var isOfServer: Bool { values["on"] == "server" }
    /// Whether it needs a connection that the caller holds already.
    var isOfConnection: Bool { route == "connection" }
    /// Whether a cache can keep its reply: it depends on its one key, and on nothing else.
    var isOfCache: Bool { flags.contains("cacheable") && values["keys"] == "1" && isReading }

    /// Whether no server of the tests has it.
    var isUnrun: Bool { flags.contains("unrun") }

    /// `Redis 7.4.0, Valkey 9.0.0`, or of a module, `JSON 2.6.0`
    var since: String {
        let both = values["since"].map { ["Redis \($0)"] } ?? []
        let redis = values["redis"].map { ["Redis \($0)"] } ?? []
        if let module = values["module"] { return module.replacing("-", with: " ") }
        return (both + redis + (values["valkey"].map { ["Valkey \($0)"] } ?? [])).joined(separator: ", ")
    }
}

/// A function that the table describes: one way to say a command.
struct TableFunction {
    let place: String
    /// `lpos(_ key, _ element, rank: Int?) -> Int?`
    let signature: String
    /// An expression of the command's name; nil if it is that of the block.
    var name: String?
    /// Whether there is a second form that takes the elements of its list one by one.
    let hasTwin: Bool
    /// Its own sentence, note, complexity and version, where they are not the command's.
    var sentence: String?
    var note: String?
    var complexity: String?
    var since: String?
    /// The words behind the command's name; nil if they are the parameters in their order.
    var words: String?
    var returns = ""
    /// An expression that reads `reply`; nil if the type's own conversion does.
    var reading: String?
    /// What is the case if the list is empty: `zero`, `nothing`, `refused: reason`.
    var none: String?
    var route: String?
    var effect: String?
}

/// Why the lint forbids a command, and how clients call it: `move, with DB, no method`.
struct LintFacts {
    /// The case of the rule: `flush`.
    let rule: String
    /// What must stand behind the name: a word of its own, or `number` for nothing but a number.
    var with = ""
    /// Other names that clients give the method that sends it.
    var aliases: [String] = []
    /// Languages in which nothing but a client has such a method.
    var owned: [String] = []
    var isMethod = true

    /// Nil if it cannot be read.
    init?(_ text: String) {
        let parts = text.split(separator: ", ")
        guard let first = parts.first, !first.contains(" ") else { return nil }
        rule = String(first)
        for part in parts.dropFirst() {
            let words = part.split(separator: " ").map(String.init)
            switch words[0] {
            case "with" where words.count == 2: with = words[1]
            case "also" where words.count > 1: aliases = Array(words.dropFirst())
            case "owned" where words.count > 1: owned = Array(words.dropFirst())
            case "no" where words == ["no", "method"]: isMethod = false
            default: return nil
            }
        }
    }
}
