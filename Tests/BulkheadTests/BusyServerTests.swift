import Bulkhead
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A server` {
    /// It answers BUSY to the SELECT of a handshake, or from Valkey 9 on to what comes behind it. That is no outage:
    /// nobody is held back for a backoff.
    @Test func `that a script holds is busy for those who connect, and not away`() async throws {
        let configure: (inout RedisConfiguration) -> Void = {
            $0.reconnectDelay = .seconds(3_600)
            $0.maximumReconnectDelay = .seconds(3_600)
        }
        try await withDatabases(arguments: ["--lua-time-limit", "1"], configure: configure) { databases, _ in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            try await main.ping()
            let script = Task {
                try await main.withConnection { try await $0.send("EVAL", "while true do end", 0, as: String.self) }
            }
            #expect(
                await eventually {
                    do { try await main.ping() } catch { return (error as? RedisError)?.code == .busy }
                    return false
                })
            for _ in 0..<4 {
                let error = await #expect(throws: RedisError.self) { try await knowledge.get("a") }
                #expect(error?.code == .busy && error?.database == .knowledge)
                #expect(error?.isSafeToRetry == true || error?.stage == .answered)
                let other = #expect(throws: RedisError.self) { try databases.blocking(.prompts).get("a") }
                #expect(other?.code == .busy)
            }
            try await main.send("SCRIPT", "KILL", as: String.self)
            _ = await script.result
            #expect(try await knowledge.ping() == "PONG")
            #expect(try databases.blocking(.prompts).ping() == "PONG")
        }
    }
}
