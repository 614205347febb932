import Bulkhead
import BulkheadTestSupport
import Synchronization
import Testing

/// XREADGROUP with CLAIM, which no server of the tests knows: its replies by value, and its consumer by a script.
@Suite(.timeLimit(.minutes(10))) struct ClaimingReadTests {
    @Test func `an entry says how often it was given to somebody before, and a new one that it was not`() throws {
        let fields = RESPValue.array([.bulkString("n"), .bulkString("1")])
        let again = try RedisDeliveredEntry<Int>(
            redis: .array([.bulkString("1-1"), fields, .integer(2000), .integer(3)]))
        #expect(again.entry["n"] == 1 && again.idle == .seconds(2) && again.deliveries == 3)
        // The first servers that knew it sent numbers as text.
        let text = try RedisDeliveredEntry<Int>(
            redis: .array([.bulkString("1-1"), fields, .bulkString("2000"), .bulkString("3")]))
        #expect(text == again)
        let new = try RedisDeliveredEntry<Int>(redis: .array([.bulkString("1-1"), fields]))
        #expect(new.idle == .zero && new.deliveries == 0)
        let deleted = try RedisDeliveredEntry<Int>(
            redis: .array([.bulkString("1-1"), .null, .integer(1), .integer(1)]))
        #expect(deleted.entry.fields.isEmpty)
        #expect(throws: RedisConversionError.self) {
            try RedisDeliveredEntry<Int>(redis: .array([.bulkString("1-1"), fields, .integer(1)]))
        }
    }

    /// What a server was asked.
    private final class Asked: Sendable {
        let reads = Mutex<[[String]]>([])
        let acknowledged = Mutex<Set<String>>([])
    }

    /// A server that knows CLAIM: it gives an entry of somebody else, one given back as untried and a new one, and
    /// then nothing more.
    private func server(_ asked: Asked) -> ScriptedServer {
        .answering { words in
            switch words[0] {
            case "XREADGROUP" where words.contains("CLAIM"):
                let isFirst = asked.reads.withLock { reads in
                    reads.append(words)
                    return reads.count == 1
                }
                guard isFirst else { return nil }
                return "%1\r\n$6\r\norders\r\n*3\r\n"
                    + "*4\r\n$3\r\n1-1\r\n*2\r\n$1\r\nn\r\n$1\r\n1\r\n:70000\r\n:1\r\n"
                    + "*4\r\n$3\r\n2-1\r\n*2\r\n$1\r\nn\r\n$1\r\n2\r\n:1788000000000\r\n:0\r\n"
                    + "*4\r\n$3\r\n3-1\r\n*2\r\n$1\r\nn\r\n$1\r\n3\r\n:0\r\n:0\r\n"
            case "XREADGROUP": return "%1\r\n$6\r\norders\r\n*0\r\n"
            case "XACK":
                asked.acknowledged.withLock { _ = $0.insert(words[3]) }
                return ":1\r\n"
            default: return "+OK\r\n"
            }
        }
    }

    private static let words = [
        "XREADGROUP", "GROUP", "billing", "worker", "COUNT", "4", "BLOCK", "5000", "CLAIM", "60000", "STREAMS",
        "orders", ">",
    ]

    @Test func `a consumer claims and reads by one command where the server knows it`() async throws {
        let asked = Asked()
        let server = server(asked)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let main = try databases[.main]
        var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker")
        consumer.concurrency = 4
        let (handled, handling) = AsyncStream.makeStream(of: String.self)
        let settings = consumer
        let work = Task { try await main.consume(settings) { handling.yield($0["n"] ?? "?") } }
        var seen: Set<String> = []
        for await number in handled where seen.insert(number).inserted && seen.count == 3 { break }
        work.cancel()
        let counts = try await work.value
        #expect(seen == ["1", "2", "3"])
        #expect(counts[.handled] == 3 && counts[.reclaimed] == 2 && counts[.interrupted] == 0)
        #expect(asked.acknowledged.withLock { $0 } == ["1-1", "2-1", "3-1"])
        #expect(asked.reads.withLock { $0.first } == Self.words)
        await databases.close()
    }

    @Test func `a consumer on a thread does so too`() async throws {
        let asked = Asked()
        let server = server(asked)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let main = try databases.blocking(.main)
        let consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker")
        let counts = try await onThread {
            var seen = 0
            return try main.consume(consumer, while: { seen < 3 }, handle: { _ in seen += 1 })
        }
        #expect(counts[.handled] == 3 && counts[.reclaimed] == 2)
        #expect(asked.acknowledged.withLock { $0 } == ["1-1", "2-1", "3-1"])
        await databases.close()
    }
}
