import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Its first connection answers one command and then only reads, as a proxy does whose server has gone; later ones
/// answer all.
private func dyingProxy() -> ScriptedServer {
    let connections = Counter()
    return ScriptedServer { peer in
        let isFirst = connections.next() == 1
        peer.shakeHands()
        guard peer.readCommand() != nil else { return }
        peer.write("+PONG\r\n")
        if isFirst { return peer.drain() }
        while peer.readCommand() != nil { peer.write("+PONG\r\n") }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A connection that answers nobody` {
    @Test(.enabled(if: TestTier.isWhole), arguments: Form.allCases)
    func `is given up after a few time-outs`(form: Form) async throws {
        let server = dyingProxy()
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        #expect(await form.run(.ping(), in: databases).isSuccess)
        var failures: [RedisError.Code] = []
        while let failure = await form.run(.ping(), in: databases, within: .milliseconds(250)).failure {
            failures.append(failure.code)
            if failures.count > 20 { break }
        }
        // Three say it, and on a slow machine some more are late on their new connection.
        #expect((3...20).contains(failures.count) && failures.allSatisfy { $0 == .timedOut })
        #expect(server.connectionCount == 2)
        await databases.close()
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `is given up on the bulk lane and as a lease too`() async throws {
        let calls: [@Sendable (RedisDatabase) async throws -> Void] = [
            { try await $0.send("HGETALL", "hash") },
            { database in _ = try await database.withConnection { try await $0.ping() } },
        ]
        for call in calls {
            let server = dyingProxy()
            defer { server.stop() }
            let databases = RedisDatabases(testConfiguration(server.path))
            let database = try databases[.main].within(.milliseconds(250))
            try await call(databases[.main])
            var failures = 0
            while failures < 20 {
                do {
                    try await call(database)
                    break
                } catch {
                    failures += 1
                }
            }
            #expect((3..<20).contains(failures))
            await databases.close()
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `is given up where callers cancel before their deadlines`() async throws {
        let server = dyingProxy()
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let database = try databases[.main]
        try await database.ping()
        var cancelled = 0
        while cancelled < 20 {
            let call = Task { try await database.ping() }
            let cancelling = Task {
                try? await Task.sleep(for: .milliseconds(250))
                call.cancel()
            }
            defer { cancelling.cancel() }
            if (try? await call.value) != nil { break }
            cancelled += 1
        }
        #expect((3..<20).contains(cancelled))
        await databases.close()
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `is kept as long as bytes come, however slowly`() async throws {
        let isOver = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("$1000000\r\n")
            var written = 0
            while isOver.wait(timeout: .now() + 0.02) == .timedOut {
                peer.write("x")
                written += 1
            }
            peer.write(bytes: Array(repeating: 120, count: 1_000_000 - written))
            peer.write("\r\n")
            while true {
                // Those that were given up are answered too.
                guard peer.readCommand() != nil else { return }
                peer.write("+PONG\r\n")
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        for _ in 0..<8 {
            let late = await Form.asynchronous.run(.ping(), in: databases, within: .milliseconds(200)).failure
            #expect(late?.code == .timedOut)
        }
        isOver.signal()
        #expect(await Form.asynchronous.run(.ping(), in: databases).isSuccess)
        #expect(server.connectionCount == 1)
        await databases.close()
    }

    /// A server that a script or a signal holds answers on no connection, old or new.
    @Test func `costs a server that stands still one new one a lane, and all is well when it goes on`() async throws {
        try await withDatabases { databases, server in
            let names: [DatabaseName] = [.main, .knowledge, .prompts, .analytics]
            for name in names { try await databases[name].ping() }
            let before = try await databases.acceptedConnections()
            try server.pause()
            await withTaskGroup { group in
                for name in names {
                    for _ in 0..<5 {
                        group.addTask {
                            for _ in 0..<20 {
                                _ = try? await databases[name].within(.milliseconds(100)).ping()
                            }
                        }
                    }
                }
            }
            server.resume()
            for name in names { try await databases[name].ping() }
            #expect(try await databases.acceptedConnections() <= before + names.count)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A connection that nobody uses` {
    /// Reaches its server until it is cut without a word.
    private func throughProxy(
        _ body: (RedisDatabases, FaultProxy) async throws -> Void
    ) async throws {
        try await withServer { server in
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            var configuration = testConfiguration(proxy)
            // A PING must be answered within it, on a slow day too.
            configuration.keepAliveInterval = .seconds(1)
            let databases = RedisDatabases(configuration)
            try await body(databases, proxy)
            await databases.close()
        }
    }

    @Test func `is asked whether it lives, and lives on`() async throws {
        try await throughProxy { databases, proxy in
            try await databases[.main].ping()
            try await databases[.main].withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                let sent = proxy.byteCount(.toServer)
                // Two PINGs on each of the two connections.
                #expect(await eventually { proxy.byteCount(.toServer) >= sent + 4 * 14 })
                #expect(try await connection.send("PING") != .null)
                try await databases[.main].send("PUBLISH", "news", "hello")
                var pushes = connection.pushes.makeAsyncIterator()
                #expect(try await pushes.next()?.elements?.last?.bytes?.text == "hello")
            }
            #expect(proxy.connectionCount == 2 && proxy.openConnectionCount <= 2)
        }
    }

    @Test func `ends where it was cut without a word, and a subscription on it learns so`() async throws {
        try await throughProxy { databases, proxy in
            try await databases[.main].ping()
            let error = await #expect(throws: RedisError.self) {
                try await databases[.main].withConnection { connection in
                    try await connection.send("SUBSCRIBE", "news")
                    proxy[.toClient] = [.blackhole()]
                    for try await _ in connection.pushes {}
                }
            }
            #expect(error?.code == .connectionClosed)
            proxy[.toClient] = []
            #expect(await eventually { proxy.openConnectionCount == 0 })
            try await databases[.main].ping()
            #expect(proxy.connectionCount == 3)
        }
    }

    @Test func `is not lent to a blocking caller where it was cut without a word`() async throws {
        let server = dyingProxy()
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.keepAliveInterval = .milliseconds(200)
        let databases = RedisDatabases(configuration)
        #expect(await Form.blocking.run(.ping(), in: databases).isSuccess)
        try await Task.sleep(for: .milliseconds(250))
        #expect(await Form.blocking.run(.ping(), in: databases).isSuccess)
        #expect(server.connectionCount == 2)
        await databases.close()
    }

    @Test func `wakes a blocking subscriber where it was cut without a word`() async throws {
        try await throughProxy { databases, proxy in
            let error = await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    do {
                        try databases.blocking(.main).withConnection { connection in
                            try connection.send("SUBSCRIBE", "news")
                            // Its PINGs are answered.
                            #expect(try connection.nextPush(timeout: .milliseconds(2_500)) == nil)
                            proxy[.toClient] = [.blackhole()]
                            _ = try connection.nextPush(timeout: .seconds(600))
                        }
                        continuation.resume(returning: nil as RedisError?)
                    } catch {
                        continuation.resume(returning: error as? RedisError)
                    }
                }
            }
            #expect(error?.code == .connectionClosed)
        }
    }

    @Test func `is closed after its idle time, and a new one takes its place`() async throws {
        try await withServer { server in
            var configuration = testConfiguration(server)
            configuration.maximumIdleTime = .milliseconds(100)
            let databases = RedisDatabases(configuration)
            let outside = RedisDatabases(testConfiguration(server))
            try await databases[.main].ping()
            let connected = { try await outside[.main].info("clients")["connected_clients"] }
            #expect(try await eventually { try await connected() == "1" })
            try await databases[.main].ping()
            // Leases are closed by the next who comes.
            let lease = {
                try await databases[.main].withConnection { try await $0.send("CLIENT", "ID", as: Int.self) }
            }
            let first = try await lease()
            try await Task.sleep(for: .milliseconds(120))
            #expect(try await lease() != first)
            await databases.close()
            await outside.close()
        }
    }

    @Test func `is replaced at its age, under load too, and no call notices`() async throws {
        try await withServer { server in
            var configuration = testConfiguration(server)
            configuration.maximumConnectionAge = .milliseconds(100)
            let databases = RedisDatabases(configuration)
            let before = try await databases.acceptedConnections()
            var after = before
            while after < before + 8 {
                for form in Form.allCases { #expect(await form.run(.ping(), in: databases).isSuccess) }
                _ = try await databases[.main].withConnection { try await $0.ping() }
                after = try await databases.acceptedConnections()
            }
            await databases.close()
        }
    }
}
