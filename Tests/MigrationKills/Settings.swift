import BulkheadBenchmarkSupport

/// How often to kill, and what.
struct Settings: ProgramSettings {
    var rounds = 20
    var keys: Int?
    var seed: Int?
    var program: String?
    var only: String?

    static let program = "migration-kills"
    static let summary =
        "Kills `bulkhead migrate`, or a server under it, or fills its target, at random instants and "
        + "resumes it. No key may be lost, doubled or evicted, no expiry may change, no acknowledged write "
        + "may be lost: exit code 1."
    static let options: [Option] = [
        .integer("rounds", "<number>", \.rounds, in: 1...100_000, help: "rounds of each row; one has a kill or more"),
        .integer(
            "keys", "<number>", \.keys, in: 100...1_000_000,
            help: "keys of a round; else 10,000 in one server and 2,000 between two"),
        .seed(\.seed),
        .text("program", "<path>", \.program, help: "the bulkhead to kill; else the one beside this program"),
        .text("only", "<words>", \.only, help: "rows whose name has these words, such as 'two servers'"),
    ]
}
