import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A login that is refused` {
    /// The pauses a program has that sets none.
    private func configuration(_ server: RedisTestServer) -> RedisConfiguration {
        let usual = RedisConfiguration()
        var configuration = testConfiguration(server)
        configuration.reconnectDelay = usual.reconnectDelay
        configuration.maximumReconnectDelay = usual.maximumReconnectDelay
        return configuration
    }

    /// Twenty callers that ask again and again for a second, in both forms; the last failure.
    private func insist(_ databases: RedisDatabases, _ name: DatabaseName = .main) async -> RedisError? {
        await withTaskGroup(of: RedisError?.self) { group in
            for caller in 0..<20 {
                group.addTask {
                    let end = ContinuousClock.now + .seconds(1)
                    var last: RedisError?
                    while ContinuousClock.now < end {
                        let form = caller < 18 ? Form.asynchronous : .blocking
                        last = await form.run(.ping(), in: databases, name).failure ?? last
                        await Task.yield()
                    }
                    return last
                }
            }
            return await group.reduce(nil) { $0 ?? $1 }
        }
    }

    @Test func `is tried once a backoff, and its callers get the server's last error`() async throws {
        try await withServer(arguments: ["--requirepass", "sesame"]) { server in
            var configuration = configuration(server)
            configuration.password = "sesame"
            let right = RedisDatabases(configuration)
            configuration.password = "swordfish"
            let wrong = RedisDatabases(configuration)
            let before = try await right.acceptedConnections()
            let failure = try #require(await insist(wrong))
            #expect(failure.code == .authenticationFailed && failure.isSafeToRetry)
            #expect(failure.message.contains("refused the login of user default"))
            #expect(try await right.acceptedConnections() <= before + 40)
            // Time until the next attempt, for who is held back.
            var held: RedisError?
            #expect(
                await eventually {
                    held = await Form.asynchronous.run(.ping(), in: wrong).failure
                    return held?.message.contains("(no attempt is made for another ") == true
                })
            #expect(held?.code == .authenticationFailed && held?.stage == .refused)
            await wrong.close()
            await right.close()
        }
    }

    @Test func `slows down no other login on its server`() async throws {
        try await withServer(arguments: ["--requirepass", "sesame"]) { server in
            let catalogue = try DatabaseCatalogue(
                json: Array(
                    """
                    {"databases": [
                        {"name": "main", "number": 0},
                        {"name": "knowledge", "number": 1, "url": "unix://:swordfish@\(server.socketPath)"}
                    ]}
                    """.utf8))
            var configuration = configuration(server)
            configuration.password = "sesame"
            configuration.reconnectDelay = .seconds(600)
            configuration.maximumReconnectDelay = .seconds(600)
            await expectOthersServed(
                RedisDatabases(configuration, catalogue: catalogue), though: .authenticationFailed)
        }
    }

    /// `main` is served in both forms, though `knowledge` is refused again and again.
    private func expectOthersServed(_ databases: RedisDatabases, though code: RedisError.Code) async {
        for form in Form.allCases {
            for _ in 0..<5 {
                #expect(await form.run(.ping(), in: databases, .knowledge).failure?.code == code)
            }
            #expect(await form.run(.ping(), in: databases).isSuccess)
        }
        await databases.close()
    }

    @Test func `for one database slows down no other database of that login`() async throws {
        try await withServer(arguments: ["--databases", "1"]) { server in
            var configuration = configuration(server)
            configuration.reconnectDelay = .seconds(600)
            configuration.maximumReconnectDelay = .seconds(600)
            await expectOthersServed(RedisDatabases(configuration), though: .databaseOutOfRange)
        }
    }

    @Test func `for want of room is tried once a backoff, and let in when there is room`() async throws {
        try await withServer { server in
            let outside = RedisDatabases(configuration(server))
            try await outside[.main].send("CONFIG", "SET", "maxclients", 1)
            let databases = RedisDatabases(configuration(server))
            let rejected = { try await outside[.main].info("stats")["rejected_connections"].flatMap { Int($0) } ?? 0 }
            let failure = try #require(await insist(databases))
            #expect(failure.code == .handshakeRefused && failure.message.contains("max number of clients"))
            #expect(try await rejected() <= 40)
            try await outside[.main].send("CONFIG", "SET", "maxclients", 100)
            #expect(await eventually { await Form.asynchronous.run(.ping(), in: databases).isSuccess })
            await databases.close()
            await outside.close()
        }
    }
}
