import BulkheadBenchmarkSupport

/// What to do to the server and to the callers, as the command line says it.
struct Settings: ProgramSettings {
    var minutes = 1.0
    var seed: Int?
    var callers = 64
    var threads = 3
    var forgetful = false
    var json = false

    static let program = "soak"
    static let summary =
        "Callers that cancel, run late and lose their server, subscribers, transactions, consumers of a "
        + "stream and client-side caches, against a private server that syncs every write. No reply may reach "
        + "another caller, no acknowledged write, message or entry may be lost, and no cached read may be "
        + "stale: exit code 1."
    static let options: [Option] = [
        .number("minutes", "<number>", \.minutes, in: 0.05...1_440, help: "how long the load lasts"),
        .seed(\.seed),
        .integer("callers", "<number>", \.callers, in: 1...10_000, help: "tasks that call"),
        .integer("threads", "<number>", \.threads, in: 0...64, help: "threads that call and block"),
        .flag(
            "forgetful", \.forgetful,
            help: "a server that keeps nothing on disk: the run must find lost writes, or it finds none ever"),
        .flag("json", \.json, help: "print one line of JSON"),
    ]
}
