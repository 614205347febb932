@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct `The budget for spinning on a socket` {
    @Test func `failures make spinning rare, and one success makes it common again`() {
        var budget = SpinBudget(limit: .microseconds(50))
        func skipsUntilNext() -> Int {
            var skips = 0
            while budget.next() == .zero { skips += 1 }
            return skips
        }
        #expect(skipsUntilNext() == 0)
        for expected in [1, 3, 7, 15, 31, 63, 63] {
            budget.failed()
            #expect(skipsUntilNext() == expected)
        }
        budget.succeeded()
        #expect(skipsUntilNext() == 0)
        budget.failed()
        #expect(skipsUntilNext() == 1)
    }

    @Test func `a limit of zero never spins`() {
        var budget = SpinBudget(limit: .zero)
        #expect(budget.next() == .zero)
    }

    /// One that spins for ever where nothing ends it.
    private func settings(_ server: ScriptedServer) -> ConnectionSettings {
        var settings = ConnectionSettings.to(server.path)
        settings.spinTime = .seconds(Int64.max)
        return settings
    }

    /// Answers PING, and nothing else.
    private func silentServer() -> ScriptedServer {
        ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command.first == "PING" { peer.write("+PONG\r\n") }
            }
        }
    }

    @Test func `a blocking caller's spin ends with its deadline`() async throws {
        let server = silentServer()
        defer { server.stop() }
        let end = await onThread { [settings = settings(server)] in
            failure {
                _ = try BlockingConnection(settings).send(command("GET k"), until: .after(.milliseconds(50)))
            }
        }
        #expect(end?.reason == .timedOut && end?.stage == .sent)
    }

    @Test func `a lone caller's spin ends with its deadline`() async throws {
        let server = silentServer()
        defer { server.stop() }
        let connection = AsyncConnection(settings(server))
        // The next call spins, too, as nothing comes between.
        while true {
            _ = await connection.send(command("PING"))
            if connection.inlineCompletions > 0 { break }
            try await Task.sleep(for: .milliseconds(1))
        }
        let failure = await connection.send(command("GET k"), until: .after(.milliseconds(50))).failure
        #expect(failure?.reason == .timedOut && failure?.stage == .sent)
        await connection.close(grace: .zero)
    }

    @Test(arguments: [Duration.zero, .microseconds(50), .milliseconds(20)])
    func `replies come whatever the limit, early and late ones`(limit: Duration) throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        var settings = ConnectionSettings(endpoint: .unix(path: server.socketPath), database: 0)
        settings.spinTime = limit
        let connection = try BlockingConnection(settings)
        for _ in 0..<200 { #expect(try connection.send(command("PING")) == .simpleString("PONG")) }
        #expect(try connection.send(command("BLPOP none 0.05")) == .null)
        #expect(try connection.send(command("PING")) == .simpleString("PONG"))
    }
}
