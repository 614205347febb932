import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Answers every command but those that block, at once.
private func deafToBlockingCommands() -> ScriptedServer {
    .answering { command in ["BLPOP", "WAIT"].contains(command[0]) ? nil : "+PONG\r\n" }
}

private func oneLease(_ server: ScriptedServer) -> RedisDatabases {
    var configuration = testConfiguration(server.path)
    configuration.maximumLeases = 1
    return RedisDatabases(configuration)
}

/// Opens a lease of either form, so that a short timeout covers the command alone, on a busy machine too.
private func connect(_ databases: RedisDatabases) async throws {
    try await databases[.main].withConnection { _ = try await $0.ping() }
    try databases.blocking(.main).withConnection { _ = try $0.ping() }
}

@Suite(.timeLimit(.minutes(10))) struct `A lease whose blocking command was given up` {
    @Test func `loses no element when its pipeline was cancelled`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            func blockedClients() async throws -> String? { try await main.info(["clients"])["blocked_clients"] }
            let waiting = Task {
                try await main.withConnection { connection in
                    try await connection.pipeline(.blpop("queue", timeout: .seconds(300)), .ping()).1
                }
            }
            #expect(try await eventually { try await blockedClients() == "1" })
            waiting.cancel()
            let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
            #expect(error?.code == .cancelled)
            #expect(try await main.within(.seconds(20)).withConnection { try await $0.ping() } == "PONG")
            #expect(try await eventually { try await blockedClients() == "0" })
            try await main.rpush("queue", "kept")
            #expect(try await main.llen("queue") == 1)
        }
    }

    @Test(.enabled(if: TestTier.isWhole), arguments: ["BLPOP queue 0.05", "WAIT 1 50"])
    func `ends with its connection when the command was late, in both forms`(_ line: String) async throws {
        let server = deafToBlockingCommands()
        defer { server.stop() }
        let databases = oneLease(server)
        let words = line.split(separator: " ").map(String.init)
        try await connect(databases)
        let main = try databases[.main].within(.seconds(1))
        let error = await #expect(throws: RedisError.self) {
            try await main.withConnection { try await $0.send(words[0], Array(words[1...])) }
        }
        #expect(error?.code == .timedOut && error?.stage == .sent)
        #expect(try await main.within(.seconds(20)).withConnection { try await $0.ping() } == "PONG")
        let blocking = try databases.blocking(.main).within(.seconds(1))
        let late = #expect(throws: RedisError.self) {
            try blocking.withConnection { try $0.send(words[0], Array(words[1...])) }
        }
        #expect(late?.code == .timedOut && late?.stage == .sent)
        #expect(try blocking.within(.seconds(20)).withConnection { try $0.ping() } == "PONG")
        #expect(server.connectionCount == 4)
        await databases.close()
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `ends with its connection when its pipeline was late, in both forms`() async throws {
        let server = deafToBlockingCommands()
        defer { server.stop() }
        let databases = oneLease(server)
        try await connect(databases)
        let main = try databases[.main].within(.seconds(1))
        await #expect(throws: RedisError.self) {
            try await main.withConnection { connection in
                _ = try await connection.pipeline(.ping(), .blpop("queue", timeout: .milliseconds(50)))
            }
        }
        #expect(try await main.within(.seconds(20)).withConnection { try await $0.ping() } == "PONG")
        let blocking = try databases.blocking(.main).within(.seconds(1))
        #expect(throws: RedisError.self) {
            try blocking.withConnection { connection in
                _ = try connection.pipeline(.ping(), .blpop("queue", timeout: .milliseconds(50)))
            }
        }
        #expect(try blocking.within(.seconds(20)).withConnection { try $0.ping() } == "PONG")
        #expect(server.connectionCount == 4)
        await databases.close()
    }

    @Test func `is lent again when the command was answered, in every way that can be`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            let first = try await main.withConnection { try await $0.send("CLIENT", "ID", as: Int.self) }
            try await main.withConnection { connection in
                _ = try await connection.blpop("nothing", timeout: .milliseconds(1))
                _ = try await connection.pipeline(.blpop("nothing", timeout: .milliseconds(1)), .ping())
                _ = try? await connection.send("BLPOP", "nothing", "no number")
                _ = try? await connection.send("BLPOP", "nothing")
                _ = try await connection.send("WAIT", 0, 1)
                try await connection.send("MULTI")
                try await connection.send("BLPOP", "nothing", 1)
                try await connection.send("EXEC")
            }
            #expect(try await main.withConnection { try await $0.send("CLIENT", "ID", as: Int.self) } == first)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A blocking call` {
    @Test func `whose idle connection hung up behind a late reply is made on another one`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let hasHungUp = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] == "GET" {
                    gate.wait()
                    peer.write("$4\r\nlate\r\n")
                    peer.hangUp()
                    hasHungUp.signal()
                } else {
                    peer.write(":1\r\n")
                }
            }
        }
        defer { server.stop() }
        let databases = oneLease(server)
        let main = try databases.blocking(.main)
        let late = #expect(throws: RedisError.self) { try main.within(.milliseconds(500)).get("key") }
        #expect(late?.stage == .sent)
        gate.signal()
        await onThread { hasHungUp.wait() }
        #expect(try main.incr("counter") == 1)
        #expect(server.connectionCount == 2)
        await databases.close()
    }
}
