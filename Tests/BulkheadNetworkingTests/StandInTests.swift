@testable import BulkheadNetworking
import Testing

/// The turns that the poller takes where the I/O task finds no thread; time is an argument.
@Suite struct `Turns in place of the I/O task` {
    static let now = Moment(nanoseconds: 1_000_000_000_000)
    static let pause = AsyncConnection.pauseForCallers

    /// An I/O task that is late for the poller's first turn.
    private static func late() -> AsyncConnection.Shared {
        var shared = AsyncConnection.Shared(
            ConnectionSettings(endpoint: .tcp(host: "127.0.0.1", port: 6379), database: 0))
        shared.owner = .awaited(late: now)
        return shared
    }

    /// When the poller looks after a turn that begins at `now`, if there is more to do; `requests` came from the pool's
    /// threads before its end.
    private static func look(afterTurnOf shared: inout AsyncConnection.Shared, requests: Int) -> Moment {
        let hasBegun = shared.beginStandIn(at: now)
        #expect(hasBegun)
        shared.requestsWhileLate += requests
        let ioTask = shared.endStandIn(at: now)
        #expect(ioTask == nil)
        shared.mustLook = true
        shared.nextLook = .never
        return shared.settle().look
    }

    @Test func `what comes in is done at once where the pool's threads ask for little`() {
        var shared = Self.late()
        let look = Self.look(afterTurnOf: &shared, requests: AsyncConnection.manyRequests - 1)
        #expect(look == .past)
    }

    @Test func `where they ask for much, what comes in for a millisecond is done in one turn`() {
        var shared = Self.late()
        let look = Self.look(afterTurnOf: &shared, requests: AsyncConnection.manyRequests)
        #expect(look == Self.now + Self.pause)
        let further = (0..<1_000).map { _ in shared.settle().look }
        #expect(further.allSatisfy { $0 == .never })
        let isEarly = shared.beginStandIn(at: Self.now)
        #expect(!isEarly)
        let isDue = shared.beginStandIn(at: Self.now + Self.pause)
        #expect(isDue)
    }

    @Test func `where they ask for nothing more, what comes in is done at once again`() {
        var shared = Self.late()
        for requests in [AsyncConnection.manyRequests, 1] {
            let look = Self.look(afterTurnOf: &shared, requests: requests)
            #expect(look == Self.now + Self.pause)
            shared.nextStandIn = Self.now
        }
        let look = Self.look(afterTurnOf: &shared, requests: 0)
        #expect(look == .past)
    }

    @Test func `requests of an earlier time without a thread count for nothing`() {
        var shared = Self.late()
        _ = Self.look(afterTurnOf: &shared, requests: AsyncConnection.manyRequests)
        let hasThread = shared.beginTurn()
        #expect(hasThread)
        shared.owner = .awaited(late: Self.now)
        let look = Self.look(afterTurnOf: &shared, requests: 0)
        #expect(look == .past)
    }
}
