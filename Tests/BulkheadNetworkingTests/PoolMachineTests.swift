@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

final class Token: Sendable {
    let number: Int
    init(_ number: Int) { self.number = number }
}

typealias Pool = PoolMachine<Token, Int>

/// An action in a form that can be compared.
enum Done: Equatable {
    case hand(Int, to: Int)
    case fail(Int, ConnectionFailure.Reason)
    case open
    case close(Int)

    init(_ action: Pool.Action) {
        switch action {
        case .hand(let token, let waiter): self = .hand(token.number, to: waiter)
        case .fail(let waiter, let failure): self = .fail(waiter, failure.reason)
        case .open: self = .open
        case .close(let token): self = .close(token.number)
        }
    }
}

extension Pool {
    mutating func want(
        _ waiter: Int, usable: Bool = true, at now: Moment = Moment(nanoseconds: 0), for time: Duration? = nil
    ) -> [Done] {
        let deadline = time.map { Deadline(start: now, end: now + $0) } ?? .none
        return lease(waiter, id: waiter, at: now, until: deadline) { _ in usable }.map(Done.init)
    }

    /// Where no time is limited, it does not matter when.
    mutating func release(_ token: Token, reusable: Bool, isReady: Bool = true) -> [Action] {
        release(token, reusable: reusable, isReady: isReady, at: Moment(nanoseconds: 0))
    }
}

private let dead = ConnectionFailure(.connectFailed, "dead")

@Suite struct `The life of a pool` {
    private let first = Token(1)
    private let second = Token(2)

    private func pool(connections: Int = 1, waiters: Int = 10) -> Pool {
        Pool(PoolBounds(maximumLeases: connections, waiters: waiters))
    }

    private func poolOfTwoLeased() -> Pool {
        var pool = pool(connections: 2)
        _ = pool.want(1)
        _ = pool.opened(first)
        _ = pool.want(2)
        _ = pool.opened(second)
        return pool
    }

    @Test func `the first who wants a connection has one opened`() {
        var pool = pool()
        #expect(pool.want(1) == [.open])
        #expect(pool.opened(first).map(Done.init) == [.hand(1, to: 1)])
        #expect(pool.leasedCount == 1 && pool.waiterCount == 0 && pool.members.map(\.number) == [1])
    }

    @Test func `one that is still being made when it comes back is lent after those that are there`() {
        var pool = poolOfTwoLeased()
        #expect(pool.release(first, reusable: true).isEmpty)
        #expect(pool.release(second, reusable: true, isReady: false).isEmpty)
        #expect(pool.want(3) == [.hand(1, to: 3)] && pool.want(4) == [.hand(2, to: 4)])
    }

    @Test func `what comes back goes to the first in the queue, else it stays for the next`() {
        var pool = pool()
        _ = pool.want(1)
        _ = pool.opened(first)
        #expect(pool.want(2) == [] && pool.want(3) == [])
        #expect(pool.release(first, reusable: true).map(Done.init) == [.hand(1, to: 2)])
        #expect(pool.release(first, reusable: true).map(Done.init) == [.hand(1, to: 3)])
        #expect(pool.release(first, reusable: true).isEmpty)
        #expect(pool.want(4) == [.hand(1, to: 4)])
    }

    @Test func `a lease returned twice changes nothing`() {
        var pool = pool(connections: 2)
        _ = pool.want(1)
        _ = pool.opened(first)
        #expect(pool.release(first, reusable: true).isEmpty)
        #expect(pool.release(first, reusable: true).isEmpty)
        #expect(pool.release(first, reusable: false).isEmpty)
        #expect(pool.release(second, reusable: true).isEmpty)
        #expect(pool.members.map(\.number) == [1])
        #expect(pool.want(2) == [.hand(1, to: 2)])
        #expect(pool.want(3) == [.open])
    }

    @Test func `the queue holds as many as its bound says, beyond those a connection is opened for`() {
        var pool = pool(connections: 2, waiters: 3)
        #expect(pool.want(1) == [.open] && pool.want(2) == [.open])
        for waiter in 3...5 { #expect(pool.want(waiter) == []) }
        #expect(pool.want(6) == [.fail(6, .tooManyWaiters)])
        _ = pool.opened(first)
        _ = pool.opened(second)
        #expect(pool.waiterCount == 3)
        #expect(pool.want(7) == [.fail(7, .tooManyWaiters)])
        #expect(pool.release(first, reusable: true).map(Done.init) == [.hand(1, to: 3)])
        #expect(pool.want(8) == [])
    }

    @Test func `a pool without a line refuses whoever cannot be served at once`() {
        var pool = pool(connections: 1, waiters: 0)
        #expect(pool.want(1) == [.open])
        #expect(pool.want(2) == [.fail(2, .tooManyWaiters)])
        _ = pool.opened(first)
        #expect(pool.want(3) == [.fail(3, .tooManyWaiters)])
    }

    @Test func `bounds below the useful ones are raised`() {
        let bounds = PoolBounds(maximumLeases: 0, waiters: -1)
        #expect(bounds.maximumLeases == 1 && bounds.waiters == 0)
    }

    @Test func `a connection that cannot be opened fails the first in the queue, and the next gets another try`() {
        var pool = pool()
        #expect(pool.want(1) == [.open])
        #expect(pool.want(2) == [])
        #expect(pool.openFailed(dead).map(Done.init) == [.fail(1, .connectFailed), .open])
        #expect(pool.openFailed(dead).map(Done.init) == [.fail(2, .connectFailed)])
        #expect(pool.want(3) == [.open])
    }

    @Test func `a connection not fit for another lease makes room for a new one`() {
        var pool = pool()
        _ = pool.want(1)
        _ = pool.opened(first)
        _ = pool.want(2)
        #expect(pool.release(first, reusable: false).map(Done.init) == [.close(1), .open])
        #expect(pool.opened(second).map(Done.init) == [.hand(2, to: 2)])
    }

    @Test func `idle connections that are no longer usable are closed and replaced`() {
        var pool = pool()
        _ = pool.want(1)
        _ = pool.opened(first)
        _ = pool.release(first, reusable: true)
        #expect(pool.want(2, usable: false) == [.open])
        #expect(pool.members.isEmpty)
        #expect(pool.members.isEmpty)
    }

    @Test func `an idle connection that ended is forgotten`() {
        var pool = pool()
        _ = pool.want(1)
        _ = pool.opened(first)
        _ = pool.release(first, reusable: true)
        pool.ended(first)
        #expect(pool.members.isEmpty)
        #expect(pool.want(2) == [.open])
    }

    @Test func `whoever cancels gets nothing, and the connection opened for them stays idle`() {
        var pool = pool()
        _ = pool.want(1)
        #expect(pool.cancel(id: 1) == 1)
        #expect(pool.cancel(id: 1) == nil)
        #expect(pool.opened(first).isEmpty)
        #expect(pool.want(2) == [.hand(1, to: 2)])
        #expect(pool.cancel(id: 2) == nil)
    }

    @Test(arguments: [false, true])
    func `cancelling by thousands, in any order, costs each a few steps, not one a neighbour`(isLate: Bool) {
        var random = SeededGenerator(seed: 7)
        let count = 100_000
        var pool = pool(waiters: count)
        for waiter in (1...count).shuffled(using: &random) { _ = pool.want(waiter) }
        var isFound = true
        for waiter in (1...count).shuffled(using: &random) {
            let found =
                isLate
                ? pool.markCancelled(id: waiter, at: Moment(nanoseconds: 1))?.0 : pool.cancel(id: waiter)
            isFound = found == waiter && isFound
        }
        #expect(isFound && pool.waiterCount == 0)
        #expect(pool.searchSteps < 10 * count, "\(pool.searchSteps)")
        #expect(pool.want(count + 1) == [])
        #expect(pool.opened(first).map(Done.init) == [.hand(1, to: count + 1)])
    }

    @Test func `cancelling in the middle keeps the order of the others`() {
        var pool = pool()
        for waiter in 1...4 { _ = pool.want(waiter) }
        #expect(pool.cancel(id: 3) == 3)
        #expect(pool.opened(first).map(Done.init) == [.hand(1, to: 1)])
        #expect(pool.release(first, reusable: true).map(Done.init) == [.hand(1, to: 2)])
        #expect(pool.release(first, reusable: true).map(Done.init) == [.hand(1, to: 4)])
    }

    @Test func `closing fails all who wait and closes what is idle; what is leased closes when it comes back`() {
        var pool = poolOfTwoLeased()
        #expect(pool.release(second, reusable: true).isEmpty)
        #expect(pool.close().map(Done.init) == [.close(2)])
        #expect(pool.want(3) == [.fail(3, .closed)])
        #expect(pool.leasedCount == 1)
        #expect(pool.release(first, reusable: true).map(Done.init) == [.close(1)])
        #expect(pool.members.isEmpty)
        #expect(pool.close().isEmpty)
    }

    @Test func `a connection that arrives after the close is closed`() {
        var pool = pool()
        _ = pool.want(1)
        _ = pool.want(2)
        #expect(pool.close().map(Done.init) == [.fail(1, .closed), .fail(2, .closed)])
        #expect(pool.opened(first).map(Done.init) == [.close(1)])
        #expect(pool.members.isEmpty && pool.waiterCount == 0)
    }
}
