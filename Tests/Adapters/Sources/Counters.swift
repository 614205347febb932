import Bulkhead

func printWhatHappens(in databases: RedisDatabases, meanwhile: () async throws -> Void) async throws {
    let before = databases.snapshot()
    try await meanwhile()
    if let main = databases.snapshot()[.main]?.since(before[.main] ?? RedisSnapshot()) {
        print("\(main.answered) commands, p99 \(main.latencies.percentile(99) ?? .zero), failures \(main.failures)")
    }
}
