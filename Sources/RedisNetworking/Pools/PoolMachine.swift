/// How many connections a pool may have, and how many callers may wait for one.
package struct PoolBounds: Sendable, Hashable {
    /// Leased connections at once. Each is a socket here and one of the server's `maxclients` there.
    package var connections: Int
    /// Callers in line beyond those a connection is being opened for; one more is refused at once.
    package var waiters: Int
    /// How long a caller waits in line.
    package var leaseTimeout: Duration

    package init(connections: Int = 8, waiters: Int = 1_024, leaseTimeout: Duration = .seconds(5)) {
        self.connections = max(1, connections)
        self.waiters = max(0, waiters)
        self.leaseTimeout = leaseTimeout
    }
}

/// The life of a pool of leases as a pure struct: events in, actions out; first come, first served.
///
/// A member is being opened, idle or leased; `opening + idle.count + leased.count ≤ bounds.connections` always.
/// As long as somebody waits, a member is being opened for them or all members are leased.
package struct PoolMachine<Connection: AnyObject & Sendable, Waiter: Sendable>: Sendable {
    package enum Action: Sendable {
        case hand(Connection, to: Waiter)
        case fail(Waiter, ConnectionFailure)
        /// Open a connection, then report `opened` or `openFailed`.
        case open
        case close(Connection)
    }

    private let bounds: PoolBounds
    private var opening = 0
    /// The most recently used last: it is taken first, being the likeliest to be still open.
    private var idle: [Connection] = []
    private var leased: [Connection] = []
    private var waiters = RingQueue<(id: Int, waiter: Waiter)>()
    package private(set) var isClosed = false

    package init(_ bounds: PoolBounds) {
        self.bounds = bounds
    }

    /// Open connections, idle or leased.
    package var members: [Connection] { idle + leased }
    package var leasedCount: Int { leased.count }
    package var waiterCount: Int { waiters.count }

    /// An idle connection at once, if there is one and nobody waits: the way of nearly all leases, without a place in
    /// line. Those that `isUsable` turns down leave the pool; they have ended, and are let go of.
    package mutating func leaseIdle(isUsable: (Connection) -> Bool) -> Connection? {
        while !isClosed, waiters.isEmpty, let connection = idle.popLast() {
            if isUsable(connection) {
                leased.append(connection)
                return connection
            }
        }
        return nil
    }

    /// Somebody wants a connection and waits in line if none is idle. `id` names the wait for `withdraw`.
    package mutating func lease(_ waiter: Waiter, id: Int, isUsable: (Connection) -> Bool) -> [Action] {
        if isClosed { return [.fail(waiter, closed)] }
        if let connection = leaseIdle(isUsable: isUsable) { return [.hand(connection, to: waiter)] }
        let total = opening + idle.count + leased.count
        let servedByOpening = opening + max(0, bounds.connections - total)
        guard waiters.count - servedByOpening < bounds.waiters else {
            let failure = ConnectionFailure(
                .tooManyWaiters,
                "all \(bounds.connections) connections are leased or being opened and \(bounds.waiters) callers wait "
                    + "already: lease for shorter, or raise the pool's bounds")
            return [.fail(waiter, failure)]
        }
        waiters.append((id, waiter))
        return openForWaiters()
    }

    /// Takes a waiter out of line; nil if it has its connection or its failure already.
    package mutating func withdraw(id: Int) -> Waiter? {
        waiters.removeFirst { $0.id == id }?.waiter
    }

    /// A connection asked for by `.open` is there.
    package mutating func opened(_ connection: Connection) -> [Action] {
        opening -= 1
        return give(connection)
    }

    /// A connection asked for by `.open` cannot be had: the first in line fails with the reason.
    package mutating func openFailed(_ failure: ConnectionFailure) -> [Action] {
        opening -= 1
        let failed = waiters.popFirst().map { [Action.fail($0.waiter, failure)] } ?? []
        return failed + openForWaiters()
    }

    /// A connection asked for by `.open` was given up by who opened it, for a reason of their own.
    package mutating func openAbandoned() -> [Action] {
        opening -= 1
        return openForWaiters()
    }

    /// A lease is over. Returning a connection that is not leased changes nothing.
    package mutating func release(_ connection: Connection, reusable: Bool) -> [Action] {
        guard let index = leased.firstIndex(where: { $0 === connection }) else { return [] }
        leased.remove(at: index)
        if reusable { return give(connection) }
        return [.close(connection)] + openForWaiters()
    }

    /// An idle connection has ended by itself.
    package mutating func ended(_ connection: Connection) {
        idle.removeAll { $0 === connection }
    }

    /// Fails all waiters and closes what is idle; leased connections close when they come back.
    package mutating func close() -> [Action] {
        isClosed = true
        var actions = idle.map { Action.close($0) }
        idle = []
        while let (_, waiter) = waiters.popFirst() { actions.append(.fail(waiter, closed)) }
        return actions
    }

    private mutating func give(_ connection: Connection) -> [Action] {
        if isClosed { return [.close(connection)] }
        guard let (_, waiter) = waiters.popFirst() else {
            idle.append(connection)
            return []
        }
        leased.append(connection)
        return [.hand(connection, to: waiter)]
    }

    private mutating func openForWaiters() -> [Action] {
        var actions: [Action] = []
        while opening < waiters.count, opening + idle.count + leased.count < bounds.connections {
            opening += 1
            actions.append(.open)
        }
        return actions
    }

    private var closed: ConnectionFailure {
        ConnectionFailure(.closed, "the databases were closed", progress: .refused)
    }
}

extension ConnectionFailure {
    /// A call whose time was over before its connection was there.
    static func timedOut(connectingTo endpoint: Endpoint, _ deadline: Deadline) -> ConnectionFailure {
        ConnectionFailure(
            .timedOut, "no connection to \(endpoint) came about within \(deadline.timeout.inWords)",
            progress: .connecting)
    }

    /// A wait in line that took too long.
    static func leaseTimedOut(_ bounds: PoolBounds, _ deadline: Deadline) -> ConnectionFailure {
        let isCall = deadline.isOver
        return ConnectionFailure(
            isCall ? .timedOut : .leaseTimedOut,
            "no connection became free within \((isCall ? deadline.timeout : bounds.leaseTimeout).inWords): all "
                + "\(bounds.connections) are leased or being opened; lease for shorter, or raise the pool's bounds")
    }
}
