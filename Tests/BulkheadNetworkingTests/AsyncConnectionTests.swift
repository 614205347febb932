@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `An asynchronous connection to a real server` {
    @Test func `fifty tasks share it, and every reply belongs to its request`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server))
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<50 {
                group.addTask {
                    var wrong = 0
                    for number in 0..<200 {
                        let token = "\(task):\(number)"
                        let (line, expected): (String, RESPValue) =
                            switch number % 5 {
                            case 0: ("ECHO \(token)", .bulkString(RESPBytes(token)))
                            case 1: ("SET key:\(task) \(token)", .simpleString("OK"))
                            case 2: ("GET key:\(task)", .bulkString(RESPBytes("\(task):\(number - 1)")))
                            case 3: ("INCR count:\(task)", .integer(Int64(number / 5 + 1)))
                            default: ("GET missing", .null)
                            }
                        if await connection.send(command(line)) != .success(expected) { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(connection.isIdle)
        await connection.close(grace: .seconds(30))
    }

    @Test func `a value of 20 MB is written and read back`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server))
        let value = BigValue()
        // Others come in while the socket takes no more.
        async let stored = connection.send(value.set)
        async let echoed = connection.send(command("ECHO x"))
        #expect(await (stored, echoed) == (.success(.simpleString("OK")), .success(.bulkString("x"))))
        let read = await connection.send(command("GET big")).value?.bytes
        #expect(value.isEqual(to: read))
        await connection.close(grace: .seconds(30))
    }

    @Test func `a pipeline of a hundred thousand commands gives as many replies, in order`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server))
        let bytes = repeated(command("INCR count"), 100_000)
        let replies = try await connection.sendAll(bytes, count: 100_000).get()
        #expect(replies.count == 100_000)
        #expect(replies.enumerated().allSatisfy { $0.element == .integer(Int64($0.offset + 1)) })
        #expect(await connection.sendAll(command("PING"), count: 1) == .success([.simpleString("PONG")]))
        await connection.close(grace: .seconds(30))
    }

    @Test func `requests made before it is ready wait and then run in order`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        try server.pause()
        let connection = AsyncConnection(.to(server))
        async let replies = withTaskGroup(of: Result<RESPValue, ConnectionFailure>.self) { group in
            for _ in 0..<20 { group.addTask { await connection.send(command("INCR count")) } }
            return await group.reduce(into: Set<Int64>()) { numbers, result in
                if case .success(.integer(let number)) = result { numbers.insert(number) }
            }
        }
        #expect(await eventually { !connection.isIdle }, "they are queued")
        server.resume()
        #expect(await replies == Set(1...20))
        await connection.close(grace: .seconds(30))
    }

    /// A connection on which BLPOP waits, and who looks on from outside. Behind the body that one is the only client.
    private func withWaiting(
        _ body: (AsyncConnection, Task<Result<RESPValue, ConnectionFailure>, Never>, borrowing Probe) async throws ->
            Void
    ) async throws {
        try await RedisTestServer.withServer { server async throws in
            let probe = try Probe(server)
            let connection = AsyncConnection(.to(server))
            let popped = Task { await connection.send(command("BLPOP list 0")) }
            #expect(try await probe.waitForBlocked(1))
            try await body(connection, popped, probe)
            #expect(try await probe.waitUntilAlone())
        }
    }

    @Test func `aborting fails what waits, and what comes later is refused`() async throws {
        try await withWaiting { connection, popped, probe in
            async let second = connection.send(command("PING"))
            connection.abort()
            let (one, two) = await (popped.value, second)
            #expect(one.failure?.reason == .closed && one.failure?.stage == .sent)
            #expect(two.failure?.reason == .closed)
            #expect(connection.isClosed)
            let later = await connection.send(command("PING")).failure
            #expect(later?.reason == .closed && later?.stage == .refused)
            let isAlone = try await probe.waitUntilAlone()
            #expect(isAlone, "aborting alone closes the socket")
            await connection.close(grace: .zero)
        }
    }

    @Test func `closing lets what waits finish`() async throws {
        try await withWaiting { connection, popped, probe in
            async let closed: Void = connection.close(grace: .seconds(60))
            #expect(await eventually { connection.isClosed })
            #expect(await connection.send(command("PING")).failure?.stage == .refused)
            try probe.say("LPUSH list x")
            #expect(await popped.value == .success(.array([.bulkString("list"), .bulkString("x")])))
            await closed
        }
    }

    @Test func `what is still waiting after the grace fails`() async throws {
        try await withWaiting { connection, popped, _ in
            await connection.close(grace: .milliseconds(10))
            let failure = await popped.value.failure
            #expect(failure?.reason == .closed && failure?.stage == .sent)
        }
    }

    @Test func `a server killed between requests and during one`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let ends = Locked(0)
        let between = AsyncConnection(.to(server)) { _ in ends.change { $0 += 1 } }
        let during = AsyncConnection(.to(server)) { _ in ends.change { $0 += 1 } }
        #expect(await between.send(command("PING")) == .success(.simpleString("PONG")))
        async let popped = during.send(command("BLPOP list 0"))
        do {
            let probe = try Probe(server)
            #expect(try await probe.waitForBlocked(1))
        }
        server.kill()
        let failure = try #require(await popped.failure)
        #expect([.closedByServer, .inputOutput].contains(failure.reason))
        #expect(failure.stage == .sent)
        #expect(await eventually { between.isClosed && ends.value == 2 })
        let refused = try #require(await between.send(command("PING")).failure)
        #expect([.closedByServer, .inputOutput].contains(refused.reason))
        #expect(refused.stage == .refused)
    }

    @Test func `it is released after its end, and closing twice is harmless`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        weak var released: AsyncConnection?
        do {
            let connection = AsyncConnection(.to(server), keepsPushes: true)
            released = connection
            _ = await connection.send(command("PING"))
            await connection.close(grace: .seconds(60))
            await connection.close(grace: .seconds(60))
            connection.abort()
        }
        #expect(await eventually { released == nil })
    }

    @Test func `closing before it ever connected fails nobody who was not there`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        for _ in 0..<50 {
            let connection = AsyncConnection(.to(server))
            await connection.close(grace: .seconds(60))
            #expect(await connection.send(command("PING")).failure?.stage == .refused)
        }
        let probe = try Probe(server)
        #expect(try await probe.waitUntilAlone())
    }
}
