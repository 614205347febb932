import Bulkhead
import BulkheadTestServer
import InMemoryLogging
import InMemoryTracing
import Instrumentation
import Logging
import Metrics
import MetricsTestKit
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing
import Tracing

@testable import BulkheadAdapters

/// The adapters as Observing.md shows them, each before a backend that keeps what it is given.
@Suite(.serialized, .timeLimit(.minutes(10))) struct AdapterTests {
    private static let tracer = InMemoryTracer()
    private static let metrics = TestMetrics()
    private static let bootstrapped: Void = {
        InstrumentationSystem.bootstrap(tracer)
        MetricsSystem.bootstrap(metrics)
    }()

    private let server: RedisTestServer
    private let logs = InMemoryLogHandler()
    private let databases: RedisDatabases

    init() throws {
        Self.bootstrapped
        Self.tracer.clearFinishedSpans()
        Self.metrics.reset()
        server = try RedisTestServer.start(.init(listening: .tcp))
        let logs = logs
        let logger = Logger(label: "redis", factory: { _ in logs })
        var configuration = try RedisConfiguration(url: server.url)
        configuration.observer = Observers(all: [
            LoggingObserver(logger: logger), MetricsObserver(), TracingObserver(),
        ])
        databases = RedisDatabases(configuration)
    }

    private var port: String { "\(server.port ?? 0)" }

    @Test func `a command is a client span with the attributes of the conventions, below its caller's`() async throws {
        try await withSpan("request") { _ in
            _ = try await databases[.knowledge].set("key", "value")
        }
        let request = try #require(Self.tracer.finishedSpans.first { $0.operationName == "request" })
        let span = try #require(Self.tracer.finishedSpans.first { $0.operationName == "SET" })
        #expect(span.parentSpanID == request.spanID)
        #expect(span.kind == .client && span.status == nil)
        let start = span.startInstant.nanosecondsSinceEpoch
        #expect(start < span.endInstant.nanosecondsSinceEpoch)
        #expect(
            texts(span) == [
                "db.system.name": "redis", "db.namespace": "1", "db.operation.name": "SET",
                "server.address": "127.0.0.1", "server.port": port, "bulkhead.database.name": "knowledge",
            ])
        await databases.close()
    }

    @Test func `a pipeline says how many commands it had`() async throws {
        _ = try await databases[.main].pipeline(.get("a"), .get("b"), .get("c"))
        let span = try #require(Self.tracer.finishedSpans.last)
        #expect(span.operationName == "PIPELINE GET")
        #expect(texts(span)["db.operation.batch.size"] == "3" && texts(span)["db.namespace"] == "0")
        #expect(texts(span)["db.operation.name"] == "PIPELINE GET")
        await databases.close()
    }

    @Test func `a failure is an error with the server's word, in span, metric and log`() async throws {
        let main = try databases[.main]
        try await main.set("text", "a")
        await #expect(throws: RedisError.self) { try await main.lpush("text", "b") }
        let expected = [
            "db.system.name": "redis", "db.namespace": "0", "db.operation.name": "LPUSH",
            "server.address": "127.0.0.1", "server.port": port, "bulkhead.database.name": "main",
            "error.type": "WRONGTYPE", "db.response.status_code": "WRONGTYPE",
        ]
        let span = try #require(Self.tracer.finishedSpans.last)
        #expect(texts(span) == expected)
        #expect(span.status?.code == .error)
        let recorder = try #require(
            Self.metrics.recorders(label: "db.client.operation.duration").first {
                $0.dimensions.contains { $0 == ("db.operation.name", "LPUSH") }
            })
        #expect(Dictionary(uniqueKeysWithValues: recorder.dimensions) == expected)
        let labels = Self.metrics.recorders(label: recorder.label).map { $0.dimensions.map(\.0) }
        #expect(labels.count == 2 && Set(labels).count == 1)
        // Seconds.
        #expect(recorder.values.count == 1 && recorder.values.allSatisfy { $0 > 0 && $0 < 60 })
        let line = try #require(logs.entries.last { $0.message == "LPUSH failed" })
        #expect(line.level == .warning)
        var metadata = line.metadata.mapValues { "\($0)" }
        #expect(metadata.removeValue(forKey: "bulkhead.stage") == "answered")
        #expect(metadata.removeValue(forKey: "bulkhead.duration") != nil)
        #expect(metadata == expected)
        await databases.close()
    }

    @Test func `what this side refused has an error type and no status of a server`() async throws {
        await #expect(throws: RedisError.self) { try await databases[.main].send("SELECT", 1) }
        let span = try #require(Self.tracer.finishedSpans.last)
        #expect(texts(span)["error.type"] == "command-refused")
        #expect(texts(span)["db.response.status_code"] == nil)
        await databases.close()
    }

    @Test func `connections are counted and timed, and those that fail are warned of`() async throws {
        _ = try await databases[.main].get("a")
        server.stop()
        _ = try? await databases[.main].within(.milliseconds(500)).get("a")
        await databases.close()
        // It is told on a queue of its own, a moment later.
        for _ in 0..<1_000 where !logs.entries.contains(where: { $0.message == "connection lost" }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        let opened = try #require(logs.entries.first { $0.message == "connection opened" })
        #expect(opened.level == .info && opened.metadata["db.namespace"] == "0")
        #expect(opened.metadata["bulkhead.database.name"] == "main" && opened.metadata["server.port"] == "\(port)")
        #expect(logs.entries.first { $0.message == "connection lost" }?.level == .warning)
        let changes = Self.metrics.counters(label: "bulkhead.connection.changes")
        #expect(changes.contains { $0.dimensions.contains { $0 == ("bulkhead.change", "opened") } })
        let times = Self.metrics.recorders(label: "db.client.connection.create_time")
        #expect(times.contains { $0.dimensions.contains { $0 == ("db.client.connection.pool.name", "main") } })
    }

    @Test func `a graceful shutdown closes the databases`() async throws {
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup { group in
                group.addTask { try await databases.run() }
                _ = try await databases[.main].get("a")
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        let error = await #expect(throws: RedisError.self) { try await databases[.main].get("a") }
        #expect(error?.code == .closed)
    }

    @Test func `the counters that are always there are printed`() async throws {
        try await printWhatHappens(in: databases) { _ = try await databases[.main].get("a") }
        #expect(databases.metrics()[.main]?.answered == 1)
        await databases.close()
    }

    /// A span's attributes as text.
    private func texts(_ span: FinishedInMemorySpan) -> [String: String] {
        var texts: [String: String] = [:]
        span.attributes.forEach { name, value in
            switch value {
            case .string(let text): texts[name] = text
            case .int64(let number): texts[name] = "\(number)"
            case .int32(let number): texts[name] = "\(number)"
            default: texts[name] = "\(value)"
            }
        }
        return texts
    }
}
