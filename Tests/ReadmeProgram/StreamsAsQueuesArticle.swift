// swift-format-ignore-file
// The programs of the article Streams as queues as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

func sum(_ main: RedisDatabase) async throws(RedisError) {
    var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker-1")
    consumer.concurrency = 8
    consumer.idleLimit = .seconds(120)
    consumer.deadLetters = RedisDeadLetters(after: 5, to: "orders:dead")
    consumer.observe = { event in
        if let error = event.error { print("\(event.kind.rawValue) \(event.id ?? "-"): \(error)") }
    }

    try await main.consume(consumer) { entry in
        try await main.hincrby("totals", entry["account"] ?? "unknown", by: 1)
    }
}

func sumAndReport(_ main: RedisDatabase) async throws(RedisError) {
    var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker-1")
    consumer.deadLetters = RedisDeadLetters(after: 5)
    try await main.consume(consumer) { entry in
        try await main.hincrby("totals", entry["account"] ?? "unknown", by: 1)
    } deadLetters: { entry in
        print("order \(entry.id) could not be summed")
    }
}
