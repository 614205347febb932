import BulkheadBenchmarkSupport

/// How often to kill.
struct Settings: Sendable {
    var kills = 200
    var seed: Int?
    var worker: String?
    var socket: String?

    static var table: ArgumentTable<Settings> {
        ArgumentTable(
            program: "consumer-kills",
            summary: "Kills one of two consumers of a stream at random instants and starts it again. No entry may be "
                + "lost, and none handled twice that was not under way at a kill: exit code 1.",
            defaults: Settings(),
            options: [
                .integer("kills", "<number>", \.kills, in: 1...100_000, help: "how often one is killed"),
                .integer("seed", "<number>", \.seed, in: 0...Int.max, help: "the same random choices again"),
                .text("worker", "<name>", \.worker, help: "be a worker of that name; needs --socket"),
                .text("socket", "<path>", \.socket, help: "the server of a worker"),
            ])
    }
}
