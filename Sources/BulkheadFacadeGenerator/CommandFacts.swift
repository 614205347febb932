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
    /// What it does; empty where functions written by hand say it.
    var sentence = ""
    /// What else there is to know.
    var note = ""
    var complexity = ""
    /// What came to it later: `several values 2.4.0`.
    var later = ""
    /// The names of the functions that are written by hand.
    var hand: [String] = []
    /// The function that does the same by a newer command: `set(_:_:expiry:condition:)`.
    var instead = ""
    /// Why it has no function.
    var reason = ""
    /// The words of its options that no function sends, each with the reason.
    var without: [String: String] = [:]
    /// Why it is never sent.
    var refusal = ""
    var functions: [TableFunction] = []

    /// `slot` is what decides about the server of a cluster where there is no key: a shard channel.
    static let knownValues: Set = [
        "since", "redis", "valkey", "module", "keys", "slot", "effect", "route", "blocks", "on",
    ]
    static let knownFlags: Set = ["cacheable", "family", "ignorable"]
    static let effects: Set = ["read", "idempotent", "accumulating", "admin", "never", "by-arguments"]
    static let routes: Set = ["shared", "bulk", "lease", "connection", "refused"]
    static let waits: Set = ["last-seconds", "first-seconds", "last-milliseconds", "BLOCK"]

    var effect: String { values["effect"] ?? "" }
    var route: String { values["route"] ?? "shared" }
    /// Whether its reply is the reason to say it. What only reads may still be said for something else: PING, TOUCH.
    var isReading: Bool { effect == "read" && !flags.contains("ignorable") }
    var isOfServer: Bool { values["on"] == "server" }

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
