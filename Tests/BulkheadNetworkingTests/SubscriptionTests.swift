@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Subscribing on a real server` {
    private func elements(_ value: RESPValue?) -> [String] {
        value?.elements?.map { $0.bytes?.text ?? ($0 == .null ? "null" : "number") } ?? []
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `two channels give two confirmations, and messages arrive as pushes in order`(
        _ version: RESPVersion
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = AsyncPool(.to(server.socketPath, version: version), .upTo(1))
        let connection = try await pool.lease()
        let confirmations = try await connection.subscribe(command("SUBSCRIBE a b")).get()
        #expect(confirmations.map(elements) == [["subscribe", "a", "number"], ["subscribe", "b", "number"]])
        for number in 0..<100 { try probe.say("PUBLISH \(number.isMultiple(of: 2) ? "a" : "b") \(number)") }
        let pushes = try #require(connection.pushes)
        var received: [[String]] = []
        for try await push in pushes {
            received.append(elements(push))
            if received.count == 100 { break }
        }
        #expect(received == (0..<100).map { ["message", $0.isMultiple(of: 2) ? "a" : "b", "\($0)"] })
        let pong: RESPValue =
            version == .resp3 ? .simpleString("PONG") : .array([.bulkString("pong"), .bulkString("")])
        #expect(await connection.send(command("PING")) == .success(pong))
        #expect(!connection.isIdle)
        pool.release(connection, reusable: true)
        #expect(pool.leasedCount == 0)
        let next = try await pool.lease()
        #expect(next !== connection, "a connection that subscribed is not leased again")
        pool.release(next, reusable: true)
        await pool.close(grace: .zero)
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a message between two confirmations is no confirmation`(_ version: RESPVersion) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let connection = AsyncConnection(.to(server.socketPath, version: version), keepsPushes: true)
        _ = await connection.subscribe(command("SUBSCRIBE a"))
        let publishing = Task.detached {
            for number in 0..<200 { try probe.say("PUBLISH a \(number)") }
        }
        for number in 0..<50 {
            let reply = try await connection.subscribe(command("SUBSCRIBE x\(number)")).get()
            #expect(reply.map(elements) == [["subscribe", "x\(number)", "number"]])
        }
        try await publishing.value
        var received = 0
        for try await push in try #require(connection.pushes) {
            #expect(elements(push) == ["message", "a", "\(received)"])
            received += 1
            if received == 200 { break }
        }
        await connection.close(grace: .zero)
    }

    @Test func `a denied channel gives one error instead of confirmations`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        try probe.say("ACL SETUSER ann on >sesame ~* +@all resetchannels &allowed")
        for version in [RESPVersion.resp2, .resp3] {
            let connection = AsyncConnection(
                .to(server.socketPath, username: "ann", password: "sesame", version: version), keepsPushes: true)
            let replies = try await connection.subscribe(command("SUBSCRIBE secret other")).get()
            #expect(replies.count == 1 && replies.first?.errorMessage?.text?.hasPrefix("NOPERM") == true)
            #expect(await connection.send(command("ECHO x")) == .success(.bulkString("x")))
            await connection.close(grace: .zero)
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a backlog nobody reads closes the connection, and the reader learns it behind what was kept`(
        _ version: RESPVersion
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let connection = AsyncConnection(.to(server.socketPath, version: version), keepsPushes: true)
        _ = await connection.subscribe(command("SUBSCRIBE a"))
        for number in 0..<PushBacklog.mostValues { try probe.say("PUBLISH a \(number)") }
        _ = await connection.send(command("PING"))
        #expect(!connection.isClosed, "exactly the backlog is still kept")
        try probe.say("PUBLISH a too-much")
        #expect(await eventually { connection.isClosed })
        var received = 0
        let failure = await failure {
            for try await push in try #require(connection.pushes) {
                #expect(elements(push).last == "\(received)")
                received += 1
            }
        }
        #expect(received == PushBacklog.mostValues)
        #expect(failure?.reason == .pushOverflow)
        #expect(try await probe.waitUntilAlone())
    }

    @Test(arguments: Way.allCases)
    func `a backlog of large messages is bounded by their bytes`(_ way: Way) async throws {
        let unlimited = ["--client-output-buffer-limit", "pubsub", "0", "0", "0"]
        let server = try RedisTestServer.start(.init(arguments: unlimited))
        defer { server.stop() }
        let message = String(repeating: "x", count: PushBacklog.mostBytes / 8)
        // One message is taken whatever its size, and seven of these fit.
        let publish: @Sendable (Int) throws -> Void = { count in
            let probe = try Probe(server)
            for _ in 0..<count { _ = try probe.connection.send(command(["PUBLISH", "a", message])) }
        }
        switch way {
        case .asynchronous:
            let connection = AsyncConnection(.to(server), keepsPushes: true)
            _ = await connection.subscribe(command("SUBSCRIBE a"))
            var pushes = try #require(connection.pushes).makeAsyncIterator()
            for _ in 0..<3 {
                try publish(4)
                for _ in 0..<4 { #expect(try await pushes.next() != nil) }
            }
            try publish(7)
            _ = await connection.send(command("PING"))
            #expect(!connection.isClosed, "what was read does not count")
            try publish(1)
            #expect(await eventually { connection.isClosed })
            connection.abort()
            var failure: ConnectionFailure?
            do { while try await pushes.next() != nil {} } catch { failure = error }
            #expect(failure?.reason == .pushOverflow)
        case .blocking:
            let ended = await onThread {
                failure {
                    let connection = try BlockingConnection(.to(server))
                    _ = try connection.subscribe(command("SUBSCRIBE a"))
                    for _ in 0..<3 {
                        try publish(4)
                        for _ in 0..<4 { #expect(try connection.nextPush(timeout: .seconds(30)) != nil) }
                    }
                    try publish(7)
                    _ = try connection.send(command("PING"))
                    try publish(1)
                    _ = try connection.send(command("PING"))
                }
            }
            #expect(ended?.reason == .pushOverflow)
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a blocking connection waits for pushes, no longer than told`(_ version: RESPVersion) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let result = await onThread { () -> Result<[[RESPValue?]], any Error> in
            Result {
                let probe = try Probe(server)
                let connection = try BlockingConnection(.to(server.socketPath, version: version))
                let replies = try connection.subscribe(command("SUBSCRIBE a b"))
                let nothing = try connection.nextPush(timeout: .milliseconds(10))
                for number in 0..<50 { try probe.say("PUBLISH b \(number)") }
                let received = try (0..<50).map { _ in try connection.nextPush(timeout: .seconds(30)) }
                return [replies, [nothing], received]
            }
        }
        let parts = try result.get()
        let (replies, nothing, received) = (parts[0], parts[1][0], parts[2])
        #expect(replies.map(elements) == [["subscribe", "a", "number"], ["subscribe", "b", "number"]])
        #expect(nothing == nil)
        #expect(received.map(elements) == (0..<50).map { ["message", "b", "\($0)"] })
    }

    @Test func `a blocking connection that is not read overflows as well`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let ended = await onThread {
            failure {
                let probe = try Probe(server)
                let connection = try BlockingConnection(.to(server))
                _ = try connection.subscribe(command("SUBSCRIBE a"))
                for number in 0...PushBacklog.mostValues { try probe.say("PUBLISH a \(number)") }
                _ = try connection.send(command("PING"))
            }
        }
        #expect(ended?.reason == .pushOverflow)
    }
}
