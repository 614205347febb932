import BulkheadBenchmarkSupport

/// Which faults, and how often.
struct Settings: ProgramSettings {
    var rounds = 3
    var failovers = 50
    var places: [String] = Place.allCases.map(\.rawValue)
    var faults: String?
    var valkey: String?
    var hosts: String?
    var isPart = false

    static let program = "fault-table"
    static let summary =
        "Lets four writers count while servers fail, and prints what each fault cost them. Every INCR has a "
        + "key of its own, so it is known of each what became of it. Exit code 1 if one ran twice, or ran "
        + "although its error said that it cannot have."
    static let options: [Option] = [
        .integer("rounds", "<number>", \.rounds, in: 1...1_000, help: "how often each fault happens"),
        .integer(
            "failovers", "<number>", \.failovers, in: 1...10_000,
            help: "how often a group fails over because it is told to"),
        .list("places", "<places>", \.places, of: Place.allCases.map(\.rawValue), help: "where names live"),
        .text("faults", "<text>", \.faults, help: "only faults whose name contains it"),
        .text("valkey", "<path>", \.valkey, help: "a server of Valkey 9, for the cluster with four names"),
        .text("hosts", "<path>", \.hosts, help: "the file that is /etc/hosts here; the program sets it itself"),
        .flag("part", \.isPart, help: "do the work; without it the program starts itself with both of these"),
    ]
}

/// Where the name lives.
enum Place: String, CaseIterable, Sendable {
    case server, sentinels, cluster
    /// Four names in one cluster.
    case names
}
