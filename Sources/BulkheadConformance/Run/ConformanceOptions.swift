/// What a run may touch, and how long it may take.
public struct ConformanceOptions: Sendable {
    /// The databases that cases work in: up to three, of which the first is `{db}`.
    public var databases = [13, 14, 15]
    /// The beginning of the names of all keys, channels, users and libraries that cases make.
    public var keyPrefix = "bulkhead-conformance:"
    /// Whether cases may change what belongs to the whole server: its settings, users, scripts, and other databases.
    public var allowsDestructive = false
    /// How long a case may take in one protocol.
    public var timeLimit = Duration.seconds(10)

    /// The version of Redis whose cases are run; nil: what the server says it is.
    public var judgedAs: [Int]?
    /// Whether the first failure ends the run.
    public var stopsAtFailure = false

    /// Databases 13 to 15, nothing destructive, 10 s for a case.
    public init() {}

    /// What a name stands for in a case in one protocol: the number of a database, or a key that no other case has, so
    /// that what one leaves behind makes no other fail.
    func bytes(named name: String, in test: ConformanceCase, _ version: Int) -> [UInt8] {
        if let place = ["db", "db2", "db3"].firstIndex(of: name) {
            return Array(String(databases.indices.contains(place) ? databases[place] : 0).utf8)
        }
        return Array("\(keyPrefix)\(test.id):\(version):\(name)".utf8)
    }

    /// What a run touches, in words for whoever owns the server.
    public var footprint: String {
        let numbers = databases.map(String.init).joined(separator: ", ")
        return "keys that begin with \(keyPrefix) in the databases \(numbers)"
            + (allowsDestructive
                ? "; with --destructive also settings, users, scripts, functions and every database of the server" : "")
    }
}
