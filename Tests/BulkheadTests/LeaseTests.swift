import Bulkhead
import BulkheadTestSupport
import Testing

@Suite struct LeaseTests {
    @Test func `WATCH makes a transaction fail when another writer was faster`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("stock", 5)
            let lost = try await main.withConnection { connection in
                try await connection.send("WATCH", "stock")
                let stock = try await connection.get("stock", as: Int.self) ?? 0
                try await main.set("stock", 100)
                let replies = try await connection.pipeline([
                    .raw("MULTI", []), .raw("SET", ["stock", stock - 1]), .raw("EXEC", []),
                ])
                return try replies[2].get()
            }
            #expect(lost == .null)
            #expect(try await main.get("stock") == "100")
            let won = try databases.blocking(.main).withConnection { connection in
                try connection.send("WATCH", "stock")
                try connection.send("MULTI")
                try connection.send("INCR", "stock")
                return try connection.send("EXEC")
            }
            #expect(won == .array([.integer(101)]))
        }
    }

    @Test func `a connection left inside a transaction or a subscription is not lent again`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            func identity() async throws -> Int {
                try await main.withConnection { try await $0.send("CLIENT", "ID", as: Int.self) }
            }
            let clean = try await identity()
            #expect(try await identity() == clean)
            try await main.withConnection { connection in
                try await connection.send("MULTI")
                try await connection.send("SET", "key", "never")
            }
            let afterTransaction = try await identity()
            #expect(afterTransaction != clean)
            #expect(try await main.get("key") == nil)
            try await main.withConnection { connection in _ = try await connection.send("SUBSCRIBE", "channel") }
            #expect(try await identity() != afterTransaction)
            let before = try await identity()
            await #expect(throws: Failure.self) {
                try await main.withConnection { connection in
                    try await connection.send("WATCH", "key")
                    throw Failure()
                }
            }
            #expect(try await identity() != before)
        }
    }

    @Test(arguments: [
        ["MULTI", "SET key value", "EXEC", "MULTI"], ["MULTI", "EXEC", "WATCH key"],
        ["WATCH key", "UNWATCH", "WATCH key"], ["MULTI", "DISCARD", "MULTI"],
    ])
    func `a connection on which something begins anew behind an end is not lent again`(_ lines: [String]) async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            let commands = lines.map { line in
                let words = line.split(separator: " ").map(String.init)
                return RedisCommand<RESPValue>.raw(words[0], Array(words.dropFirst()))
            }
            let id = RedisCommand<Int>.raw("CLIENT", ["ID"], as: Int.self)
            let first = try await main.withConnection { try await $0.run(id) }
            try await main.withConnection { _ = try await $0.pipeline(commands) }
            #expect(try await main.withConnection { try await $0.run(id) } != first)
            let second = try blocking.withConnection { try $0.run(id) }
            try blocking.withConnection { _ = try $0.pipeline(commands) }
            #expect(try blocking.withConnection { try $0.run(id) } != second)
        }
    }

    @Test func `a connection that a task still uses when its lease ends is not lent again`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            try await main.set("count", 0)
            let stragglers = try await main.withConnection { connection in
                (0..<8).map { _ in Task { try await connection.incr("count") } }
            }
            let replies = try await main.withConnection { connection in
                try await connection.send("MULTI")
                for _ in 0..<100 { try await connection.send("PING") }
                return try await connection.send("EXEC", as: [String].self)
            }
            #expect(replies.count == 100)
            for straggler in stragglers {
                if case .failure(let error as RedisError) = await straggler.result {
                    #expect([.closed, .connectionClosed].contains(error.code))
                }
            }
        }
    }

    @Test func `a reader of messages whose task was cancelled takes no message from the next lease`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                let reader = Task { for try await _ in connection.pushes {} }
                try await Task.sleep(for: .milliseconds(20))
                reader.cancel()
                _ = await reader.result
            }
            let received = try await main.withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                try await databases[.knowledge].send("PUBLISH", "news", "hello")
                for try await push in connection.pushes { return push.elements?.last?.bytes?.text }
                return nil
            }
            #expect(received == "hello")
        }
    }

    @Test func `a transaction that the server did not end keeps its connection from others`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                try await connection.send("MULTI")
                await #expect(throws: RedisError.self) { try await connection.send("DISCARD", "surplus") }
            }
            #expect(try await main.withConnection { try await $0.ping() } == "PONG")
            try databases.blocking(.main).withConnection { connection in
                let replies = try connection.pipeline([.raw("MULTI", []), .raw("DISCARD", ["surplus"])])
                #expect(throws: RedisError.self) { try replies[1].get() }
            }
            #expect(try databases.blocking(.main).withConnection { try $0.ping() } == "PONG")
        }
    }

    @Test func `a subscription in a transaction is refused`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.main].withConnection { connection in
                try await connection.send("MULTI")
                let refused = await #expect(throws: RedisError.self) {
                    try await connection.send("SUBSCRIBE", "a", "b")
                }
                #expect(refused?.code == .commandRefused)
                #expect(try await connection.send("EXEC") == .array([]))
            }
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `messages of a subscription arrive on its own connection`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            let main = try databases[.main]
            let messages = try await main.withConnection { connection in
                let confirmations = try await connection.send("SUBSCRIBE", "news", "jobs")
                #expect(confirmations.elements?.count == 2)
                #expect(try await main.send("PUBLISH", "news", "one", as: Int.self) == 1)
                try await main.send("PUBLISH", "jobs", "two")
                var texts: [String?] = []
                for try await push in connection.pushes {
                    texts.append(push.elements?[2].bytes?.text)
                    if texts.count == 2 { break }
                }
                return texts
            }
            #expect(messages == ["one", "two"])
            let blocking = try databases.blocking(.main)
            let text = try blocking.withConnection { connection in
                try connection.send("SUBSCRIBE", "news")
                #expect(try connection.nextPush(timeout: .milliseconds(1)) == nil)
                try blocking.send("PUBLISH", "news", "three")
                return try connection.nextPush(timeout: .seconds(60))?.elements?[2].bytes?.text
            }
            #expect(text == "three")
        }
    }

    @Test func `a connection kept beyond its lease refuses to work`() async throws {
        try await withDatabases { databases, _ in
            let kept = try await databases[.main].withConnection { $0 }
            let error = await #expect(throws: RedisError.self) { try await kept.ping() }
            #expect(error?.code == .closed)
            let blocking = try databases.blocking(.main).withConnection { $0 }
            #expect(throws: RedisError.self) { try blocking.ping() }
        }
    }

    @Test func `callers past the bound are refused, and queued callers are served as connections come back`()
        async throws
    {
        try await withDatabases(configure: {
            $0.maximumLeases = 1
            $0.maximumWaiters = 1
        }) { databases, _ in
            let main = try databases[.main]
            try await withThrowingTaskGroup(of: String?.self) { group in
                // One holds the connection, one waits in the queue, and the third is one too many.
                for _ in 0..<3 {
                    group.addTask {
                        do {
                            return try await main.blpop(["queue"], timeout: .seconds(300))?.value
                        } catch let error as RedisError where error.code == .tooManyWaiters {
                            #expect(error.isSafeToRetry)
                            return "refused"
                        }
                    }
                }
                #expect(try await group.next() == "refused")
                try await main.rpush("queue", "first", "second")
                var served: Set<String?> = []
                for try await value in group { served.insert(value) }
                #expect(served == ["first", "second"])
            }
        }
    }

    @Test func `waiting in the queue ends with its own error`() async throws {
        try await withDatabases(configure: {
            $0.maximumLeases = 1
            $0.leaseTimeout = .milliseconds(20)
        }) { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { _ in
                let error = await #expect(throws: RedisError.self) {
                    try await main.blpop(["queue"], timeout: .seconds(1))
                }
                #expect(error?.code == .leaseTimedOut)
                #expect(error?.isSafeToRetry == true)
            }
            let popped = try await main.blpop(["queue"], timeout: .milliseconds(1))
            #expect(popped == nil)
        }
    }

    @Test func `cancelling a command that blocks ends it in a lease too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let waiting = Task {
                try await main.withConnection { try await $0.blpop(["queue"], timeout: .seconds(300)) }
            }
            #expect(
                try await eventually { try await main.info(["clients"])["blocked_clients"] == "1" })
            waiting.cancel()
            let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
            #expect(error?.code == .cancelled)
            #expect(
                try await eventually { try await main.info(["clients"])["blocked_clients"] == "0" })
        }
    }

    @Test func `cancelling a command that blocks ends it at once and costs nobody else anything`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let waiting = Task { try await main.blpop(["queue"], timeout: .seconds(60)) }
            #expect(
                try await eventually { try await main.info(["clients"])["blocked_clients"] == "1" })
            waiting.cancel()
            let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
            #expect(error?.code == .cancelled)
            #expect(error?.stage == .answered, "the server has said that it took nothing")
            #expect(
                try await eventually { try await main.info(["clients"])["blocked_clients"] == "0" })
            try await main.rpush("queue", "kept")
            #expect(try await main.llen("queue") == 1)
        }
    }

    private struct Failure: Error {}
}
