import BulkheadBenchmarkSupport

/// What to feed, as the command line says it.
struct Settings: ProgramSettings {
    var inputs = 100_000
    var seed = 1
    var target = "all"
    var keep = "Tests/Fuzzer/Finds"
    var replay: String?
    var replayAll: String?
    /// A worker's: the file it shares with its supervisor, and its first input.
    var worker: String?
    var from = 0

    var runSeed: UInt64 { UInt64(seed) }
    /// Nil for all.
    var only: Target? { Target(rawValue: target) }

    static let program = "fuzz"
    static let summary =
        "Feeds broken input to whatever reads input, and compares what happens with what is promised. "
        + "An input that breaks a promise is kept in a file. Ends with 1 if one did."
    static let options: [Option] = [
        .integer("inputs", "<number>", \.inputs, in: 1...1_000_000_000_000, help: "how many"),
        .integer("seed", "<number>", \.seed, in: 0...Int.max, help: "the same inputs for the same seed"),
        .text(
            "target", "<\((Target.allCases.map(\.rawValue) + ["all"]).joined(separator: "|"))>", \.target,
            help: "what to feed"),
        .text("keep", "<folder>", \.keep, help: "where an input that breaks a promise is kept"),
        .text("replay", "<file>", \.replay, help: "feed a kept input again, and nothing else"),
        .text("replay-all", "<folder>", \.replayAll, help: "feed all kept inputs again, and nothing else"),
        .text("worker", "<file>", \.worker, help: "for its own use: feed in this process"),
        .integer("from", "<number>", \.from, in: 0...Int.max, help: "for its own use: the first input"),
    ]
}
