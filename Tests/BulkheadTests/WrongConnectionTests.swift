import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// A primary and its replica, reached by a name that leads to the primary; and the end of all of them.
private func withPair(
    configure: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (RedisDatabases, Pair) async throws -> Void
) async throws {
    let options = RedisTestServer.Options(listening: .tcp, arguments: ["--repl-diskless-sync-delay", "0"])
    let (first, second) = (try RedisTestServer.start(options), try RedisTestServer.start(options))
    defer {
        first.stop()
        second.stop()
    }
    let pair = Pair(first, second)
    try await pair.replicate(second, of: first)
    var configuration = testConfiguration(pair.name.path)
    configuration.version = ServerUnderTest.version
    configure(&configuration)
    let databases = RedisDatabases(configuration)
    try await body(databases, pair)
    await databases.close()
    await pair.close()
}

private final class Pair: Sendable {
    let name: MovingName
    let first: RedisDatabases
    let second: RedisDatabases
    private let servers: [RedisTestServer]
    var oldPath: String? { servers.first?.socketPath }

    init(_ first: RedisTestServer, _ second: RedisTestServer) {
        servers = [first, second]
        self.first = RedisDatabases(testConfiguration(first))
        self.second = RedisDatabases(testConfiguration(second))
        name = MovingName(to: first.socketPath)
    }

    func replicate(_ replica: RedisTestServer, of primary: RedisTestServer) async throws {
        let databases = replica === servers[0] ? first : second
        try await Self.say(databases, ["REPLICAOF", "127.0.0.1", "\(primary.port ?? 0)"])
        #expect(
            try await eventually { try await databases[.main].info("replication")["master_link_status"] == "up" })
    }

    /// The second becomes the primary, and the name leads to it; then the first becomes its replica.
    func failOver() async throws {
        try await Self.say(second, ["REPLICAOF", "NO", "ONE"])
        name.point(to: servers[1].socketPath)
        try await replicate(servers[0], of: servers[1])
    }

    func close() async {
        await first.close()
        await second.close()
    }

    private static func say(_ databases: RedisDatabases, _ words: [String]) async throws {
        try await databases[.main].send(words[0], Array(words.dropFirst()))
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A connection that leads to the wrong server` {
    @Test(arguments: Form.allCases) func `is replaced after a failover, and writers notice nothing`(
        form: Form
    ) async throws {
        try await withPair { databases, pair in
            #expect(await form.run(.incr("visits"), in: databases).isSuccess)
            // A replica that is behind would lose it.
            #expect(try await eventually { try await pair.second[.main].get("visits", as: Int.self) == 1 })
            try await pair.failOver()
            for _ in 0..<3 { #expect(await form.run(.incr("visits"), in: databases).isSuccess) }
            #expect(try await pair.second[.main].get("visits", as: Int.self) == 4)
            let pipeline = [RedisCommand<Int>.incr("visits"), .incr("visits")]
            #expect(try await databases[.knowledge].pipeline(pipeline).allSatisfy(\.isSuccess))
        }
    }

    @Test func `is replaced after a failover under load, without an error`() async throws {
        try await withPair { databases, pair in
            let isOver = Counter()
            let failures = try await withThrowingTaskGroup(of: [RedisError].self) { group in
                for caller in 0..<20 {
                    group.addTask {
                        var failures: [RedisError] = []
                        while isOver.value == 0 {
                            let form = caller == 0 ? Form.blocking : .asynchronous
                            if let failure = await form.run(.incr("visits"), in: databases).failure {
                                failures.append(failure)
                            }
                        }
                        return failures
                    }
                }
                try await Task.sleep(for: .milliseconds(100))
                try await pair.failOver()
                try await Task.sleep(for: .milliseconds(300))
                isOver.next()
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(failures.count == 0, "\(failures.first.map { "\($0)" } ?? "")")
        }
    }

    @Test func `that is leased says READONLY, and the next lease is another one`() async throws {
        try await withPair { databases, pair in
            let database = try databases[.main]
            // Two idle ones.
            try await database.withConnection { first in
                try await database.withConnection { second in
                    try await first.ping()
                    try await second.ping()
                }
            }
            try await pair.failOver()
            let error = await #expect(throws: RedisError.self) {
                try await database.withConnection { try await $0.set("key", "value") }
            }
            #expect(error?.code == .readOnly)
            for _ in 0..<3 { _ = try await database.withConnection { try await $0.set("key", "value") } }
            let blocking = try databases.blocking(.main)
            #expect(throws: Never.self) { try blocking.set("key", "value") }
        }
    }

    @Test(arguments: Form.allCases) func `is replaced once a backoff where its name leads nowhere else`(
        form: Form
    ) async throws {
        try await withPair { configuration in
            configuration.reconnectDelay = .seconds(600)
            configuration.maximumReconnectDelay = .seconds(600)
        } _: { databases, pair in
            #expect(await form.run(.incr("visits"), in: databases).isSuccess)
            try await pair.failOver()
            // And back to the old one, which is a replica now.
            pair.name.point(to: try #require(pair.oldPath))
            let before = try await pair.first.acceptedConnections()
            for _ in 0..<300 {
                #expect(await form.run(.incr("visits"), in: databases).failure?.code == .readOnly)
            }
            #expect(try await pair.first.acceptedConnections() < before + 10)
            #expect(await form.run(.get("visits"), in: databases).isSuccess)
        }
    }

    @Test(arguments: Form.allCases) func `is replaced where its login has lapsed, and the command runs once`(
        form: Form
    ) async throws {
        let connections = Counter()
        let runs = Counter()
        let server = ScriptedServer { peer in
            let isFirst = connections.next() == 1
            peer.shakeHands()
            while peer.readCommand() != nil {
                if isFirst {
                    peer.write("-NOAUTH Authentication required.\r\n")
                } else {
                    peer.write(":\(runs.next())\r\n")
                }
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        #expect(try await form.run(.incr("visits"), in: databases).get() == 1)
        #expect(runs.value == 1 && connections.value == 2)
        await databases.close()
    }

    @Test func `has no script sent again`() async throws {
        let runs = Counter()
        let server = ScriptedServer.answering { _ in
            runs.next()
            return "-READONLY You can't write against a read only replica.\r\n"
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let error = await #expect(throws: RedisError.self) { try await databases[.main].send("EVAL", "return 1", 0) }
        #expect(error?.code == .readOnly && runs.value == 1)
        await databases.close()
    }
}
