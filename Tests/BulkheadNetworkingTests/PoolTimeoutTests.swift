@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

private let start = Moment(nanoseconds: 1_000_000_000)

@Suite struct `Timeouts in the queue of a pool` {
    private func full(leaseTimeout: Duration = .seconds(5)) -> Pool {
        var pool = Pool(PoolBounds(maximumLeases: 1, waiters: 10, leaseTimeout: leaseTimeout))
        _ = pool.want(0)
        _ = pool.opened(Token(1))
        return pool
    }

    @Test func `ends with the call's time or the lease timeout, whichever comes first`() {
        var pool = full()
        _ = pool.want(1, at: start)
        _ = pool.want(2, at: start, for: .seconds(2))
        _ = pool.want(3, at: start, for: .seconds(9))
        #expect(pool.nextEnd == start + .seconds(2))
        #expect(pool.expire(at: start + .milliseconds(1_999)).isEmpty)
        #expect(pool.expire(at: start + .seconds(2)).map(Done.init) == [.fail(2, .timedOut)])
        #expect(pool.nextEnd == start + .seconds(5))
        let late = pool.expire(at: start + .seconds(6)).map(Done.init)
        #expect(late == [.fail(1, .leaseTimedOut), .fail(3, .leaseTimedOut)])
        #expect(pool.waiterCount == 0 && pool.nextEnd == .never)
    }

    @Test func `is over for those late alone; the others keep their order`() {
        var pool = full()
        for waiter in 1...6 {
            _ = pool.want(waiter, at: start, for: waiter.isMultiple(of: 2) ? .seconds(1) : .seconds(3))
        }
        let late = pool.expire(at: start + .seconds(1)).map(Done.init)
        #expect(late == [2, 4, 6].map { .fail($0, .timedOut) })
        let token = pool.members[0]
        for waiter in [1, 3, 5] {
            #expect(pool.release(token, reusable: true).map(Done.init) == [.hand(1, to: waiter)])
        }
    }

    @Test func `that is over says which time it was, even if a thread wakes a little early`() throws {
        var pool = full(leaseTimeout: .milliseconds(300))
        _ = pool.want(1, at: start, for: .milliseconds(50))
        _ = pool.want(2, at: start, for: .seconds(1))
        let ofCall = pool.markCancelled(id: 1, at: start + .microseconds(49_999))
        #expect(try #require(ofCall).1.reason == .timedOut)
        let ofLease = pool.markCancelled(id: 2, at: start + .microseconds(299_999))
        #expect(try #require(ofLease).1.reason == .leaseTimedOut)
    }

    @Test func `that is over says how many wait, and how long the first of them has`() throws {
        var pool = full(leaseTimeout: .milliseconds(300))
        _ = pool.want(1, at: start)
        _ = pool.want(2, at: start + .milliseconds(100))
        _ = pool.want(3, at: start + .milliseconds(100), for: .milliseconds(50))
        let late = pool.markCancelled(id: 3, at: start + .milliseconds(150))
        let (waiter, failure) = try #require(late)
        #expect(waiter == 3 && failure.reason == .timedOut)
        #expect(failure.message.contains("within 50 ms: all 1 are leased"))
        #expect(failure.message.contains("with 3 in the queue, the first for 150 ms"))
        let again = pool.markCancelled(id: 3, at: start + .milliseconds(150))
        #expect(again == nil)
        guard case .fail(1, let other) = pool.expire(at: start + .milliseconds(300)).first else {
            Issue.record("the first is late")
            return
        }
        #expect(other.message.contains("within 300 ms: all 1 are leased"))
        #expect(other.message.contains("with 2 in the queue, the first for 300 ms"))
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A very long line` {
    private static let length = 20_000

    /// As many callers as the queue takes, with what became of each.
    private func callers(
        _ pool: AsyncPool, _ body: () async throws -> Void
    ) async throws -> [ConnectionFailure.Reason?] {
        try await withThrowingTaskGroup(of: ConnectionFailure.Reason?.self) { group in
            for _ in 0..<Self.length {
                group.addTask {
                    do throws(ConnectionFailure) {
                        pool.release(try await pool.lease(), reusable: true)
                        return nil
                    } catch {
                        return error.reason
                    }
                }
            }
            #expect(await eventually { pool.waiterCount == Self.length })
            try await body()
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `fails as a whole when its server has gone, without recursion`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let pool = AsyncPool(.to(server), .upTo(1, waiters: Self.length, leaseTimeout: .seconds(600)), circuit)
        let held = try await pool.lease()
        #expect(await held.send(command("PING")).value != nil)
        let reasons = try await callers(pool) {
            for _ in 0..<2 { try circuit.begin().ended(ConnectionFailure(.connectFailed, "nobody listens there")) }
            pool.release(held, reusable: false)
        }
        #expect(reasons.count == Self.length && reasons.allSatisfy { $0 == .connectFailed })
        #expect(pool.leasedCount == 0 && pool.waiterCount == 0)
        await pool.close(grace: .zero)
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `has one timer, which fails all of it in its time`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1, waiters: Self.length, leaseTimeout: .seconds(1)))
        let held = try await pool.lease()
        let reasons = try await withThrowingTaskGroup(of: ConnectionFailure.Reason?.self) { group in
            for _ in 0..<Self.length {
                group.addTask { await failure { _ = try await pool.lease() }?.reason }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reasons.count == Self.length && reasons.allSatisfy { $0 == .leaseTimedOut })
        pool.release(held, reusable: true)
        #expect(pool.leasedCount == 0 && pool.waiterCount == 0)
        await pool.close(grace: .zero)
    }
}
