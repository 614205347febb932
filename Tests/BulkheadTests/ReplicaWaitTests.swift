import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct `WAIT and WAITAOF` {
    private static let knowsDisks = ServerUnderTest.isAtLeast(redis: 7, 2)

    /// A primary and a replica, each with an append-only file unless it has none.
    private func withReplica(
        _ arguments: [String] = ["--appendonly", "yes"],
        _ body: (RedisDatabases, _ replica: RedisTestServer) async throws -> Void
    ) async throws {
        let primary = try RedisTestServer.start(
            .init(listening: .tcp, arguments: ["--repl-diskless-sync-delay", "0"] + arguments))
        defer { primary.stop() }
        let replica = try RedisTestServer.start(
            .init(arguments: ["--replicaof", "127.0.0.1", "\(primary.port ?? 0)"] + arguments))
        defer { replica.stop() }
        let databases = RedisDatabases(testConfiguration(primary))
        do {
            try await body(databases, replica)
        } catch {
            await databases.close()
            throw error
        }
        await databases.close()
    }

    @Test func `say how many replicas have what this connection wrote, in memory and on disk`() async throws {
        try await withReplica { databases, replica in
            try await databases[.main].withConnection { connection in
                try await connection.set("a", 1)
                #expect(try await connection.wait(replicas: 1, timeout: .seconds(100)) == 1)
                if Self.knowsDisks {
                    let copies = try await connection.waitaof(locally: true, replicas: 1, timeout: .seconds(100))
                    #expect(copies.isLocal && copies.replicas == 1)
                }
                replica.stop()
                try await connection.set("a", 2)
                #expect(try await connection.wait(replicas: 1, timeout: .milliseconds(50)) == 0)
                if Self.knowsDisks {
                    let copies = try await connection.waitaof(locally: true, replicas: 1, timeout: .milliseconds(50))
                    #expect(copies.replicas == 0)
                }
            }
        }
    }

    @Test func `say the same to a thread`() async throws {
        try await withReplica { databases, replica in
            let counts = try await onThread {
                Result {
                    try databases.blocking(.main).withConnection { connection -> [Int] in
                        try connection.set("a", 1)
                        var counts = [try connection.wait(replicas: 1, timeout: .seconds(100))]
                        if Self.knowsDisks {
                            counts.append(try connection.waitaof(replicas: 1, timeout: .seconds(100)).replicas)
                        }
                        replica.stop()
                        try connection.set("a", 2)
                        return counts + [try connection.wait(replicas: 1, timeout: .milliseconds(50))]
                    }
                }
            }.get()
            #expect(counts == (Self.knowsDisks ? [1, 1, 0] : [1, 0]))
        }
    }

    @Test(.enabled(if: knowsDisks))
    func `where there is no append-only file, the own disk is refused`() async throws {
        try await withReplica([]) { databases, _ in
            try await databases[.main].withConnection { connection in
                try await connection.set("a", 1)
                #expect(try await connection.wait(replicas: 1, timeout: .seconds(100)) == 1)
                let copies = try await connection.waitaof(replicas: 1, timeout: .milliseconds(50))
                // Whether the replica counts depends on the server.
                #expect(!copies.isLocal)
                let refused = await #expect(throws: RedisError.self) {
                    _ = try await connection.waitaof(locally: true, replicas: 0, timeout: .seconds(100))
                }
                #expect(refused?.code == .serverError && refused?.message.contains("appendonly") == true)
            }
        }
    }

    /// A shared connection writes for others too.
    @Test func `of a database are refused with where to say them, and nothing is sent`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for error in [
                await #expect(throws: RedisError.self) {
                    _ = try await main.run(.wait(replicas: 0, timeout: .seconds(1)))
                },
                await #expect(throws: RedisError.self) {
                    _ = try await main.run(.waitaof(replicas: 0, timeout: .seconds(1)))
                },
            ] {
                #expect(error?.stage == .refused && error?.message.contains("withConnection") == true)
            }
        }
    }
}
