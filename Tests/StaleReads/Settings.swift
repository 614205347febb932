import BulkheadBenchmarkSupport

/// How long to hunt.
struct Settings: ProgramSettings {
    var reads = 1_000_000
    var seed: Int?

    static let program = "stale-reads"
    static let summary =
        "Writes in four databases, flushes and swaps them and kills connections, while readers of two "
        + "caches look for values that are older than they may be. Exit code 1 if there was one."
    static let options: [Option] = [
        .integer("reads", "<number>", \.reads, in: 1_000...1_000_000_000, help: "cached reads to make"),
        .seed(\.seed),
    ]
}
