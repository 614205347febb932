import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Keeps the changes of the copy in use.
private final class Listener: RedisObserver {
    private let changes = Mutex<[RedisConnectionEvent]>([])
    var failovers: [RedisConnectionEvent] { changes.withLock { $0.filter { $0.change == .failedOver } } }

    func commandEnded(_ event: RedisCommandEvent) {}
    func connectionChanged(_ event: RedisConnectionEvent) { changes.withLock { $0.append(event) } }
}

@Suite(.timeLimit(.minutes(10))) struct `A name with a copy of its data elsewhere` {
    private func databases(
        _ first: RedisTestServer, _ second: RedisTestServer, _ listener: Listener, recovery: Duration,
        isUnlimited: Bool = false, connectTimeout: Duration? = nil
    ) throws -> RedisDatabases {
        var copies = RedisCopies([try DatabaseServer(url: second.url)])
        copies.failureTime = .milliseconds(200)
        copies.recoveryTime = recovery
        // A busy machine answers late, and is not to be left for that.
        copies.checkInterval = .seconds(2)
        let entry = DatabaseEntry(.main, number: 0, server: try DatabaseServer(url: first.url), copies: copies)
        var configuration = testConfiguration(first)
        configuration.observer = listener
        if isUnlimited { configuration.commandTimeout = nil }
        if let connectTimeout { configuration.connectTimeout = connectTimeout }
        return RedisDatabases(configuration, catalogue: try DatabaseCatalogue([entry]))
    }

    private func name(_ server: RedisTestServer, _ name: String) async throws {
        let admin = RedisDatabases(testConfiguration(server))
        try await admin[.main].set("name", name)
        await admin.close()
    }

    /// Two servers that know their names.
    private func withTwoServers(
        _ one: String = "first", _ other: String = "second",
        _ body: (RedisTestServer, RedisTestServer) async throws -> Void
    ) async throws {
        try await RedisTestServer.withServer { first async throws in
            try await RedisTestServer.withServer { second async throws in
                try await name(first, one)
                try await name(second, other)
                try await body(first, second)
            }
        }
    }

    private func who(_ form: Form, _ databases: RedisDatabases) async -> String? {
        if case .success(let name) = await form.run(.get("name"), in: databases) { name } else { nil }
    }

    @Test(arguments: Form.allCases)
    func `stays where it is, whatever its scripts answer`(form: Form) async throws {
        try await withTwoServers { first, second async throws in
            let listener = Listener()
            let databases = try databases(first, second, listener, recovery: .milliseconds(500))
            let end = ContinuousClock.now + .milliseconds(500)
            while ContinuousClock.now < end {
                for word in ["LOADING", "READONLY", "MASTERDOWN", "NOAUTH"] {
                    let script = RedisScript<Int>("return redis.error_reply('\(word) later')")
                    #expect(await form.run(script.command(), in: databases).failure?.code.name == word)
                }
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(await who(form, databases) == "first" && listener.failovers.isEmpty)
            await databases.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `goes on there when its server is killed, and back when that has been well for a while`(
        form: Form
    ) async throws {
        try await withTwoServers { first, second async throws in
            let listener = Listener()
            let databases = try databases(first, second, listener, recovery: .milliseconds(500))
            #expect(await who(form, databases) == "first")
            first.kill()
            // Reads are sent again, and what was not sent waits for the copy: no caller sees the failover.
            for _ in 0..<20 { #expect(await who(form, databases) == "second") }
            #expect(await eventually { listener.failovers.count == 1 })
            let event = try #require(listener.failovers.first)
            #expect(event.server == "unix:\(second.socketPath)" && event.code != nil && event.database == .main)
            try first.restart()
            try await name(first, "first again")
            #expect(await eventually { await who(form, databases) == "first again" })
            #expect(await eventually { listener.failovers.count == 2 })
            #expect(listener.failovers.last?.code == nil)
            await databases.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `goes on there though connections are only lent`(form: Form) async throws {
        try await withTwoServers { first, second async throws in
            let databases = try databases(first, second, Listener(), recovery: .seconds(3_600))
            let name = { () async throws -> String? in
                switch form {
                case .asynchronous:
                    try await databases[.main].withConnection { connection in try await connection.get("name") }
                case .blocking:
                    try await onThread {
                        try databases.blocking(.main).withConnection { connection in try connection.get("name") }
                    }
                }
            }
            #expect(try await name() == "first")
            first.kill()
            #expect(await eventually { (try? await name()) == "second" })
            await databases.close()
        }
    }

    @Test func `leaves a server that hangs, though nobody calls it`() async throws {
        try await withTwoServers { first, second async throws in
            let listener = Listener()
            let databases = try databases(first, second, listener, recovery: .seconds(3_600))
            #expect(await who(.asynchronous, databases) == "first")
            try first.pause()
            #expect(await eventually { listener.failovers.count == 1 })
            #expect(await who(.asynchronous, databases) == "second")
            first.resume()
            await databases.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `has a read go on there that waits without a time limit at a server that hangs`(form: Form) async throws {
        try await withTwoServers { first, second async throws in
            let databases = try databases(first, second, Listener(), recovery: .seconds(3_600), isUnlimited: true)
            #expect(await who(form, databases) == "first")
            try first.pause()
            #expect(await who(form, databases) == "second")
            first.resume()
            await databases.close()
        }
    }

    @Test func `has a read go on there where calls that cannot connect show that it hangs`() async throws {
        try await withTwoServers { first, second async throws in
            let databases = try databases(
                first, second, Listener(), recovery: .seconds(3_600), isUnlimited: true, connectTimeout: .seconds(3))
            #expect(await who(.asynchronous, databases) == "first")
            try first.pause()
            defer { first.resume() }
            async let waiting = who(.asynchronous, databases)
            // A connection of its own for each: they cannot log in, and the last one's failure is what has the server
            // left.
            async let connecting = withTaskGroup(of: String?.self) { group in
                for _ in 0..<4 { group.addTask { await who(.blocking, databases) } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(await waiting == "second")
            #expect(await connecting.allSatisfy { $0 == "second" })
            first.resume()
            await databases.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `goes to the heaviest copy that answers, and back to a heavier one only by the rule`(form: Form) async throws {
        let servers = try (0..<3).map { _ in try RedisTestServer.start() }
        defer { servers.forEach { $0.stop() } }
        for (server, text) in zip(servers, ["own", "light", "heavy"]) { try await name(server, text) }
        var copies = RedisCopies()
        copies.all = [
            RedisCopy(try DatabaseServer(url: servers[1].url), weight: 0.3),
            RedisCopy(try DatabaseServer(url: servers[2].url), weight: 0.6),
        ]
        copies.failureTime = .milliseconds(200)
        copies.recoveryTime = .milliseconds(500)
        copies.checkInterval = .seconds(2)
        let entry = DatabaseEntry(.main, number: 0, server: try DatabaseServer(url: servers[0].url), copies: copies)
        let databases = RedisDatabases(
            testConfiguration(servers[0]), catalogue: try DatabaseCatalogue([entry]))
        #expect(await who(form, databases) == "own")
        servers[0].kill()
        // Both copies answer, if they have been asked by now.
        #expect(await eventually { await who(form, databases) == "heavy" })
        servers[2].kill()
        #expect(await who(form, databases) == "light")
        try servers[2].restart()
        try await name(servers[2], "heavy again")
        #expect(await eventually { await who(form, databases) == "heavy again" })
        try servers[0].restart()
        try await name(servers[0], "own again")
        #expect(await eventually { await who(form, databases) == "own again" })
        await databases.close()
    }

    @Test func `uses a copy that is heavier than its own server from the first call on`() async throws {
        try await withTwoServers("own", "copy") { own, copy async throws in
            let catalogue = try DatabaseCatalogue(
                json: Array(
                    """
                    {"databases": [{"name": "main", "number": 0, "url": "\(own.url)",
                        "copies": [{"url": "\(copy.url)", "weight": 2}]}]}
                    """.utf8))
            let databases = RedisDatabases(testConfiguration(own), catalogue: catalogue)
            for form in Form.allCases { #expect(await who(form, databases) == "copy") }
            copy.kill()
            for form in Form.allCases { #expect(await who(form, databases) == "own") }
            await databases.close()
        }
    }

    @Test func `leaves a server that has become a replica`() async throws {
        let (first, second) = (try RedisTestServer.start(), try RedisTestServer.start(.init(listening: .tcp)))
        defer { [first, second].forEach { $0.stop() } }
        let listener = Listener()
        let databases = try databases(first, second, listener, recovery: .seconds(3_600))
        try await databases[.main].set("before", 1)
        let admin = RedisDatabases(testConfiguration(first))
        try await admin[.main].send("REPLICAOF", "127.0.0.1", String(try #require(second.port)))
        #expect(await eventually { listener.failovers.count == 1 })
        try await databases[.main].set("behind", 1)
        await admin.close()
        await databases.close()
    }
}
