import BenchmarkSupport

/// What to measure, as the command line says it.
struct Settings: Sendable {
    var host: String?
    var port = 6379
    var unix: String?
    var serverCore: Int?
    var operation = "get"
    var mode = "async"
    var clients = 50
    var pipeline = 1
    var requests = 200_000
    var valueSize = 100
    var json = false

    static var table: ArgumentTable<Settings> {
        ArgumentTable(
            program: "throughput",
            summary: "Commands a second through a named database, and what they cost this process. "
                + "Without a server it starts one of its own on a loopback port.",
            defaults: Settings(),
            options: [
                .text("host", "<name>", \.host, help: "measure the server on this host"),
                .integer("port", "<number>", \.port, in: 1...65_535, help: "its port"),
                .text("unix", "<path>", \.unix, help: "measure the server on this unix socket"),
                .integer(
                    "server-core", "<number>", \.serverCore, in: 0...1_023,
                    help: "pin the program's own server to this core (taskset)"),
                .text("op", "<get|set|incr|mget|hgetall>", \.operation, help: "the command"),
                .text("mode", "<async|blocking>", \.mode, help: "tasks, or a thread a client"),
                .integer("clients", "<number>", \.clients, in: 1...10_000, help: "callers at once"),
                .integer("pipeline", "<number>", \.pipeline, in: 1...100_000, help: "commands in one pipeline"),
                .integer("requests", "<number>", \.requests, in: 1...1_000_000_000, help: "commands in all"),
                .integer("value-size", "<bytes>", \.valueSize, in: 1...100_000_000, help: "bytes of a value"),
                .flag("json", \.json, help: "print one line of JSON"),
            ])
    }
}
