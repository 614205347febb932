import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Dispatch
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamConsumerTests {
    private struct Refusal: Error {}

    /// What handlers were given; ends the consumer when all is there.
    private final class Seen: Sendable {
        private let values = Mutex<[String: Int]>([:])
        private let stop = Mutex<(@Sendable () -> Void)?>(nil)
        private let wanted: Int

        init(_ wanted: Int) { self.wanted = wanted }

        func add(_ value: String?) {
            let isComplete = values.withLock { values in
                values[value ?? "?", default: 0] += 1
                return values.count >= wanted
            }
            if isComplete { stop.withLock { $0?() } }
        }

        var isComplete: Bool { values.withLock { $0.count >= wanted } }
        var all: [String: Int] { values.withLock { $0 } }

        func whenComplete(_ action: @escaping @Sendable () -> Void) {
            stop.withLock { $0 = action }
            if isComplete { action() }
        }
    }

    private func consumer(_ name: String = "worker") -> RedisStreamConsumer {
        var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: name)
        consumer.concurrency = 4
        consumer.longestWait = .milliseconds(100)
        return consumer
    }

    /// Runs a consumer until the handler has seen so many different values.
    private func consume(
        _ consumer: RedisStreamConsumer, in database: RedisDatabase, until seen: Seen,
        handle: @escaping @Sendable (RedisStreamEntry<String>) async throws -> Void = { _ in }
    ) async throws -> RedisStreamCounts {
        let work = Task {
            try await database.consume(consumer) { entry in
                try await handle(entry)
                seen.add(entry["n"])
            }
        }
        seen.whenComplete { work.cancel() }
        return try await work.value
    }

    /// Runs a consumer whose handler refuses every entry, until the event that `isLast` knows.
    private func refuseAll(
        in database: RedisDatabase, deadLettersAfter most: Int,
        until isLast: @escaping @Sendable (RedisStreamEvent) -> Bool
    ) async throws -> RedisStreamCounts {
        var options = consumer()
        options.idleLimit = .milliseconds(20)
        options.deadLetters = RedisDeadLetters(after: most, to: "{orders}:dead")
        let seen = Seen(1)
        options.observe = { event in
            if isLast(event) { seen.add("last") }
        }
        let consumer = options
        let work = Task { try await database.consume(consumer) { _ in throw Refusal() } }
        seen.whenComplete { work.cancel() }
        return try await work.value
    }

    @Test func `every entry is handled and acknowledged, those of before the group too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for number in 0..<50 { try await main.xadd("orders", ["n": "\(number)"]) }
            let seen = Seen(50)
            let most = Mutex((now: 0, most: 0))
            let counts = try await consume(consumer(), in: main, until: seen) { _ in
                most.withLock { most in
                    most.now += 1
                    most.most = max(most.most, most.now)
                }
                await Task.yield()
                most.withLock { $0.now -= 1 }
            }
            #expect(seen.all.count == 50 && seen.all.values.allSatisfy { $0 == 1 })
            #expect(counts[.handled] == 50 && counts[.failed] == 0)
            #expect(most.withLock { $0.most } <= 4)
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test func `an entry whose handler threw stays pending, and comes again after the idle limit`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xadd("orders", ["n": "1"])
            var consumer = consumer()
            consumer.idleLimit = .milliseconds(20)
            let attempts = Mutex(0)
            let counts = try await consume(consumer, in: main, until: Seen(1)) { _ in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                if attempt < 3 { throw Refusal() }
            }
            #expect(counts[.failed] == 2 && counts[.handled] == 1 && counts[.reclaimed] == 2)
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test func `a consumer takes up what it left, and what another left for longer than the limit`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xgroupCreate("orders", group: "billing", after: "0", makeStream: true)
            for number in 0..<3 { try await main.xadd("orders", ["n": "\(number)"]) }
            for name in ["worker", "gone"] {
                _ = try await main.xreadgroup(group: "billing", consumer: name, ["orders": ">"], count: 1)
            }
            var consumer = consumer()
            consumer.idleLimit = .milliseconds(20)
            let seen = Seen(3)
            let counts = try await consume(consumer, in: main, until: seen)
            #expect(Set(seen.all.keys) == ["0", "1", "2"])
            #expect(counts[.reclaimed] >= 1)
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test func `an entry that fails again and again is in the dead letters, and nowhere else`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xadd("orders", ["n": "bad"])
            let counts = try await refuseAll(in: main, deadLettersAfter: 3) { $0.kind == .deadLettered }
            #expect(counts[.failed] == 3 && counts[.deadLettered] == 1 && counts[.handled] == 0)
            #expect(try await main.xrange("{orders}:dead").map { $0["n"] } == ["bad"])
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test(arguments: Form.allCases)
    func `an entry stays with its handler for as long as that runs`(_ form: Form) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let asking = try databases.blocking(.main)
            try await main.xadd("orders", ["n": "slow"])
            var options = consumer()
            options.idleLimit = .seconds(1)
            let consumer = options
            let (goesOn, release) = AsyncStream.makeStream(of: Void.self)
            let isDone = DispatchSemaphore(value: 0)
            let work = Task { () async throws -> RedisStreamCounts in
                switch form {
                case .asynchronous:
                    return try await consume(consumer, in: main, until: Seen(1)) { _ in
                        for await _ in goesOn { break }
                    }
                case .blocking:
                    return try await onThread {
                        var isHandled = false
                        return try asking.consume(consumer, while: { !isHandled }) { _ in
                            isDone.wait()
                            isHandled = true
                        }
                    }
                }
            }
            defer {
                release.yield()
                isDone.signal()
            }
            // Its idle time becomes less when it is kept.
            var (last, renewals) = (Duration.zero, 0)
            while renewals < 3 {
                if try await main.exists("orders") == 1,
                    let entry = try? await main.xpending("orders", group: "billing", count: 1).first
                {
                    #expect(entry.deliveries == 1 && entry.consumer == "worker", "keeping an entry is no delivery")
                    if entry.idle < last { renewals += 1 }
                    last = entry.idle
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            release.yield()
            isDone.signal()
            let counts = try await work.value
            #expect(counts[.handled] == 1 && counts[.failed] == 0 && counts[.interrupted] == 0)
        }
    }

    @Test func `an entry goes to another consumer while its handler runs, if it is not kept`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xadd("orders", ["n": "slow"])
            var options = consumer("other")
            options.idleLimit = .milliseconds(20)
            let other = options
            options.name = "worker"
            options.keepsEntries = false
            let seen = Seen(1)
            let counts = try await consume(options, in: main, until: Seen(1)) { _ in
                // The other one handles it before this handler returns.
                _ = try await self.consume(other, in: main, until: seen)
            }
            #expect(seen.all == ["slow": 1] && counts[.handled] == 1)
        }
    }

    @Test func `a closure takes an entry that fails again and again, and again if it throws`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xadd("orders", ["n": "bad"])
            var options = consumer()
            options.idleLimit = .milliseconds(20)
            options.deadLetters = RedisDeadLetters(after: 2)
            let consumer = options
            let error = await #expect(throws: RedisError.self) { try await main.consume(consumer) { _ in } }
            #expect(error?.code == .invalidArgument, "there is neither a stream nor a closure")
            let taken = Mutex<[String]>([])
            let seen = Seen(1)
            let work = Task {
                try await main.consume(consumer) { _ in
                    throw Refusal()
                } deadLetters: { entry in
                    let isFirst = taken.withLock { taken in
                        taken.append(entry["n"]?.description ?? "?")
                        return taken.count == 1
                    }
                    if isFirst { throw Refusal() }
                    seen.add("taken")
                }
            }
            seen.whenComplete { work.cancel() }
            let counts = try await work.value
            #expect(taken.withLock { $0 } == ["bad", "bad"])
            #expect(counts[.failed] == 3 && counts[.deadLettered] == 1 && counts[.handled] == 0)
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test func `dead letters that cannot be added leave the entry where it was`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("{orders}:dead", "no stream")
            try await main.xadd("orders", ["n": "bad"])
            let counts = try await refuseAll(in: main, deadLettersAfter: 1) { $0.error is RedisError }
            #expect(counts[.deadLettered] == 0)
            #expect(try await main.xpending("orders", group: "billing").count == 1)
        }
    }

    @Test func `a cancelled consumer lets its handlers end, and acknowledges what they did`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for number in 0..<8 { try await main.xadd("orders", ["n": "\(number)"]) }
            let (began, beginning) = AsyncStream.makeStream(of: Void.self)
            let (goesOn, release) = AsyncStream.makeStream(of: Void.self)
            var options = consumer()
            options.concurrency = 1
            let consumer = options
            let work = Task {
                try await main.consume(consumer) { _ in
                    beginning.yield()
                    for await _ in goesOn { break }
                    if Task.isCancelled { throw Refusal() }
                }
            }
            for await _ in began { break }
            work.cancel()
            release.yield()
            let counts = try await work.value
            #expect(counts[.handled] == 1 && counts[.failed] == 0)
            #expect(try await main.xpending("orders", group: "billing").count == 0)
        }
    }

    @Test func `a stream that is flushed meanwhile gets its group again, or ends the consumer`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.xadd("orders", ["n": "before"])
            let seen = Seen(2)
            let counts = try await consume(consumer(), in: main, until: seen) { entry in
                guard entry["n"] == "before" else { return }
                try await main.del("orders")
                try await main.xadd("orders", ["n": "after"])
            }
            #expect(Set(seen.all.keys) == ["before", "after"])
            #expect(counts[.groupMade] == 2)
            var strict = consumer()
            strict.makesGroup = false
            strict.group = "unknown"
            let options = strict
            let error = await #expect(throws: RedisError.self) { try await main.consume(options) { _ in } }
            #expect(error?.code.name == "NOGROUP")
        }
    }

    @Test func `no entry is lost while all connections are killed again and again`() async throws {
        try await withDatabases { databases, server in
            let probe = RedisDatabases(testConfiguration(server))
            let adding = try probe.blocking(.main)
            for number in 0..<300 { try adding.xadd("orders", ["n": "\(number)"]) }
            var options = consumer()
            options.idleLimit = .milliseconds(200)
            let consumer = options
            let main = try databases[.main]
            let seen = Seen(300)
            let work = Task { try await consume(consumer, in: main, until: seen) }
            while !seen.isComplete {
                _ = try? adding.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await Task.sleep(for: .milliseconds(5))
            }
            let counts = try await work.value
            #expect(seen.all.count == 300)
            // Handled twice is only what could not be acknowledged.
            let doubled = seen.all.values.reduce(0) { $0 + $1 - 1 }
            #expect(doubled <= counts[.unacknowledged] + counts[.reclaimed])
            await probe.close()
        }
    }

    @Test func `a thread consumes one entry after the other, until it is told to stop`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases.blocking(.main)
            for number in 0..<10 { try main.xadd("orders", ["n": "\(number)"]) }
            var consumer = consumer()
            consumer.idleLimit = .milliseconds(20)
            consumer.deadLetters = RedisDeadLetters(after: 2, to: "{orders}:dead")
            var seen: [String] = []
            var dead = 0
            var failures = 0
            let isDead = Mutex(false)
            consumer.observe = { event in
                if event.kind == .deadLettered { isDead.withLock { $0 = true } }
            }
            let counts = try main.consume(consumer, while: { seen.count < 9 || !isDead.withLock { $0 } }) { entry in
                if entry["n"] == "5" {
                    failures += 1
                    throw Refusal()
                }
                seen.append(entry["n"] ?? "?")
            }
            dead = try main.xlen("{orders}:dead")
            #expect(Set(seen).count == 9 && failures == 2 && dead == 1)
            #expect(counts[.handled] == 9 && counts[.deadLettered] == 1)
            #expect(try main.xpending("orders", group: "billing").count == 0)
        }
    }
}
