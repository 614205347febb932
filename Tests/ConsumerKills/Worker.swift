import Bulkhead

/// A program's worker: it counts each entry's number in a hash, so that the end shows how often each was handled.
enum Worker {
    static let stream = "orders"
    static let group = "billing"
    static let handled = "handled"
    /// Grows with each handler that was run.
    static let progress = "progress"
    static let concurrency = 4

    static func consume(socket: String, name: String) async throws {
        let databases = RedisDatabases(RedisConfiguration(unixSocket: socket))
        var consumer = RedisStreamConsumer(stream: stream, group: group, name: name)
        consumer.concurrency = concurrency
        consumer.idleLimit = .seconds(3)
        let main = try databases[.main]
        try await main.consume(consumer) { entry in
            guard let number = entry["n"] else { return }
            _ = try await main.pipeline([.hincrby(handled, number, by: 1), .incr(progress)])
        }
    }
}
