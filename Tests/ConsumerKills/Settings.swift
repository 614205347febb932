import BulkheadBenchmarkSupport

/// How often to kill.
struct Settings: ProgramSettings {
    var kills = 200
    var seed: Int?
    var worker: String?
    var socket: String?

    static let program = "consumer-kills"
    static let summary =
        "Kills one of two consumers of a stream at random instants and starts it again. No entry may be "
        + "lost, and none handled twice that was not under way at a kill: exit code 1."
    static let options: [Option] = [
        .integer("kills", "<number>", \.kills, in: 1...100_000, help: "how often one is killed"),
        .seed(\.seed),
        .text("worker", "<name>", \.worker, help: "be a worker of that name; needs --socket"),
        .text("socket", "<path>", \.socket, help: "the server of a worker"),
    ]
}
