@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The connections of a database` {
    @Test func `SELECT and HELLO are said once a connection, by the server's own count`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        try probe.say("CONFIG RESETSTAT")
        let database = Node(.to(server, database: 5), .upTo(3))
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<50 {
                group.addTask {
                    var wrong = 0
                    for number in 0..<200 {
                        let reply: RESPValue
                        if number.isMultiple(of: 50) {
                            let connection = try await database.leases.lease()
                            reply = try await connection.send(command("INCR count:\(task)")).get()
                            database.leases.release(connection, reusable: true)
                        } else {
                            let lane = number.isMultiple(of: 10) ? Lane.bulk : .shared
                            reply = try await database.send(command("INCR count:\(task)"), on: lane)
                        }
                        if reply != .integer(Int64(number + 1)) { wrong += 1 }
                    }
                    return wrong
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
        let opened = try #require(try probe.number("total_connections_received", in: "stats"))
        #expect((3...5).contains(opened), "two lanes and up to three leases")
        #expect(try probe.calls(of: "select") == opened)
        #expect(try probe.calls(of: "hello") == (ServerUnderTest.version == .resp3 ? opened : 0))
        #expect(try probe.calls(of: "incr") == 10_000)
        #expect(try probe.say("INFO keyspace").bytes?.text?.contains("db5:keys=50,") == true)
        #expect(database.leases.leasedCount == 0)
        await database.close(grace: .seconds(30))
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `a batch is one piece on its lane`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let database = Node(.to(server), .upTo(1))
        for lane in Lane.allCases {
            let replies = try await database.sendAll(repeated(command("INCR \(lane)"), 500), count: 500, on: lane)
            #expect(replies == (1...500).map { .integer($0) })
        }
        await database.close(grace: .zero)
    }

    @Test func `a slow command on the bulk lane does not stand in front of a short one`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let database = Node(.to(server), .upTo(1))
        async let slow = database.send(command("BLPOP list 0"), on: .bulk)
        #expect(try await probe.waitForBlocked(1))
        #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        try probe.say("LPUSH list x")
        _ = try await slow
        await database.close(grace: .zero)
    }

    @Test func `a lane whose connection ended gets a new one, and nobody is refused meanwhile`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let database = Node(.to(server), .upTo(1))
        var refused = 0
        // Against further servers, and over TLS, a connection is dear.
        for _ in 0..<(TestTier.isWhole ? 1_000 : 100) {
            refused += try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        var refused = 0
                        for _ in 0..<12 {
                            do throws(ConnectionFailure) {
                                _ = try await database.send(command("PING"), on: .shared)
                            } catch {
                                if error.stage == .refused { refused += 1 }
                            }
                        }
                        return refused
                    }
                }
                try probe.say("CLIENT KILL TYPE normal SKIPME yes")
                return try await group.reduce(0, +)
            }
        }
        #expect(refused == 0, "one connection ended at a time: the second try has a new one")
        await database.close(grace: .zero)
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `after a restart the next request has a new connection`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let atOnce = Circuit(Backoff(first: .zero, cap: .zero))
        let database = Node(.to(server, database: 1), .upTo(1), atOnce)
        #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        server.kill()
        for _ in 0..<3 {
            let failure = try #require(await failure { _ = try await database.send(command("PING"), on: .shared) })
            // The proxy of TLS accepts connections, and closes them when it finds no server.
            #expect([.closedByServer, .inputOutput, .connectFailed, .tlsFailed].contains(failure.reason))
        }
        try server.restart()
        #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        await database.close(grace: .zero)
    }

    @Test func `once closed it refuses, on both lanes and in the pool`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let database = Node(.to(server), .upTo(1))
        _ = try await database.send(command("PING"), on: .shared)
        await database.close(grace: .zero)
        for lane in Lane.allCases {
            let failure = await failure { _ = try await database.send(command("PING"), on: lane) }
            #expect(failure?.reason == .closed && failure?.stage == .refused)
        }
        #expect(await failure { _ = try await database.leases.lease() }?.reason == .closed)
        let probe = try Probe(server)
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `aborting fails what waits`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let database = Node(.to(server), .upTo(1))
        async let waiting = failure { _ = try await database.send(command("BLPOP list 0"), on: .bulk) }
        #expect(try await probe.waitForBlocked(1))
        database.abort()
        #expect(await waiting?.reason == .closed)
        #expect(try await probe.waitUntilAlone())
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A refused SELECT` {
    /// Tries to write at once in every way there is; what each was told.
    private func write(_ settings: ConnectionSettings) async -> [ConnectionFailure?] {
        let lone = AsyncConnection(settings)
        async let first = lone.send(command("SET lone value"))
        async let second = lone.sendAll(commands("SET one value", "SET two value"), count: 2)
        let database = Node(settings, .upTo(1))
        async let third = failure { _ = try await database.send(command("SET lane value"), on: .shared) }
        async let fourth = failure {
            let lease = try await database.leases.lease()
            defer { database.leases.release(lease, reusable: true) }
            _ = try await lease.send(command("SET lease value")).get()
        }
        let fifth = await onThread {
            failure { _ = try BlockingConnection(settings).send(command("SET blocking value")) }
        }
        let sixth = await onThread {
            failure { _ = try BlockingPool(settings, .upTo(1)).lease().send(command("SET pool value")) }
        }
        let failures = await [first.failure, second.failure, third, fourth, fifth, sixth]
        await database.close(grace: .zero)
        return failures
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a command for a database the server does not have runs in no other`(_ version: RESPVersion) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        for failure in await write(.to(server.socketPath, database: 99, version: version)) {
            #expect(failure?.reason == .databaseOutOfRange && failure?.stage != .sent)
        }
        let probe = try Probe(server)
        #expect(try probe.hasNoKeys())
        #expect(try probe.calls(of: "set") == 0)
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a command of a user who may not select runs in no database`(_ version: RESPVersion) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        try probe.say("ACL SETUSER ann on >sesame ~* &* +@all -select")
        for number in [0, 3] {
            let settings = ConnectionSettings.to(
                server.socketPath, database: number, username: "ann", password: "sesame", version: version)
            for failure in await write(settings) {
                #expect(failure?.reason == .databaseDenied && failure?.stage != .sent)
                #expect(failure?.message.contains("ann") == true && failure?.message.contains("sesame") == false)
            }
        }
        #expect(try probe.hasNoKeys())
        #expect(try probe.calls(of: "set") == 0)
    }
}
