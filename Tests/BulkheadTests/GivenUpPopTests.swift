@testable import Bulkhead
import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// The four ways to wait for an element.
enum PopForm: CaseIterable, Sendable, CustomTestStringConvertible {
    case database, lease, blocking, blockingLease

    var testDescription: String { "\(self)" }

    /// The element under `key`; nil if the server's time is over.
    func pop(
        _ key: String, for time: Duration, in databases: RedisDatabases, within limit: Duration = .seconds(300)
    ) async throws -> String? {
        let main = try databases[.main].within(limit)
        let blocking = try databases.blocking(.main).within(limit)
        switch self {
        case .database: return try await main.blpop([key], timeout: time)?.value
        case .lease: return try await main.withConnection { try await $0.blpop([key], timeout: time)?.value }
        case .blocking: return try blocking.blpop([key], timeout: time)?.value
        case .blockingLease: return try blocking.withConnection { try $0.blpop([key], timeout: time)?.value }
        }
    }

    /// The same, again where this side's machine was too slow for the command to leave at all.
    func popWithinLimit(
        _ key: String, for time: Duration, in databases: RedisDatabases, within limit: Duration
    ) async throws -> String? {
        while true {
            do {
                return try await pop(key, for: time, in: databases, within: limit)
            } catch let error as RedisError where error.code == .timedOut && error.isSafeToRetry {
                continue
            }
        }
    }
}

/// A command that waits, what ends its wait, and what then finds what it left.
struct Wait: Sendable, CustomTestStringConvertible {
    let wait: [String], push: [String], rest: [String]

    init(_ wait: String, _ push: String, _ rest: String) {
        (self.wait, self.push, self.rest) = (Self.words(wait), Self.words(push), Self.words(rest))
    }

    var testDescription: String { wait[0] }

    private static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    static func command(_ words: [String]) -> RedisCommand<RESPValue> { .raw(words[0], Array(words.dropFirst())) }

    static func isSomething(_ reply: RESPValue) -> Bool { reply != .null && reply.elements?.isEmpty != true }
}

private func blockedClients(_ databases: RedisDatabases) async throws -> Int {
    try await databases[.knowledge].info("clients")["blocked_clients"].flatMap { Int($0) } ?? -1
}

/// A server that looks at those who wait once a second ends their waits up to a second late.
private let seldomLooking = ["--hz", "1", "--dynamic-hz", "no"]

@Suite(.timeLimit(.minutes(10))) struct `A pop that was given up` {
    @Test(arguments: PopForm.allCases)
    func `is none where the server only ends its wait a little late`(_ form: PopForm) async throws {
        try await withDatabases { databases, _ in
            for _ in 0..<5 {
                let popped = try await form.popWithinLimit(
                    "nothing", for: .milliseconds(60), in: databases, within: .milliseconds(10))
                #expect(popped == nil)
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: PopForm.allCases)
    func `for being late gives none, and takes nothing that is pushed later`(_ form: PopForm) async throws {
        try await withDatabases(arguments: seldomLooking) { databases, _ in
            for _ in 0..<3 {
                let popped = try await form.popWithinLimit(
                    "queue", for: .milliseconds(10), in: databases, within: .milliseconds(10))
                #expect(popped == nil)
                try await databases[.knowledge].ping()
                try await databases[.main].rpush("queue", "kept")
                #expect(try await databases[.main].lpop("queue") == "kept")
            }
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: PopForm.allCases)
    func `loses no element that comes in the moment it gives up`(_ form: PopForm) async throws {
        try await withDatabases(arguments: seldomLooking) { databases, _ in
            let main = try databases[.main]
            var returned = 0, left = 0
            let rounds = 12
            for round in 0..<rounds {
                let pusher = Task {
                    // About when the client gives up: its own time and the margin on top.
                    try await Task.sleep(for: .milliseconds(245 + round))
                    try await main.rpush("queue", "element")
                }
                do {
                    let popped = try await form.pop(
                        "queue", for: .milliseconds(1), in: databases, within: .milliseconds(10))
                    if popped != nil { returned += 1 }
                } catch {}
                _ = try await pusher.value
                if try await main.lpop("queue") != nil { left += 1 }
            }
            #expect(returned + left == rounds, "\(returned) returned, \(left) left of \(rounds)")
        }
    }

    @Test(arguments: [PopForm.database, .lease])
    func `for being cancelled loses no element that comes in the same moment`(_ form: PopForm) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            var returned = 0, left = 0
            let rounds = 100
            for round in 0..<rounds {
                let waiting = Task { try await form.pop("queue", for: .seconds(300), in: databases) }
                #expect(try await eventually { try await blockedClients(databases) == 1 })
                if round % 2 == 0 { waiting.cancel() }
                async let pushed = main.rpush("queue", "element")
                if round % 2 == 1 { waiting.cancel() }
                _ = try await pushed
                do {
                    if try await waiting.value != nil { returned += 1 }
                } catch let error as RedisError {
                    #expect(error.code == .cancelled)
                }
                if try await main.lpop("queue") != nil { left += 1 }
            }
            #expect(returned + left == rounds, "\(returned) returned, \(left) left of \(rounds)")
        }
    }

    /// The stream's reader too: what it is given counts as pending, and nobody else gets it.
    @Test(
        arguments: [
            Wait("BRPOP queue 300", "RPUSH queue e", "LPOP queue"),
            Wait("BLMOVE queue kept LEFT RIGHT 300", "RPUSH queue e", "LPOP queue"),
            Wait("BZPOPMIN board 300", "ZADD board 1 m", "ZPOPMIN board"),
            Wait(
                "XREADGROUP GROUP g c BLOCK 300000 STREAMS stream >", "XADD stream * f v",
                "XREADGROUP GROUP g c STREAMS stream >"),
        ]
            + (ServerUnderTest.isAtLeast(redis: 7, 0)
                ? [
                    Wait("BLMPOP 300 1 queue LEFT", "RPUSH queue e", "LPOP queue"),
                    Wait("BZMPOP 300 1 board MIN", "ZADD board 1 m", "ZPOPMIN board"),
                ] : []))
    func `for being cancelled returns what was taken, whatever the command`(_ wait: Wait) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.send("XGROUP", "CREATE", "stream", "g", "$", "MKSTREAM")
            var returned = 0, left = 0
            let rounds = 20
            for round in 0..<rounds {
                let waiting = Task {
                    if round % 2 == 0 { return try await main.run(Wait.command(wait.wait)) }
                    return try await main.withConnection { connection in
                        try await connection.pipeline([Wait.command(wait.wait), .raw("PING", [])])[0].get()
                    }
                }
                #expect(try await eventually { try await blockedClients(databases) == 1 })
                waiting.cancel()
                try await main.run(Wait.command(wait.push))
                do {
                    if Wait.isSomething(try await waiting.value) { returned += 1 }
                } catch let error as RedisError {
                    #expect(error.code == .cancelled)
                }
                if Wait.isSomething(try await main.run(Wait.command(wait.rest))) { left += 1 }
            }
            #expect(returned + left == rounds, "\(returned) returned, \(left) left of \(rounds)")
        }
    }

    @Test(arguments: [PopForm.database, .lease])
    func `costs its connection where CLIENT UNBLOCK is denied, and takes nothing that is pushed later`(
        _ form: PopForm
    ) async throws {
        try await withUser("-client") { databases, _ in
            let waiting = Task { try await form.pop("queue", for: .seconds(300), in: databases) }
            #expect(try await eventually { try await blockedClients(databases) == 1 })
            waiting.cancel()
            let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
            #expect(error?.code == .cancelled && error?.isAmbiguous == true)
            #expect(try await eventually { try await blockedClients(databases) == 0 })
            try await databases[.main].rpush("queue", "kept")
            #expect(try await databases[.main].lpop("queue") == "kept")
        }
    }

    @Test func `costs no connection where the server ended its wait`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            let id = RedisCommand<Int>.raw("CLIENT", ["ID"], as: Int.self)
            let first = try await main.withConnection { try await $0.run(id) }
            let waiting = Task { try await main.blpop("queue", timeout: .seconds(300)) }
            #expect(try await eventually { try await blockedClients(databases) == 1 })
            waiting.cancel()
            await #expect(throws: RedisError.self) { _ = try await waiting.value }
            #expect(try await main.withConnection { try await $0.run(id) } == first)
        }
    }

    @Test func `has the limit on top of its own time, and at least what servers are late by`() {
        let second = BlockingTime.upTo(.seconds(1))
        #expect(Timeout(.milliseconds(10)).adding(second) == Timeout(.seconds(1) + BlockingTime.leastMargin))
        #expect(Timeout(.seconds(2)).adding(second) == Timeout(.seconds(3)))
        #expect(Timeout(.milliseconds(10)).adding(BlockingTime.none) == Timeout(.milliseconds(10)))
        #expect(Timeout(nil).adding(second) == Timeout(nil))
    }
}
