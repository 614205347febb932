import Bulkhead
import BulkheadTestSupport
import Testing

/// How often a server was thought to be away.
private final class CircuitChanges: RedisObserver {
    let count = Counter()

    func commandEnded(_ event: RedisCommandEvent) {}
    func connectionChanged(_ event: RedisConnectionEvent) {
        if event.change == .circuitOpened { count.next() }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A server` {
    /// It answers BUSY to the SELECT of a handshake, or from Valkey 9 on to what comes behind it. That is no outage,
    /// but a refusal: those who have no connection ask again once a backoff.
    @Test func `that a script holds is busy for those who connect, and not away`() async throws {
        let changes = CircuitChanges()
        let configure: (inout RedisConfiguration) -> Void = {
            $0.reconnectDelay = .milliseconds(1)
            $0.maximumReconnectDelay = .milliseconds(50)
            $0.observer = changes
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
            for form in Form.allCases {
                for name in [DatabaseName.knowledge, .prompts] {
                    #expect(await eventually { await form.run(.ping(), in: databases, name).isSuccess })
                }
            }
        }
        #expect(changes.count.value == 0)
    }
}
