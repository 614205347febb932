@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

@Suite struct `Replacing connections to the wrong server` {
    @Test func `happens at most once a backoff, which grows while it does not help`() {
        var renewal = RenewalMachine(memory: .seconds(2))
        var times: [Int64] = []
        for moment in Int64(0)..<5_000 {
            let isDue = renewal.isDue(at: at(moment)) { .milliseconds(min(2_000, 20 << ($0 - 1))) }
            if isDue { times.append(moment) }
        }
        #expect(times == [0, 20, 60, 140, 300, 620, 1_260, 2_540, 4_540])
    }

    @Test func `begins anew when nothing was replaced for long`() {
        var renewal = RenewalMachine(memory: .seconds(2))
        var counts: [Int] = []
        for moment in [Int64(0), 100, 2_300, 2_301] {
            _ = renewal.isDue(at: at(moment)) { count in
                counts.append(count)
                return .milliseconds(100)
            }
        }
        #expect(counts == [1, 2, 1])
    }

    @Test func `is a reason to send again for those alone who were sent before`() {
        var renewal = RenewalMachine(memory: .seconds(2))
        #expect(!renewal.hasRenewed(since: at(0)))
        #expect(renewal.isDue(at: at(10)) { _ in .seconds(1) } == true)
        #expect(renewal.hasRenewed(since: at(9)) && renewal.hasRenewed(since: at(10)))
        #expect(!renewal.hasRenewed(since: at(11)))
    }
}

@Suite struct `A connection whose time is limited` {
    private func pool(idleTime: Duration? = nil, connections: Int = 3) -> Pool {
        Pool(PoolBounds(maximumLeases: connections, waiters: 10), idleTime: idleTime)
    }

    /// Leases so many connections, the first numbered 1, and returns them all at `moment`.
    private func fill(_ pool: inout Pool, _ count: Int, until end: Moment = .never, back moment: Moment) -> [Token] {
        let tokens = (1...count).map { Token($0) }
        for token in tokens {
            _ = pool.want(token.number)
            _ = pool.opened(token, until: end)
        }
        for token in tokens { #expect(pool.release(token, reusable: true, at: moment).isEmpty) }
        return tokens
    }

    @Test func `is not lent once it was idle too long, and those that were are closed together`() {
        var pool = pool(idleTime: .seconds(1))
        let tokens = fill(&pool, 3, back: at(0))
        #expect(pool.leaseIdle(at: at(999)) { _ in true } === tokens[2])
        #expect(pool.release(tokens[2], reusable: true, at: at(999)).isEmpty)
        #expect(pool.leaseIdle(at: at(1_000)) { _ in true } === tokens[2])
        #expect(pool.leaseIdle(at: at(1_000)) { _ in true } == nil)
        #expect(pool.want(4, at: at(1_000)) == [.close(1), .close(2), .open])
    }

    @Test func `is closed when another one comes back`() {
        var pool = pool(idleTime: .seconds(1))
        let tokens = fill(&pool, 3, back: at(0))
        #expect(pool.leaseIdle(at: at(500)) { _ in true } === tokens[2])
        #expect(pool.release(tokens[2], reusable: true, at: at(2_000)).map(Done.init) == [.close(1), .close(2)])
        #expect(pool.members.map(\.number) == [3])
    }

    @Test func `is not lent again at its age, however busy it is`() {
        var pool = pool(connections: 1)
        let token = Token(1)
        _ = pool.want(1)
        #expect(pool.opened(token, until: at(100)).map(Done.init) == [.hand(1, to: 1)])
        #expect(pool.want(2) == [])
        #expect(pool.release(token, reusable: true, at: at(99)).map(Done.init) == [.hand(1, to: 2)])
        #expect(pool.want(3) == [])
        #expect(pool.release(token, reusable: true, at: at(100)).map(Done.init) == [.close(1), .open])
    }

    @Test func `is replaced on demand: idle ones at once, leased ones when they come back`() {
        var pool = pool()
        let tokens = fill(&pool, 3, back: at(0))
        #expect(pool.leaseIdle(at: at(0)) { _ in true } === tokens[2])
        #expect(pool.renew().map(Done.init) == [.close(1), .close(2)])
        #expect(pool.release(tokens[2], reusable: true, at: at(1)).map(Done.init) == [.close(3)])
        #expect(pool.members.isEmpty)
        // New ones stay.
        _ = pool.want(4)
        _ = pool.opened(Token(4))
        #expect(pool.release(Token(4), reusable: true, at: at(1)).isEmpty)
    }

    @Test func `has up to a tenth less than its limit, so that not all end together`() {
        var random = SeededGenerator(seed: 11)
        let lifetime = ConnectionLifetime(age: .seconds(100))
        let ages = (0..<1_000).compactMap { _ in lifetime.age(using: &random) }
        #expect(ages.count == 1_000 && ages.allSatisfy { (.seconds(90)...(.seconds(100))).contains($0) })
        #expect(ages.contains { $0 < .seconds(91) } && ages.contains { $0 > .seconds(99) })
        #expect(ConnectionLifetime().age(using: &random) == nil)
    }

    @Test func `has times that make no sense taken for the nearest that do`() {
        let lifetime = ConnectionLifetime(probeInterval: .zero, idleTime: .seconds(-1), age: .seconds(-1))
        let shortest = Duration.milliseconds(10)
        #expect(lifetime == ConnectionLifetime(probeInterval: shortest, idleTime: shortest, age: shortest))
    }
}
