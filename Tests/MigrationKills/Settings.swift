import BulkheadBenchmarkSupport

/// How often to kill, and what.
struct Settings: Sendable {
    var rounds = 20
    var keys: Int?
    var seed: Int?
    var program: String?
    var only: String?

    static var table: ArgumentTable<Settings> {
        ArgumentTable(
            program: "migration-kills",
            summary: "Kills `bulkhead migrate`, or a server under it, or fills its target, at random instants and "
                + "resumes it. No key may be lost, doubled or evicted, no expiry may change, no acknowledged write "
                + "may be lost: exit code 1.",
            defaults: Settings(),
            options: [
                .integer("rounds", "<number>", \.rounds, in: 1...100_000, help: "kills of each row of the table"),
                .integer(
                    "keys", "<number>", \.keys, in: 100...1_000_000,
                    help: "keys of a round; else 10,000 in one server and 2,000 between two"),
                .integer("seed", "<number>", \.seed, in: 0...Int.max, help: "the same random choices again"),
                .text("program", "<path>", \.program, help: "the bulkhead to kill; else the one beside this program"),
                .text("only", "<words>", \.only, help: "rows whose name has these words, such as 'two servers'"),
            ])
    }
}
