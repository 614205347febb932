import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct ErrorTests {
    @Test func `an error says what happened, where, and which code the server gave`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.knowledge].rpush("list", "a")
            let error = await #expect(throws: RedisError.self) { try await databases[.knowledge].incr("list") }
            #expect(error?.code == .wrongType)
            #expect(error?.stage == .answered)
            #expect(error?.description.hasPrefix("INCR in knowledge: WRONGTYPE ") == true)
            #expect(error?.description.hasSuffix(" (WRONGTYPE)") == true)
        }
    }

    @Test func `a reply of another type is an error that shows no content`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "top secret")
            let error = await #expect(throws: RedisError.self) { try await main.get("key", as: Int.self) }
            #expect(error?.code == .unexpectedReply)
            #expect(error?.description.contains("secret") == false)
            let vector = await #expect(throws: RedisError.self) { try await main.get("key", as: [Float].self) }
            #expect(vector?.message.contains("multiple of 4") == true)
            #expect(try await main.get("key") == "top secret")
        }
    }

    @Test func `no server is a typed error that names the place, and the next call tries again`() async throws {
        let server = try RedisTestServer.start()
        let databases = RedisDatabases(testConfiguration(server))
        #expect(try await databases[.main].ping() == "PONG")
        server.kill()
        #expect(
            await eventually {
                do {
                    _ = try await databases[.main].ping()
                    return false
                } catch {
                    return (error as? RedisError)?.code == .connectFailed
                }
            })
        let blocking = #expect(throws: RedisError.self) { try databases.blocking(.main).ping() }
        #expect(blocking?.code == .connectFailed)
        #expect(blocking?.message.contains(server.socketPath) == true)
        try server.restart()
        #expect(try await databases[.main].ping() == "PONG")
        #expect(try databases.blocking(.main).ping() == "PONG")
        await databases.close()
        server.stop()
    }

    @Test func `a command under way when the server dies may have run, and says so`() async throws {
        let server = try RedisTestServer.start()
        let proxy = FaultProxy(to: server.socketPath)
        defer { proxy.stop() }
        let databases = RedisDatabases(testConfiguration(proxy))
        let main = try databases[.main]
        #expect(try await main.ping() == "PONG")
        try server.pause()
        let sent = proxy.byteCount(.toServer)
        let write = Task { try await main.incr("counter") }
        #expect(await eventually { proxy.byteCount(.toServer) > sent })
        server.kill()
        let error = await #expect(throws: RedisError.self) { _ = try await write.value }
        #expect(error?.code == .connectionClosed)
        #expect(error?.stage == .sent)
        #expect(error?.isSafeToRetry == false)
        await databases.close()
        server.stop()
    }

    @Test func `bytes that are not RESP end the connection with a typed error`() async throws {
        let server = ScriptedServer.saying("?what\r\n")
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let error = await #expect(throws: RedisError.self) { try await databases[.main].get("key") }
        #expect(error?.code == .protocolViolation)
        #expect(error?.stage == .sent)
        let blocking = #expect(throws: RedisError.self) { try databases.blocking(.main).get("key") }
        #expect(blocking?.code == .protocolViolation)
        await databases.close()
    }

    @Test func `a task cancelled before its command left sends nothing`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await main.incr("counter")
            }
            let error = await #expect(throws: RedisError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.isSafeToRetry == true)
            #expect(try await main.get("counter") == nil)
        }
    }
}
