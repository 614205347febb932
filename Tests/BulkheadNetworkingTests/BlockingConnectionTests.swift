@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A blocking connection` {
    /// Runs a body on a thread of its own, with a connection to a real server of its own.
    private func withConnection(
        _ body: @escaping @Sendable (BlockingConnection, RedisTestServer) throws -> Void
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        try await onThread {
            Result { try body(try BlockingConnection(.to(server)), server) }
        }.get()
    }

    @Test func `every command gets its reply`() async throws {
        try await withConnection { connection, _ throws in
            for number in 0..<500 {
                let token = "token-\(number)"
                #expect(try connection.send(command("ECHO \(token)")) == .bulkString(RESPBytes(token)))
                #expect(try connection.send(command("INCR count")) == .integer(Int64(number + 1)))
            }
            #expect(try connection.send(command("LPUSH count x")).errorMessage?.text?.hasPrefix("WRONGTYPE") == true)
            #expect(connection.isIdle && connection.isReusable)
        }
    }

    @Test func `fifty threads have a connection each, and every reply belongs to its request`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let wrong = Locked(0)
        await withTaskGroup { group in
            for thread in 0..<50 {
                group.addTask {
                    await onThread {
                        guard let connection = try? BlockingConnection(.to(server)) else {
                            return wrong.change { $0 += 1_000 }
                        }
                        for number in 0..<100 {
                            let token = "\(thread):\(number)"
                            let reply = try? connection.send(command("ECHO \(token)"))
                            if reply != .bulkString(RESPBytes(token)) { wrong.change { $0 += 1 } }
                        }
                    }
                }
            }
        }
        #expect(wrong.value == 0)
    }

    @Test func `a value of 20 MB is written and read back`() async throws {
        try await withConnection { connection, _ throws in
            let value = BigValue()
            #expect(try connection.send(value.set) == .simpleString("OK"))
            #expect(value.isEqual(to: try connection.send(command("GET big")).bytes))
        }
    }

    @Test func `a pipeline whose requests and replies overflow both buffers does not deadlock`() async throws {
        try await withConnection { connection, _ throws in
            let value = String(repeating: "v", count: 1_024)
            _ = try connection.send(command("SET k \(value)"))
            // 3 MB of requests against 24 MB of replies: neither fits what the kernel buffers.
            let one = command("GET k") + command("ECHO " + String(repeating: "e", count: 90))
            let replies = try connection.sendAll(repeated(one, 20_000), count: 40_000)
            #expect(replies.count == 40_000)
            let lengths = replies.map { $0.bytes?.count }
            #expect(lengths == (0..<40_000).map { $0.isMultiple(of: 2) ? 1_024 : 90 })
            #expect(connection.isIdle)
        }
    }

    @Test func `a pipeline of a hundred thousand commands gives as many replies, in order`() async throws {
        try await withConnection { connection, _ throws in
            let replies = try connection.sendAll(repeated(command("INCR count"), 100_000), count: 100_000)
            #expect(replies.enumerated().allSatisfy { $0.element == .integer(Int64($0.offset + 1)) })
            #expect(replies.count == 100_000)
        }
    }

    @Test func `another thread can end its wait`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let connection = try BlockingConnection(.to(server))
        async let failure = onThread {
            Result { () throws(ConnectionFailure) in try connection.send(command("BLPOP list 0")) }.failure
        }
        #expect(try await probe.waitForBlocked(1))
        connection.interrupt()
        let ended = try #require(await failure)
        #expect([.closedByServer, .inputOutput, .closed].contains(ended.reason))
        #expect(ended.stage == .sent)
        #expect(!connection.isIdle && !connection.isReusable)
        #expect(BulkheadNetworkingTests.failure { _ = try connection.send(command("PING")) }?.stage == .refused)
    }

    @Test func `a server killed between requests is seen before the next one`() async throws {
        try await withConnection { connection, server throws in
            #expect(connection.isReusable)
            server.kill()
            #expect(TLSUnderTest.sees { !connection.isReusable })
            let failed = try #require(failure { _ = try connection.send(command("PING")) })
            #expect([.closedByServer, .inputOutput].contains(failed.reason))
            #expect(failure { _ = try connection.send(command("PING")) }?.stage == .refused)
        }
    }

    @Test func `a server killed during a request may have run it`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        async let failure = onThread {
            BulkheadNetworkingTests.failure {
                _ = try BlockingConnection(.to(server)).send(command("BLPOP list 0"))
            }
        }
        do {
            let probe = try Probe(server)
            #expect(try await probe.waitForBlocked(1))
        }
        server.kill()
        let ended = try #require(await failure)
        #expect([.closedByServer, .inputOutput].contains(ended.reason))
        #expect(ended.stage == .sent)
    }

    @Test func `garbage is a violation, and the request may have run`() async throws {
        let server = ScriptedServer.saying("what?\r\n")
        defer { server.stop() }
        let ended = await onThread {
            failure { _ = try BlockingConnection(.to(server.path)).send(command("PING")) }
        }
        guard case .protocolViolation = ended?.reason else {
            Issue.record("\(String(describing: ended)) is no protocol violation")
            return
        }
        #expect(ended?.stage == .sent)
    }

    @Test(arguments: ["+whose?\r\n", "what?\r\n"])
    func `a reply counts, whatever comes behind it in the same read; then the connection ends`(
        _ surplus: String
    ) async throws {
        let server = ScriptedServer.saying(":1\r\n" + surplus)
        defer { server.stop() }
        let (reply, isReusable, next) = await onThread { () -> (RESPValue?, Bool?, ConnectionFailure?) in
            let connection = try? BlockingConnection(.to(server.path))
            let reply = try? connection?.send(command("INCR count"))
            return (reply, connection?.isReusable, failure { _ = try connection?.send(command("INCR count")) })
        }
        #expect(reply == .integer(1))
        #expect(isReusable == false)
        #expect(next != nil)
    }

    @Test func `a server that answers and hangs up has answered`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("+BYE\r\n")
        }
        defer { server.stop() }
        let reply = await onThread { try? BlockingConnection(.to(server.path)).send(command("QUIT")) }
        #expect(reply == .simpleString("BYE"))
    }

    @Test func `a message that comes with garbage behind it is had before the failure`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("+PONG\r\n")
            // Mostly enough for the reply to be read alone; the message must come whether it is or not.
            usleep(50_000)
            peer.write(">1\r\n+hello\r\ngarbage")
            peer.drain()
        }
        defer { server.stop() }
        let received: [Result<RESPValue?, ConnectionFailure>] = await onThread {
            guard let connection = try? BlockingConnection(.to(server.path)),
                (try? connection.send(command("PING"))) != nil
            else { return [] }
            return (0..<2).map { _ in
                Result { () throws(ConnectionFailure) in try connection.nextPush(timeout: .seconds(30)) }
            }
        }
        #expect(received.first?.value == .push([.simpleString("hello")]))
        guard case .protocolViolation = received.last?.failure?.reason else {
            Issue.record("\(received)")
            return
        }
    }

    @Test func `replies may come byte by byte`() async throws {
        let server = tricklingServer()
        defer { server.stop() }
        let replies = try await onThread {
            Result {
                let connection = try BlockingConnection(.to(server.path))
                return try (0..<10).map { try connection.send(command("ECHO token-\($0)")).withoutAttributes }
            }
        }.get()
        #expect(replies == (0..<10).map { .bulkString(RESPBytes("token-\($0)")) })
    }
}
