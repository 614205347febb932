import BulkheadBenchmarkSupport

/// How often to do harm.
struct Settings: Sendable {
    var stops = 100
    var failovers = 20
    var lease = 500
    var seed: Int?
    var worker: String?
    var resource: String?
    var sentinels: String?

    static var table: ArgumentTable<Settings> {
        ArgumentTable(
            program: "lock-faults",
            summary:
                "Stops holders of a lock for longer than their lease, and makes the lock's server fail over. Holders "
                + "write to another server, with a fence and without. No write of a holder that was overtaken may be "
                + "accepted behind the fence: exit code 1.",
            defaults: Settings(),
            options: [
                .integer("stops", "<number>", \.stops, in: 0...100_000, help: "how often a holder is stopped"),
                .integer(
                    "failovers", "<number>", \.failovers, in: 0...100_000, help: "how often the server fails over"),
                .integer("lease", "<ms>", \.lease, in: 10...60_000, help: "the lease of the lock, in milliseconds"),
                .integer("seed", "<number>", \.seed, in: 0...Int.max, help: "the same random choices again"),
                .text("worker", "<name>", \.worker, help: "be a worker of that name; needs the next two"),
                .text("resource", "<path>", \.resource, help: "the server that a worker writes to"),
                .text("sentinels", "<addresses>", \.sentinels, help: "those of the lock's server, with commas"),
            ])
    }
}
