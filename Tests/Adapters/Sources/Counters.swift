import Bulkhead

func printWhatHappens(in databases: RedisDatabases, meanwhile: () async throws -> Void) async throws {
    let before = databases.metrics()
    try await meanwhile()
    if let main = databases.metrics()[.main]?.since(before[.main] ?? RedisMetrics()) {
        print("\(main.answered) commands, p99 \(main.latencies.percentile(99) ?? .zero), failures \(main.failures)")
    }
}
