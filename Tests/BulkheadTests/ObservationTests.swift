@testable import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

private final class Listener: RedisObserver {
    @TaskLocal static var trace = ""

    private let received = Mutex<[(event: RedisCommandEvent, trace: String)]>([])

    func commandEnded(_ event: RedisCommandEvent) { received.withLock { $0.append((event, Self.trace)) } }

    var events: [RedisCommandEvent] { received.withLock { $0.map(\.event) } }
    var traces: [String] { received.withLock { $0.map(\.trace) } }
    /// `GET ok answered`
    var lines: [String] { events.map { "\($0.command) \($0.code?.name ?? "ok") \($0.stage.rawValue)" } }
}

@Suite(.timeLimit(.minutes(10))) struct `An observer` {
    @Test func `is notified of every command and pipeline, whichever way it went`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            let main = try databases[.main]
            try await main.set("a", "b")
            _ = try? await main.incr("a")
            _ = try? await main.pipeline(.get("a"), .incr("a"), .get("a"))
            _ = try await main.blpop("nothing", timeout: .milliseconds(1))
            try await main.withConnection { connection in
                _ = try await connection.get("a")
                _ = try await connection.pipeline(.get("a"), .get("b"))
            }
            let blocking = try databases.blocking(.knowledge)
            _ = try blocking.get("a")
            _ = try blocking.pipeline(.get("a"), .get("b"))
            try blocking.withConnection { _ = try $0.get("a") }
            #expect(
                listener.lines == [
                    "SET ok answered", "INCR ERR answered", "PIPELINE ERR answered", "BLPOP ok answered",
                    "GET ok answered", "PIPELINE ok answered",
                    "GET ok answered", "PIPELINE ok answered", "GET ok answered",
                ])
            #expect(listener.events.map(\.commandCount) == [1, 1, 3, 1, 1, 2, 1, 2, 1])
            #expect(listener.events.prefix(6).allSatisfy { $0.database == .main })
            #expect(listener.events.suffix(3).allSatisfy { $0.database == .knowledge })
            #expect(listener.events.allSatisfy { $0.duration > .zero })
        }
    }

    @Test func `is notified of what got no reply, with how far it came`() async throws {
        let listener = Listener()
        let server = ScriptedServer.answering { _ in nil }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.observer = listener
        let databases = RedisDatabases(configuration)
        let main = try databases[.main].within(.milliseconds(20))
        _ = try? await main.get("a")
        _ = try? await main.pipeline(.get("a"), .get("b"))
        _ = try? databases.blocking(.main).within(.milliseconds(20)).get("a")
        // Each may have been too late for another stage on a busy machine.
        #expect(listener.events.map(\.command) == ["GET", "PIPELINE", "GET"])
        #expect(listener.events.allSatisfy { $0.code == .timedOut && $0.stage != .answered })
        #expect(listener.events.allSatisfy { $0.duration >= .milliseconds(20) })
        #expect(databases.metrics()[.main]?.failures == [.timedOut: 3])
        await databases.close()
    }

    @Test func `is notified of what this side refused, in every form`() async throws {
        let listener = Listener()
        let catalogue = try DatabaseCatalogue([DatabaseEntry("kept", number: 0)])
        try await withDatabases(
            catalogue: catalogue,
            configure: {
                $0.observer = listener
                $0.maximumLeases = 1
                $0.maximumWaiters = 0
            }
        ) { databases, _ in
            let kept = try databases["kept"]
            let blocking = try databases.blocking("kept")
            _ = try? await kept.send("SELECT", 1)
            _ = try? await kept.send("WATCH", "a")
            _ = try? await kept.pipeline([.raw("MULTI", [])])
            try? await kept.flushdb()
            _ = try? blocking.send("SELECT", 1)
            _ = try? blocking.send("WATCH", "a")
            _ = try? blocking.pipeline([.raw("MULTI", [])])
            try? blocking.flushdb()
            try await kept.withConnection { connection in
                _ = try? await connection.send("SELECT", 1)
                _ = try? await kept.within(.milliseconds(20)).withConnection { _ in }
            }
            try blocking.withConnection { connection in
                _ = try? connection.send("SELECT", 1)
                _ = try? blocking.withConnection { _ in }
            }
            await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try? await kept.get("a")
            }.value
            let once = [
                "SELECT command-refused refused", "WATCH command-refused refused", "PIPELINE command-refused refused",
                "FLUSHDB flush-refused refused",
            ]
            let leases = ["SELECT command-refused refused", "LEASE too-many-waiters queued"]
            #expect(listener.lines == once + once + leases + leases + ["GET cancelled refused"])
            #expect(listener.events.map(\.commandCount) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1])
            let metrics = databases.metrics()["kept"]
            #expect(metrics?.failures == [.commandRefused: 8, .flushRefused: 2, .tooManyWaiters: 2, .cancelled: 1])
            #expect(metrics?.answered == 0 && metrics?.latencies.count == 0)
        }
    }

    @Test func `gets labels from a bounded set, whatever the words and the errors`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            let main = try databases[.main]
            _ = try? await main.send("NO.SUCH.COMMAND.\(UInt32.random(in: 0 ... .max))", as: String.self)
            let script = "return redis.error_reply('MYCODE\(UInt32.random(in: 0 ... .max)) no')"
            _ = try? await main.send("EVAL", script, 0, as: String.self)
            #expect(listener.lines == ["OTHER ERR answered", "EVAL ERR answered"])
        }
    }

    @Test func `learns the server's own word where that is one of Redis's, and whose word it is`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            let main = try databases[.main]
            try await main.set("text", "a")
            _ = try? await main.lpush("text", "b")
            for word in ["CLUSTERDOWN", "BUSYGROUP", "TRYAGAIN"] {
                _ = try? await main.send("EVAL", "return redis.error_reply('\(word) no')", 0, as: String.self)
            }
            _ = try? await main.send("SELECT", 1)
            let codes = listener.events.compactMap(\.code)
            #expect(codes.map(\.name) == ["WRONGTYPE", "CLUSTERDOWN", "BUSYGROUP", "TRYAGAIN", "command-refused"])
            #expect(codes.map(\.isOfServer) == [true, true, true, true, false])
        }
    }

    @Test func `learns which command a pipeline is made of, where it is one`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            _ = try await main.pipeline(.get("a"), .get("$3"), .get(""))
            _ = try await main.pipeline(.get("a"), .set("a", "GET\r\n"), .get("a"))
            _ = try blocking.pipeline([RedisCommand<RESPValue>.raw("MY.WORD", ["a"]), .raw("MY.WORD", ["b"])])
            _ = try await main.pipeline([RedisCommand<String?>.get("a")])
            _ = try? await main.pipeline([RedisCommand<RESPValue>.raw("MULTI", []), .raw("MULTI", [])])
            _ = try await main.withConnection { connection in
                try await connection.pipeline(.hgetall("b", as: String.self), .hgetall("c", as: String.self))
            }
            #expect(
                listener.events.map(\.operation) == [
                    "PIPELINE GET", "PIPELINE", "PIPELINE OTHER", "GET", "PIPELINE MULTI", "PIPELINE HGETALL",
                ])
        }
    }

    @Test func `learns the database's number and where its server is`() async throws {
        let listener = Listener()
        let server = try RedisTestServer.start(.init(listening: .tcp))
        defer { server.stop() }
        var configuration = try RedisConfiguration(url: server.url)
        configuration.observer = listener
        let socket = DatabaseEntry("socket", number: 3, server: try DatabaseServer(url: "unix://\(server.socketPath)"))
        let names = [DatabaseEntry("first", number: 2), DatabaseEntry("second", number: 2, aliasOf: "first"), socket]
        let databases = RedisDatabases(configuration, catalogue: try DatabaseCatalogue(names))
        _ = try await databases["first"].get("a")
        _ = try databases.blocking("second").get("a")
        _ = try await databases["socket"].pipeline(.get("a"), .get("b"))
        await databases.close()
        #expect(listener.events.map(\.databaseNumber) == [2, 2, 3])
        #expect(listener.events.map(\.serverAddress) == ["127.0.0.1", "127.0.0.1", server.socketPath])
        #expect(listener.events.map(\.serverPort) == [server.port, server.port, nil])
    }

    @Test func `is called in the caller's own task`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            let main = try databases[.main]
            await withTaskGroup { group in
                for number in 0..<20 {
                    group.addTask {
                        await Listener.$trace.withValue("\(number)") { _ = try? await main.get("a") }
                    }
                }
            }
            #expect(Set(listener.traces) == Set((0..<20).map(String.init)))
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Metrics of a name` {
    @Test func `count each name's commands, errors and latencies, also where names share a number`() async throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry("first", number: 0),
            DatabaseEntry("second", number: 0, aliasOf: "first"),
        ])
        try await withDatabases(catalogue: catalogue) { databases, _ in
            let first = try databases["first"]
            for number in 0..<50 { try await first.set("\(number)", "x") }
            _ = try await first.pipeline((0..<30).map { RedisCommand<String?>.get("\($0)") })
            _ = try? await first.incr("1")
            let before = databases.metrics()
            #expect(before["first"]?.answered == 81 && before["first"]?.errors == 1)
            #expect(before["first"]?.latencies.count == 52)
            #expect(before["second"] == RedisMetrics())
            _ = try databases.blocking("second").get("1")
            let after = databases.metrics()
            #expect(after["second"]?.answered == 1)
            let difference = try #require(after["first"]).since(try #require(before["first"]))
            #expect(difference == RedisMetrics())
        }
    }

    @Test func `count apart what a caller asked to wait for, in every form`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            let time = Duration.milliseconds(150)
            for _ in 0..<50 { _ = try await main.get("a") }
            _ = try await main.blpop("nothing", timeout: time)
            try await main.withConnection { connection in
                _ = try await connection.blpop("nothing", timeout: time)
                _ = try await connection.pipeline(.blpop("nothing", timeout: time), .ping())
                try await connection.send("WAIT", 1, 150)
            }
            _ = try blocking.blpop("nothing", timeout: time)
            try blocking.withConnection { connection in
                _ = try connection.blpop("nothing", timeout: time)
                _ = try connection.pipeline(.blpop("nothing", timeout: time), .ping())
                try connection.send("WAIT", 1, 150)
            }
            let metrics = try #require(databases.metrics()[.main])
            #expect(metrics.latencies.count == 50)
            #expect(metrics.waits.count == 8)
            #expect(try #require(metrics.waits.percentile(1)) >= time)
            #expect(metrics.since(metrics).waits.count == 0)
        }
    }

    @Test func `print what happened in a line, and no empty bucket`() {
        var metrics = RedisMetrics()
        #expect("\(metrics)" == "0 answered")
        metrics.answered = 53
        metrics.errors = 2
        metrics.failures = [.timedOut: 1, .cancelled: 3]
        var counts = [Int](repeating: 0, count: RedisLatencies.bucketCount)
        for _ in 0..<50 { counts[RedisLatencies.bucket(of: 100_000)] += 1 }
        metrics.latencies = RedisLatencies(counts: counts)
        counts = [Int](repeating: 0, count: RedisLatencies.bucketCount)
        counts[RedisLatencies.bucket(of: 500_000_000)] = 3
        metrics.waits = RedisLatencies(counts: counts)
        let line =
            "53 answered, 2 of them errors, 3 cancelled, 1 timed-out; latencies p50 106 µs, p99 106 µs, "
            + "max 106 µs of 50; waits p50 503.3 ms, p99 503.3 ms, max 503.3 ms of 3"
        #expect("\(metrics)" == line)
        // A dictionary prints its values by their debug description, and dump by their mirror.
        #expect("\([DatabaseName.main: metrics])" == "[main: \(line)]")
        var dumped = ""
        dump(metrics, to: &dumped)
        #expect(dumped.split(separator: "\n").count < 40 && dumped.contains("waits: p50 503.3 ms"))
        #expect("\(RedisLatencies())" == "none")
    }

    @Test func `give latencies at most an eighth too long, and none too short`() throws {
        var random = SeededGenerator(seed: 3)
        for shift in 0..<42 {
            for _ in 0..<100 {
                let value = Int64.random(in: 0...(1 << shift), using: &random)
                let bound = RedisLatencies.upperBound(of: RedisLatencies.bucket(of: value))
                #expect(bound >= value && bound - value <= value / 8)
            }
        }
        #expect(RedisLatencies.bucket(of: -5) == 0)
        #expect(RedisLatencies.bucket(of: .max) == RedisLatencies.bucketCount - 1)
        var counts = [Int](repeating: 0, count: RedisLatencies.bucketCount)
        for value in 1...1_000 { counts[RedisLatencies.bucket(of: Int64(value) * 1_000)] += 1 }
        let latencies = RedisLatencies(counts: counts)
        #expect(latencies.count == 1_000 && latencies.buckets.reduce(0) { $0 + $1.count } == 1_000)
        let median = try #require(latencies.percentile(50))
        #expect(median >= .microseconds(500) && median <= .microseconds(563))
        #expect(try #require(latencies.percentile(100)) >= .microseconds(1_000))
        #expect(RedisLatencies().percentile(50) == nil)
        #expect(latencies.percentile(.nan) == nil)
        #expect(latencies.percentile(.infinity) == latencies.percentile(100))
    }
}
