import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A proof of order` {
    @Test func `follows one in so many commands, and their callers notice nothing`() async throws {
        try await withDatabases(configure: { $0.proofInterval = 10 }) { databases, _ in
            let main = try databases[.main]
            try await withThrowingTaskGroup { group in
                for caller in 0..<20 {
                    group.addTask {
                        for number in 0..<20 {
                            try await main.set("\(caller)", "\(number)")
                            #expect(try await main.get("\(caller)") == "\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let calls = try await main.send("INFO", "commandstats", as: String.self)
            #expect(calls.contains("cmdstat_echo:calls=80,"))
        }
    }

    @Test func `that fails withholds the reply, and closes the connection`() async throws {
        let proofs = Counter()
        let server = ScriptedServer.answering { command in
            guard command[0] == "ECHO" else { return "+OK\r\n" }
            // The first token comes back, the second is somebody else's reply.
            return proofs.next() == 1 ? "$\(command[1].utf8.count)\r\n\(command[1])\r\n" : "$6\r\nsecret\r\n"
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.proofInterval = 1
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        #expect(try await main.ping() == "OK")
        let error = await #expect(throws: RedisError.self) { try await main.ping() }
        #expect(error?.code == .protocolViolation && error?.message.contains("secret") == false)
        #expect(server.connectionCount == 1)
        _ = try? await main.ping()
        #expect(server.connectionCount == 2)
        await databases.close()
    }

    /// Twenty callers whose replies arrive together, all of them moved back by one that is nobody's.
    @Test func `that fails leaves nobody behind it a reply`() async throws {
        let aheadOfProof = Mutex(0)
        let read = Mutex(0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            var replies = "+surplus\r\n"
            var commands: [String] = []
            // Every tenth command has an ECHO behind it.
            for _ in 0..<22 {
                guard let command = peer.readCommand() else { return }
                commands.append(command[0])
                read.withLock { $0 += 1 }
                replies += "$\(command[1].utf8.count)\r\n\(command[1])\r\n"
            }
            aheadOfProof.withLock { $0 = commands.firstIndex(of: "ECHO")! - 1 }
            peer.write(replies)
            peer.drain()
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.proofInterval = 10
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        let answered = await withTaskGroup(of: Bool.self) { group in
            for caller in 1...20 {
                group.addTask { (try? await main.getrange("key:\(caller)", from: 0, through: 1)) != nil }
                // Else callers overtake one another, and more than nine stand ahead of the first proof.
                #expect(await eventually { read.withLock { $0 } == caller + caller / 10 })
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        // Nothing can tell those ahead of the first proof. Everybody else fails.
        #expect(answered == aheadOfProof.withLock(\.self))
        #expect(answered <= 10)
        await databases.close()
    }

    @Test func `is no proof, and no failure, where ECHO is denied`() async throws {
        try await withDatabases(configure: { $0.proofInterval = 1 }) { databases, _ in
            let main = try databases[.main]
            try await main.send("ACL", "SETUSER", "default", "-echo", as: String.self)
            #expect(try await main.ping() == "PONG")
        }
    }
}
