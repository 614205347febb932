import BulkheadBenchmarkSupport

/// What to move, and how often.
struct Settings: ProgramSettings {
    var keys = 100_000
    var rounds = 5
    var program: String?

    static let program = "Benchmarks/migrate"
    static let summary =
        "Keys a second from one database of a server to another: bulkhead migrate beside scripts of "
        + "redis-py that DUMP, RESTORE and DELETE, in turns on one private server. Exit code 1 if bulkhead is "
        + "not five times as fast as the faster script."
    static let options: [Option] = [
        .integer("keys", "<number>", \.keys, in: 1_000...10_000_000, help: "keys to move in each turn"),
        .integer("rounds", "<number>", \.rounds, in: 1...100, help: "turns of each"),
        .text(
            "program", "<path>", \.program, help: "the bulkhead to measure; else the one beside this program"),
    ]
}
