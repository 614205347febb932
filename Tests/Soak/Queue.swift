import Bulkhead
import Synchronization

/// A stream that callers add to and consumers share: every entry that was acknowledged when it was added is handled.
final class Queue: Sendable {
    static let name = DatabaseName.main
    static let stream = "queue"
    static let handled = "queue:handled"
    static let consumers = 3

    private let added = Mutex<[String]>([])
    private let counts = Mutex<[RedisStreamEvent.Kind: Int]>([:])

    func add(_ token: String) { added.withLock { $0.append(token) } }

    var length: Int { added.withLock { $0.count } }
    func count(of kind: RedisStreamEvent.Kind) -> Int { counts.withLock { $0[kind, default: 0] } }

    /// Handles entries until its task is cancelled.
    func consume(_ databases: RedisDatabases, _ number: Int, _ tally: inout Tally) async {
        var consumer = RedisStreamConsumer(stream: Self.stream, group: "soak", name: "consumer-\(number)")
        consumer.concurrency = 4
        consumer.idleLimit = .seconds(2)
        consumer.longestWait = .milliseconds(500)
        do {
            let database = try databases[Self.name]
            let done = try await database.consume(consumer) { entry in
                guard let token = entry["token"] else { return }
                // Gone from the stream when it has been counted; what fails between the two is counted again.
                try await database.hincrby(Self.handled, token, by: 1)
                try await database.xdel(Self.stream, entry.id)
            }
            counts.withLock { counts in
                for kind in [RedisStreamEvent.Kind.handled, .failed, .reclaimed, .interrupted, .unacknowledged] {
                    counts[kind, default: 0] += done[kind]
                }
            }
        } catch {
            tally.lose("consumer \(number) has ended: \(error)")
        }
    }

    /// Everything that was added has been handled; how often more than once.
    func verify(_ databases: RedisDatabases, _ tally: inout Tally) async throws -> Int {
        let times = try await databases[Self.name].hgetall(Self.handled, as: Int.self)
        for token in added.withLock({ $0 }) where times[token] == nil { tally.lose("entry \(token) was not handled") }
        return times.values.reduce(0) { $0 + $1 - 1 }
    }
}
