import BulkheadBenchmarkSupport

/// What `Benchmarks/messages` is to do.
struct DeliverySettings: ProgramSettings {
    var messages = 200_000
    var subscriptions = 10_000
    var rounds = 7

    static let program = "Benchmarks/messages"
    static let summary = """
        Measures how fast published messages of 100 bytes reach subscriptions of one process, which share one \
        connection: one subscription, many with a channel each, and many to one channel. Beside them a bare \
        socket reads the same bytes and drops them, in turns on one server.
        """
    static let options: [Option] = [
        .integer("messages", "<n>", \.messages, in: 1_000...1_000_000, help: "messages of a turn"),
        .integer(
            "subscriptions", "<n>", \.subscriptions, in: 2...100_000,
            help: "how many there are where there are many"),
        .integer("rounds", "<n>", \.rounds, in: 1...100, help: "how often everybody has a turn"),
    ]
}
