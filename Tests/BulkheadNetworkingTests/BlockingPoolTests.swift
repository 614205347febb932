@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A blocking pool` {
    private func failureOfLease(_ pool: BlockingPool) async -> ConnectionFailure? {
        await onThread { failure { _ = try pool.lease() } }
    }

    @Test func `a hundred threads share four connections, one at a time on each`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = BlockingPool(.to(server, database: 2), .upTo(4))
        try await expectSharing(at: server) { words, crowd in
            try await onThread { () throws -> [RESPValue] in
                let connection = try pool.lease()
                defer { pool.release(connection, reusable: true) }
                crowd.enter()
                defer { crowd.leave() }
                return try words.map { try connection.send(command($0)) }
            }
        }
        #expect(pool.leasedCount == 0)
        pool.close(grace: .seconds(30))
        #expect(try await Probe(server).waitUntilAlone())
    }

    @Test func `those in the queue are served in the order they came`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = BlockingPool(.to(server), .upTo(1))
        let held = try pool.lease()
        let order = Locked<[Int]>([])
        await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    await onThread {
                        guard let connection = try? pool.lease() else { return }
                        order.change { $0.append(number) }
                        pool.release(connection, reusable: true)
                    }
                }
                #expect(await eventually { pool.waiterCount == number + 1 })
            }
            pool.release(held, reusable: true)
            await group.waitForAll()
        }
        #expect(order.value == Array(0..<20))
    }

    @Test func `a caller that waits too long gets an error, and leaves the queue`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = BlockingPool(.to(server), .upTo(1, leaseTimeout: .milliseconds(50)))
        let held = try pool.lease()
        #expect(await failureOfLease(pool)?.reason == .leaseTimedOut)
        #expect(pool.waiterCount == 0 && pool.leasedCount == 1)
        pool.release(held, reusable: true)
        pool.release(try pool.lease(), reusable: true)
        #expect(pool.leasedCount == 0)
    }

    @Test func `a full line refuses at once`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = BlockingPool(.to(server), .upTo(1, waiters: 1))
        let held = try pool.lease()
        async let second = onThread { Result { () throws(ConnectionFailure) in try pool.lease() } }
        #expect(await eventually { pool.waiterCount == 1 })
        #expect(await failureOfLease(pool)?.reason == .tooManyWaiters)
        pool.release(held, reusable: true)
        pool.release(try await second.get(), reusable: true)
        #expect(pool.leasedCount == 0)
    }

    @Test func `with a dead server everybody in the queue gets the failure`() async throws {
        let pool = BlockingPool(.to("/nowhere/redis.sock"), .upTo(2))
        let reasons = await withTaskGroup(of: ConnectionFailure.Reason?.self) { group in
            for _ in 0..<30 { group.addTask { await failureOfLease(pool)?.reason } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reasons == Array(repeating: .connectFailed, count: 30))
        #expect(pool.leasedCount == 0 && pool.waiterCount == 0)
    }

    @Test func `a connection that broke is not handed out again`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = BlockingPool(.to(server), .upTo(1))
        let first = try pool.lease()
        pool.release(first, reusable: true)
        try probe.say("CLIENT KILL TYPE normal SKIPME yes")
        if TLSUnderTest.isOn { #expect(TLSUnderTest.sees { !first.isReusable }) }
        let second = try pool.lease()
        #expect(second !== first)
        #expect(try second.send(command("PING")) == .simpleString("PONG"))
        pool.release(second, reusable: false)
        let third = try pool.lease()
        #expect(third !== second)
        pool.release(third, reusable: true)
    }

    @Test func `closing refuses newcomers, fails those in the queue and interrupts whoever holds a lease too long`()
        async throws
    {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = BlockingPool(.to(server), .upTo(1))
        async let popped = onThread { () -> ConnectionFailure? in
            failure {
                let held = try pool.lease()
                defer { pool.release(held, reusable: true) }
                _ = try held.send(command("BLPOP list 0"))
            }
        }
        #expect(try await probe.waitForBlocked(1))
        async let waiting = failureOfLease(pool)
        #expect(await eventually { pool.waiterCount == 1 })
        await onThread { pool.close(grace: .milliseconds(20)) }
        #expect(await waiting?.reason == .closed)
        #expect(await popped?.stage == .sent)
        #expect(await failureOfLease(pool)?.reason == .closed)
        #expect(await eventually { pool.leasedCount == 0 })
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `closing waits for a lease that comes back in time`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = BlockingPool(.to(server), .upTo(1))
        async let popped = onThread { () -> RESPValue? in
            guard let held = try? pool.lease() else { return nil }
            defer { pool.release(held, reusable: true) }
            return try? held.send(command("BLPOP list 0"))
        }
        #expect(try await probe.waitForBlocked(1))
        async let closed: Void = onThread { pool.close(grace: .seconds(60)) }
        // Queued before the close or refused behind it: closed either way, and then the close has begun.
        #expect(await failureOfLease(pool)?.reason == .closed)
        try probe.say("LPUSH list x")
        #expect(await popped == .array([.bulkString("list"), .bulkString("x")]))
        await closed
        #expect(pool.leasedCount == 0)
        #expect(try await probe.waitUntilAlone())
    }
}
