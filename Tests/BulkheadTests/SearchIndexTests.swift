import Bulkhead
import BulkheadCommands
import BulkheadTestServer
import BulkheadTestSupport
import Testing

private func withSearchServer(_ body: (RedisDatabases, RedisTestServer) async throws -> Void) async throws {
    let server = try RedisTestServer.start(#require(SearchServer.options))
    defer { server.stop() }
    let databases = RedisDatabases(testConfiguration(server))
    try await body(databases, server)
    await databases.close()
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: SearchServer.options != nil, "\(SearchServer.absence)"))
struct `A flush beside search indexes` {
    @Test func `is refused before anything is lost, in both forms, and done when they are gone`() async throws {
        try await withSearchServer { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            try await main.set("key", "value")
            try await main.send("FT.CREATE", "idx", "SCHEMA", "t", "TEXT")
            let error = await #expect(throws: RedisError.self) { try await main.flushdb() }
            let other = #expect(throws: RedisError.self) { try blocking.flushdb() }
            for error in [error, other] {
                #expect(error?.code == .flushRefused && error?.command == "FLUSHDB" && error?.isSafeToRetry == true)
                #expect(error?.message.contains("FT.DROPINDEX") == true)
            }
            #expect(try await main.dbsize() == 1)
            #expect(try await main.send("FT._LIST", as: [String].self) == ["idx"])
            try await main.send("FT.DROPINDEX", "idx")
            try await main.flushdb()
            try blocking.flushdb()
            #expect(try await main.dbsize() == 0)
        }
    }

    /// What all this is for: the module's own doing.
    @Test func `would lose them, whichever number is flushed`() async throws {
        try await withSearchServer { databases, _ in
            try await databases[.main].send("FT.CREATE", "idx", "SCHEMA", "t", "TEXT")
            try await databases[.analytics].run(RedisCommand<RESPValue>.reaching("FLUSHDB", [], as: RESPValue.self))
            #expect(try await databases[.main].send("FT._LIST", as: [String].self) == [])
        }
    }

    @Test func `is refused to a user who may not ask for them, and says what to allow`() async throws {
        try await withSearchServer { databases, server in
            let rights = ["ACL", "SETUSER", "app", "on", ">pass", "~*", "+@all", "-ft._list"]
            try await databases[.main].send(rights[0], Array(rights[1...]))
            var configuration = testConfiguration(server)
            configuration.username = "app"
            configuration.password = "pass"
            let limited = RedisDatabases(configuration)
            try await limited[.main].set("key", "value")
            let error = await #expect(throws: RedisError.self) { try await limited[.main].flushdb() }
            #expect(error?.code == .flushRefused && error?.message.contains("FT._LIST") == true)
            #expect(try await limited[.main].dbsize() == 1)
            await limited.close()
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A flush of an ordinary server` {
    @Test func `asks for search indexes without an error, and is done`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.main].set("key", "value")
            try await databases[.main].flushdb()
            try databases.blocking(.main).flushdb()
            #expect(try await databases[.main].dbsize() == 0)
            #expect(databases.metrics()[.main]?.errors == 0)
        }
    }

    @Test func `is done by a user who may ask nothing about commands and modules`() async throws {
        try await withUser("-command", "-module") { databases, _ in
            try await databases[.main].set("key", "value")
            try await databases[.main].flushdb()
            #expect(try await databases[.main].dbsize() == 0)
            try await databases[.main].set("key", "value")
            try databases.blocking(.main).flushdb()
            #expect(try await databases[.main].dbsize() == 0)
        }
    }

    @Test func `that does not say whether it has indexes is no flush, and safe to retry`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] == "COMMAND" { return peer.hangUp() }
                peer.write("+OK\r\n")
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let error = await #expect(throws: RedisError.self) { try await databases[.main].flushdb() }
        let other = #expect(throws: RedisError.self) { try databases.blocking(.main).flushdb() }
        for error in [error, other] {
            #expect(error?.code == .connectionClosed && error?.isSafeToRetry == true && error?.command == "FLUSHDB")
            #expect(error?.message.contains("nothing was flushed") == true)
        }
        await databases.close()
    }
}
