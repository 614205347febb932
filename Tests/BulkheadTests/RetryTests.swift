import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

private let loadingReply = "-LOADING Redis is loading the dataset in memory\r\n"

/// Hears every command that reaches it, and hangs up on those that `dies` counts down for; else answers `:1`, or an
/// array's worth of them.
private final class DyingServer: Sendable {
    private let received: Received
    private let server: ScriptedServer

    private final class Received: Sendable {
        let commands = Mutex<[String]>([])
        let deaths: Mutex<Int>
        init(_ deaths: Int) { self.deaths = Mutex(deaths) }
    }

    /// The first `deaths` commands end their connections after they were read.
    init(deaths: Int) {
        let received = Received(deaths)
        self.received = received
        server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                received.commands.withLock { $0.append(command[0]) }
                let dies = received.deaths.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if dies { return peer.hangUp() }
                peer.write(":1\r\n")
            }
        }
    }

    var commands: [String] { received.commands.withLock(\.self) }
    var connectionCount: Int { server.connectionCount }

    func databases(_ policy: RedisRetryPolicy = .reads) -> RedisDatabases {
        var configuration = testConfiguration(server.path)
        configuration.retryPolicy = policy
        return RedisDatabases(configuration)
    }

    func stop() { server.stop() }
}

/// Both ways to run one command.
private let ways: [@Sendable (RedisDatabases, RedisCommand<Int>) async throws -> Int] = [
    { try await $0[.main].run($1) }, { try $0.blocking(.main).run($1) },
]

@Suite(.timeLimit(.minutes(10))) struct `A connection that ended under a command` {
    @Test(arguments: 0..<2) func `costs a read nothing but time`(way: Int) async throws {
        let server = DyingServer(deaths: 2)
        defer { server.stop() }
        let databases = server.databases()
        #expect(try await ways[way](databases, .strlen("a")) == 1)
        #expect(server.commands == ["STRLEN", "STRLEN", "STRLEN"] && server.connectionCount == 3)
        await databases.close()
    }

    @Test(arguments: 0..<2) func `is an error after the third`(way: Int) async throws {
        let server = DyingServer(deaths: .max)
        defer { server.stop() }
        let databases = server.databases()
        let error = await #expect(throws: RedisError.self) { try await ways[way](databases, .strlen("a")) }
        #expect(error?.code == .connectionClosed && error?.isAmbiguous == true && error?.command == "STRLEN")
        #expect(server.commands.count == 3)
        await databases.close()
    }

    @Test(arguments: 0..<2, [RedisRetryPolicy.notSent, .reads, .idempotentWrites])
    func `never sends INCR twice, and calls it ambiguous`(way: Int, policy: RedisRetryPolicy) async throws {
        let server = DyingServer(deaths: 1)
        defer { server.stop() }
        let databases = server.databases(policy)
        let error = await #expect(throws: RedisError.self) { try await ways[way](databases, .incr("a")) }
        #expect(error?.code == .connectionClosed && error?.isAmbiguous == true && error?.isSafeToRetry == false)
        #expect(server.commands == ["INCR"])
        await databases.close()
    }

    @Test(arguments: 0..<2) func `has a write that may run twice sent again only on request`(way: Int) async throws {
        for (policy, expected) in [(RedisRetryPolicy.reads, ["DEL"]), (.idempotentWrites, ["DEL", "DEL"])] {
            let server = DyingServer(deaths: 1)
            let databases = server.databases(policy)
            let reply = try? await ways[way](databases, .del("a"))
            #expect((reply == nil) == (policy == .reads))
            #expect(server.commands == expected)
            await databases.close()
            server.stop()
        }
    }

    @Test func `has nothing sent again where that is what the configuration says`() async throws {
        let server = DyingServer(deaths: 1)
        defer { server.stop() }
        let databases = server.databases(.notSent)
        await #expect(throws: RedisError.self) { try await databases[.main].strlen("a") }
        #expect(server.commands == ["STRLEN"])
        await databases.close()
    }

    @Test func `has a pipeline sent again as a whole, if all of it reads`() async throws {
        for (commands, expected) in [
            ([RedisCommand<Int>.strlen("a"), .strlen("b")], ["STRLEN", "STRLEN", "STRLEN"]),
            ([.strlen("a"), .incr("b")], ["STRLEN"]),
        ] {
            let server = DyingServer(deaths: 1)
            let databases = server.databases()
            let asynchronous = try? await databases[.main].pipeline(commands)
            #expect((asynchronous != nil) == (expected.count == 3))
            #expect(server.commands == expected)
            await databases.close()
            server.stop()
            let other = DyingServer(deaths: 1)
            let blocking = try? other.databases().blocking(.main).pipeline(commands)
            #expect((blocking != nil) == (expected.count == 3))
            #expect(other.commands == expected)
            other.stop()
        }
    }

    @Test(arguments: 0..<2) func `whose server is gone then leaves the first error, which does not promise too much`(
        way: Int
    ) async throws {
        let path = Mutex("")
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            try? FileManager.default.removeItem(atPath: path.withLock(\.self))
            peer.hangUp()
        }
        defer { server.stop() }
        path.withLock { $0 = server.path }
        var configuration = testConfiguration(server.path)
        configuration.retryPolicy = .idempotentWrites
        let databases = RedisDatabases(configuration)
        let error = await #expect(throws: RedisError.self) { try await ways[way](databases, .del("a")) }
        #expect(error?.code == .connectionClosed && error?.isAmbiguous == true && error?.isSafeToRetry == false)
        await databases.close()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A server that loads its data` {
    /// How many commands it refuses yet; less than none once it has answered.
    private final class Refusals: Sendable {
        private let count: Atomic<Int>
        init(_ count: Int) { self.count = Atomic(count) }
        var left: Int { count.load(ordering: .relaxed) }
        func takeOne() -> Bool { count.subtract(1, ordering: .relaxed).newValue >= 0 }
    }

    private func loading(_ refusals: Refusals, then answer: String) -> ScriptedServer {
        .answering { _ in refusals.takeOne() ? loadingReply : answer }
    }

    @Test(arguments: 0..<2) func `is waited for by any command, which it has not run`(way: Int) async throws {
        let refusals = Refusals(3)
        let server = loading(refusals, then: ":7\r\n")
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        #expect(try await ways[way](databases, .incr("a")) == 7)
        #expect(server.connectionCount == 1 && refusals.left == -1)
        await databases.close()
    }

    @Test(arguments: 0..<2) func `is waited for by what blocks as well`(way: Int) async throws {
        let refusals = Refusals(3)
        let server = loading(refusals, then: "$1\r\nx\r\n")
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let pop = RedisCommand<String>.raw("BRPOPLPUSH", ["a", "b", "5"], as: String.self)
        let value = way == 0 ? try await databases[.main].run(pop) : try databases.blocking(.main).run(pop)
        #expect(value == "x" && refusals.left == -1)
        await databases.close()
    }

    @Test(arguments: 0..<2) func `is waited for no longer than the call may take`(way: Int) async throws {
        let server = ScriptedServer.answering { _ in loadingReply }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.commandTimeout = .milliseconds(200)
        let databases = RedisDatabases(configuration)
        let error = await #expect(throws: RedisError.self) { try await ways[way](databases, .incr("a")) }
        #expect(error?.code == .loading || error?.code == .timedOut)
        await databases.close()
    }

    @Test(arguments: 0..<2) func `is not what a script says of itself, which has run`(way: Int) async throws {
        try await withDatabases { databases, _ in
            let script = "redis.call('INCR', KEYS[1]) return redis.error_reply('LOADING tapes')"
            let eval = RedisCommand<Int>.raw("EVAL", [script, 1, "runs"], as: Int.self)
            let main = try databases[.main].within(.seconds(2))
            let blocking = try databases.blocking(.main).within(.seconds(2))
            let error = await #expect(throws: RedisError.self) {
                _ = way == 0 ? try await main.run(eval) : try blocking.run(eval)
            }
            #expect(error?.code == .loading)
            #expect(try await main.get("runs") == "1")
        }
    }

    @Test func `and then lets a blocking pop wait too long costs that pop's connection`() async throws {
        let pops = Counter()
        let server = ScriptedServer.answering { command in
            guard command[0] == "BLPOP" else { return "+PONG\r\n" }
            return pops.next() == 1 ? loadingReply : nil
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let blocking = try databases.blocking(.main)
        #expect(try blocking.ping() == "PONG")
        let hurried = blocking.within(.seconds(1))
        let error = #expect(throws: RedisError.self) { try hurried.blpop("a", timeout: .milliseconds(10)) }
        #expect(error?.code == .timedOut && pops.value == 2)
        #expect(try blocking.ping() == "PONG")
        #expect(server.connectionCount == 2)
        await databases.close()
    }

    @Test func `has a pipeline sent again only if it ran none of it`() async throws {
        let received = Counter()
        let server = ScriptedServer.answering { _ in
            let count = received.next()
            // The first pipeline is refused as a whole, the next is met by the end of loading.
            return count <= 3 ? loadingReply : ":\(count)\r\n"
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let commands = [RedisCommand<Int>.incr("a"), .incr("a")]
        let replies = try await databases[.main].pipeline(commands)
        #expect(throws: RedisError.self) { try replies[0].get() }
        #expect(try replies[1].get() == 4)
        #expect(received.value == 4)
        await databases.close()
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0), "before it looks at its clients every 2 MB only"))
    func `is a real one, and every command gets its reply`() async throws {
        // It looks at its clients after so many bytes of its file.
        let arguments = ServerUnderTest.debugArguments + ["--loading-process-events-interval-bytes", "1024"]
        try await withDatabases(arguments: arguments) { databases, _ in
            let main = try databases[.main]
            for number in 0..<500 { try await main.set("key:\(number)", "\(number)") }
            try await main.send("CONFIG", "SET", "key-load-delay", 2_000, as: String.self)
            let isDone = Mutex(false)
            let reload = Task {
                defer { isDone.withLock { $0 = true } }
                _ = try await databases[.knowledge].withConnection { try await $0.send("DEBUG", "RELOAD") }
            }
            // In a lease nothing is sent again: what a command meets meanwhile is seen there.
            var met: RedisError?
            while met == nil, !isDone.withLock(\.self) {
                do {
                    _ = try await databases[.prompts].withConnection { try await $0.get("nothing") }
                } catch {
                    met = error as? RedisError
                }
            }
            #expect(met?.code == .loading)
            #expect(try await main.get("key:7") == "7")
            #expect(try databases.blocking(.main).get("key:8") == "8")
            try await reload.value
        }
    }
}
