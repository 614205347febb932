import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

private final class Listener: RedisObserver {
    private let received = Mutex<[RedisConnectionEvent]>([])

    func commandEnded(_ event: RedisCommandEvent) {}
    func connectionChanged(_ event: RedisConnectionEvent) { received.withLock { $0.append(event) } }

    var events: [RedisConnectionEvent] { received.withLock(\.self) }
    /// `lost main connection-closed`
    var lines: [String] {
        events.map { event in
            [event.change.rawValue, event.database?.text, event.code?.name].compactMap(\.self).joined(separator: " ")
        }
    }
    func forget() { received.withLock { $0 = [] } }
    func count(of change: RedisConnectionEvent.Change) -> Int { events.count { $0.change == change } }
}

@Suite(.timeLimit(.minutes(10))) struct `Of connections an observer` {
    @Test func `learns that they open, with the time it took, and that they close`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, server in
            _ = try await databases[.main].get("a")
            _ = try await databases[.main].get("a")
            #expect(await eventually { listener.lines == ["opened main"] })
            let opened = try #require(listener.events.first)
            let time = try #require(opened.duration)
            #expect(time > .zero && time < .seconds(300))
            #expect(opened.databaseNumber == 0 && opened.serverAddress == server.socketPath && opened.serverPort == nil)
            _ = try await databases[.knowledge].hgetall("a", as: String.self)
            try await databases[.prompts].withConnection { _ = try await $0.send("MULTI") }
            #expect(
                await eventually {
                    listener.lines == ["opened main", "opened knowledge", "opened prompts", "closed prompts"]
                })
            _ = try databases.blocking(.analytics).get("a")
            await databases.close()
            #expect(await eventually { listener.count(of: .closed) == 4 && listener.count(of: .opened) == 4 })
            #expect(Set(listener.lines).isSuperset(of: ["closed main", "closed knowledge", "closed analytics"]))
            #expect(listener.events.allSatisfy { ($0.change == .opened) == ($0.duration != nil) && $0.code == nil })
        }
    }

    @Test func `learns of those that CLIENT KILL ended, whoever used them`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, server in
            let probe = RedisDatabases(testConfiguration(server))
            let blocking = try databases.blocking(.analytics)
            _ = try await databases[.main].get("a")
            _ = try await databases[.knowledge].withConnection { try await $0.get("a") }
            try blocking.withConnection { connection in
                _ = try connection.get("a")
                try probe.blocking(.main).send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                #expect(throws: RedisError.self) { try connection.incr("a") }
            }
            let lost = ["lost main", "lost knowledge", "lost analytics"].map { $0 + " connection-closed" }
            #expect(await eventually { Set(lost).isSubset(of: listener.lines) })
            #expect(listener.count(of: .opened) == 3 && listener.events.count == 6)
            // And the next ones are there again.
            listener.forget()
            _ = try await databases[.main].get("a")
            #expect(await eventually { listener.lines == ["opened main"] })
            await probe.close()
        }
    }

    @Test func `learns that the server went away, and that it is back`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, server in
            let main = try databases[.main]
            _ = try await main.get("a")
            server.kill()
            #expect(await eventually { listener.lines == ["opened main", "lost main connection-closed"] })
            listener.forget()
            while listener.count(of: .circuitOpened) == 0 { _ = try? await main.get("a") }
            // One failure opens nothing, the second does; further ones say nothing new of the server.
            for _ in 0..<5 { _ = try? await main.get("a") }
            #expect(await eventually { listener.count(of: .failed) >= 7 })
            #expect(listener.count(of: .circuitOpened) == 1)
            #expect(Set(listener.lines) == ["failed main connect-failed", "circuit-opened connect-failed"])
            listener.forget()
            try server.restart()
            while (try? await main.get("a")) == nil, (try? await main.ping()) == nil {}
            #expect(await eventually { Set(listener.lines).isSuperset(of: ["circuit-closed", "opened main"]) })
            #expect(listener.count(of: .circuitClosed) == 1 && listener.count(of: .lost) == 0)
        }
    }

    @Test func `learns why one could not be made`() async throws {
        let listener = Listener()
        let catalogue = try DatabaseCatalogue([DatabaseEntry("far", number: 9_999)])
        try await withDatabases(catalogue: catalogue, configure: { $0.observer = listener }) { databases, _ in
            await #expect(throws: RedisError.self) { try await databases["far"].get("a") }
            #expect(throws: RedisError.self) { try databases.blocking("far").get("a") }
            // One each; and one more where the first was over before its request was queued.
            #expect(await eventually { listener.events.count >= 2 })
            #expect(Set(listener.lines) == ["failed far database-out-of-range"])
        }
    }

    /// A server may say any word; a label must not.
    @Test func `learns the words of a refused handshake that have a name here, and ERR for all others`() async throws {
        let listener = Listener()
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write("-WORD\(["A", "B", "C"].randomElement()!) go away\r\n")
            peer.drain()
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.observer = listener
        let databases = RedisDatabases(configuration)
        for _ in 0..<3 {
            let error = await #expect(throws: RedisError.self) { try await databases[.main].get("a") }
            #expect(error?.code.name.hasPrefix("WORD") == true, "the caller sees what the server said")
        }
        #expect(await eventually { listener.events.count >= 3 })
        #expect(Set(listener.lines) == ["failed main ERR"])
        #expect(databases.metrics()[.main]?.failures == [.serverError: 3])
        await databases.close()
    }

    @Test func `learns which server it is about, where names live on different ones`() async throws {
        let listener = Listener()
        try await withServer { second in
            let catalogue = try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0),
                DatabaseEntry(.knowledge, number: 0, server: try DatabaseServer(url: second.url)),
                DatabaseEntry("vectors", number: 0, aliasOf: .knowledge),
            ])
            try await withDatabases(catalogue: catalogue, configure: { $0.observer = listener }) { databases, first in
                _ = try await databases[.main].get("a")
                _ = try await databases["vectors"].get("a")
                second.kill()
                while listener.count(of: .circuitOpened) == 0 { _ = try? await databases["vectors"].get("a") }
                _ = try await databases[.main].get("a")
                let events = listener.events
                let addresses = [first, second].map { "unix:\($0.socketPath)" }
                #expect(events.filter { $0.server == addresses[0] }.map(\.change) == [.opened])
                #expect(events.filter { $0.server == addresses[1] }.count == events.count - 1)
                #expect(events.allSatisfy { ($0.database == .main) == ($0.server == addresses[0]) })
            }
        }
    }

    /// What it does is not part of any command's time, and may be slow, or ask the databases.
    @Test func `may take its time and use the databases meanwhile`() async throws {
        final class Slow: RedisObserver {
            let databases = Mutex<RedisDatabases?>(nil)
            let answers = Mutex<[String?]>([])
            func commandEnded(_ event: RedisCommandEvent) {}
            func connectionChanged(_ event: RedisConnectionEvent) {
                guard event.change == .opened, event.database == .main else { return }
                sleepThread()
                let databases = databases.withLock(\.self)
                let answer = try? databases?.blocking(.knowledge).get("a")
                answers.withLock { $0.append(answer) }
            }
            private func sleepThread() {
                let end = ContinuousClock.now + .milliseconds(50)
                while ContinuousClock.now < end {}
            }
        }
        let slow = Slow()
        try await withDatabases(configure: { $0.observer = slow }) { databases, _ in
            slow.databases.withLock { $0 = databases }
            try await databases[.knowledge].set("a", "here")
            _ = try await databases[.main].get("a")
            #expect(await eventually { slow.answers.withLock { $0 == ["here"] } })
            slow.databases.withLock { $0 = nil }
        }
    }

    @Test func `learns of one end for each opening, whatever befalls them`() async throws {
        let listener = Listener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, server in
            let probe = RedisDatabases(testConfiguration(server))
            await withTaskGroup { group in
                for name in [DatabaseName.main, .knowledge, .prompts] {
                    group.addTask {
                        for number in 0..<200 {
                            _ = try? await databases[name].get("\(number)")
                            guard number.isMultiple(of: 10) else { continue }
                            _ = try? await databases[name].blpop("none", timeout: .milliseconds(1))
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<40 {
                        _ = try? await probe[.main].send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                        try? await Task.sleep(for: .milliseconds(2))
                    }
                }
            }
            await probe.close()
            await databases.close()
            #expect(
                await eventually {
                    listener.count(of: .opened) == listener.count(of: .lost) + listener.count(of: .closed)
                })
            #expect(listener.count(of: .opened) > 3)
        }
    }
}
