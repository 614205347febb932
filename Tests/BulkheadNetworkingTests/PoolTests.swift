@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// How many are inside at once, at most.
final class Crowd: Sendable {
    private let counts = Locked<(now: Int, most: Int, total: Int)>((0, 0, 0))

    var most: Int { counts.value.most }
    var total: Int { counts.value.total }

    func enter() {
        counts.change {
            $0.now += 1
            $0.total += 1
            $0.most = max($0.most, $0.now)
        }
    }

    func leave() { counts.change { $0.now -= 1 } }
}

/// A hundred holders of a lease, of whom each has its replies if nobody else spoke on its connection: MULTI belongs to
/// one connection, and a second holder's commands would be queued into it.
///
/// - Parameter hold: sends the three commands over one lease, and enters and leaves the crowd meanwhile.
func expectSharing(
    at server: RedisTestServer, hold: @escaping @Sendable ([String], Crowd) async throws -> [RESPValue]
) async throws {
    let probe = try Probe(server)
    // The server counts those of its start too, of which a busy machine needs more.
    try probe.say("CONFIG RESETSTAT")
    let crowd = Crowd()
    let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
        for holder in 0..<100 {
            group.addTask {
                let replies = try await hold(["MULTI", "INCR count:\(holder)", "EXEC"], crowd)
                return replies == [.simpleString("OK"), .simpleString("QUEUED"), .array([.integer(1)])] ? 0 : 1
            }
        }
        return try await group.reduce(0, +)
    }
    #expect(wrong == 0)
    #expect(crowd.total == 100 && crowd.most <= 4)
    #expect(try #require(try probe.number("total_connections_received", in: "stats")) <= 4)
}

@Suite(.timeLimit(.minutes(10))) struct `An asynchronous pool` {
    @Test func `a hundred leaseholders share four connections, one at a time on each`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server, database: 2), .upTo(4))
        try await expectSharing(at: server) { words, crowd in
            let connection = try await pool.lease()
            defer { pool.release(connection, reusable: true) }
            crowd.enter()
            defer { crowd.leave() }
            var replies: [RESPValue] = []
            for words in words { replies.append(try await connection.send(command(words)).get()) }
            return replies
        }
        #expect(pool.leasedCount == 0)
        await pool.close(grace: .seconds(30))
        #expect(try await Probe(server).waitUntilAlone())
    }

    @Test func `a connection that its leaseholder could not wait for is there for the next one`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            gate.wait()
            peer.shakeHands()
            while let words = peer.readCommand() { peer.write("+\(words[1])\r\n") }
        }
        defer { server.stop() }
        let pool = AsyncPool(.to(server.path, connectTimeout: .seconds(300)), .upTo(1))
        for _ in 0..<3 {
            let lease = try await pool.lease()
            let late = await lease.send(command("ECHO late"), until: .after(.milliseconds(10)))
            #expect(late.failure?.stage == .connecting)
            pool.release(lease, reusable: true)
        }
        gate.signal()
        let lease = try await pool.lease()
        #expect(await lease.send(command("ECHO now")).value == .simpleString("now"))
        #expect(server.connectionCount == 1)
        pool.release(lease, reusable: true)
        await pool.close(grace: .seconds(30))
    }

    @Test func `those in the queue are served in the order they came`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1))
        let held = try await pool.lease()
        let order = Locked<[Int]>([])
        try await withThrowingTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    let connection = try await pool.lease()
                    order.change { $0.append(number) }
                    pool.release(connection, reusable: true)
                }
                #expect(await eventually { pool.waiterCount == number + 1 })
            }
            pool.release(held, reusable: true)
            try await group.waitForAll()
        }
        #expect(order.value == Array(0..<20))
        await pool.close(grace: .zero)
    }

    @Test func `a caller that waits too long gets an error, and leaves the queue`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1, leaseTimeout: .milliseconds(50)))
        let held = try await pool.lease()
        let failure = await failure { _ = try await pool.lease() }
        #expect(failure?.reason == .leaseTimedOut)
        #expect(pool.waiterCount == 0 && pool.leasedCount == 1)
        pool.release(held, reusable: true)
        pool.release(try await pool.lease(), reusable: true)
        #expect(pool.leasedCount == 0)
        await pool.close(grace: .zero)
    }

    @Test func `a full line refuses at once`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1, waiters: 1))
        let held = try await pool.lease()
        async let second = pool.lease()
        #expect(await eventually { pool.waiterCount == 1 })
        #expect(await failure { _ = try await pool.lease() }?.reason == .tooManyWaiters)
        pool.release(held, reusable: true)
        pool.release(try await second, reusable: true)
        await pool.close(grace: .zero)
    }

    @Test func `a cancelled task leaves the queue, before and while it waits`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1))
        let held = try await pool.lease()
        let waiting = Task { await failure { _ = try await pool.lease() } }
        #expect(await eventually { pool.waiterCount == 1 })
        waiting.cancel()
        #expect(await waiting.value?.reason == .cancelled)
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            return await failure { _ = try await pool.lease() }
        }
        early.cancel()
        #expect(await early.value?.reason == .cancelled)
        #expect(pool.waiterCount == 0)
        pool.release(held, reusable: true)
        #expect(pool.leasedCount == 0)
        pool.release(try await pool.lease(), reusable: true)
        await pool.close(grace: .zero)
    }

    @Test func `cancelling at random loses no connection`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(2))
        for round in 0..<20 {
            let tasks = (0..<20).map { _ in
                Task {
                    guard let connection = try? await pool.lease() else { return }
                    _ = await connection.send(command("PING"))
                    pool.release(connection, reusable: true)
                }
            }
            for (index, task) in tasks.enumerated() where (index + round).isMultiple(of: 3) { task.cancel() }
            for task in tasks { await task.value }
            #expect(pool.leasedCount == 0 && pool.waiterCount == 0)
        }
        await pool.close(grace: .zero)
        let probe = try Probe(server)
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `with a dead server everybody learns it from the first request`() async throws {
        let pool = AsyncPool(.to("/nowhere/redis.sock"), .upTo(2))
        let reasons = await withTaskGroup(of: ConnectionFailure.Reason?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let connection: AsyncConnection
                    do throws(ConnectionFailure) {
                        connection = try await pool.lease()
                    } catch {
                        return error.reason
                    }
                    let reason = await connection.send(command("PING")).failure?.reason
                    pool.release(connection, reusable: true)
                    return reason
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reasons == Array(repeating: .connectFailed, count: 10))
        #expect(pool.leasedCount == 0)
        await pool.close(grace: .zero)
    }

    @Test func `closing fails the queue and refuses newcomers; what is leased finishes its request`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = AsyncPool(.to(server), .upTo(1))
        let held = try await pool.lease()
        async let popped = held.send(command("BLPOP list 0"))
        #expect(try await probe.waitForBlocked(1))
        async let waiting = failure { _ = try await pool.lease() }
        #expect(await eventually { pool.waiterCount == 1 })
        async let closed: Void = pool.close(grace: .seconds(60))
        #expect(await waiting?.reason == .closed)
        #expect(await failure { _ = try await pool.lease() }?.reason == .closed)
        try probe.say("LPUSH list x")
        #expect(await popped.value != nil)
        await closed
        #expect(await held.send(command("PING")).failure?.reason == .closed)
        pool.release(held, reusable: true)
        #expect(pool.leasedCount == 0)
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `aborting ends what is leased`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = AsyncPool(.to(server), .upTo(2))
        let held = try await pool.lease()
        async let popped = held.send(command("BLPOP list 0"))
        #expect(try await probe.waitForBlocked(1))
        pool.abort()
        #expect(await popped.failure?.reason == .closed)
        pool.release(held, reusable: true)
        #expect(pool.leasedCount == 0)
        #expect(try await probe.waitUntilAlone())
    }

    @Test func `an idle connection that the server closed is replaced`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let pool = AsyncPool(.to(server), .upTo(1))
        let first = try await pool.lease()
        _ = await first.send(command("PING"))
        pool.release(first, reusable: true)
        try probe.say("CLIENT KILL TYPE normal SKIPME yes")
        #expect(await eventually { first.isClosed })
        let second = try await pool.lease()
        #expect(second !== first)
        #expect(await second.send(command("PING")) == .success(.simpleString("PONG")))
        pool.release(second, reusable: true)
        await pool.close(grace: .zero)
    }
}
