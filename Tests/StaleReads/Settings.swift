import BulkheadBenchmarkSupport

/// How long to hunt.
struct Settings: Sendable {
    var reads = 1_000_000
    var seed: Int?

    static var table: ArgumentTable<Settings> {
        ArgumentTable(
            program: "stale-reads",
            summary: "Writes in four databases, flushes and swaps them and kills connections, while readers of two "
                + "caches look for values that are older than they may be. Exit code 1 if there was one.",
            defaults: Settings(),
            options: [
                .integer("reads", "<number>", \.reads, in: 1_000...1_000_000_000, help: "cached reads to make"),
                .integer("seed", "<number>", \.seed, in: 0...Int.max, help: "the same random choices again"),
            ])
    }
}
