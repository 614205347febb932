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

    /// By the names that the settings have two floors above, as who reads it looks for those.
    static let remedy = "lease for shorter, or raise maximumLeases (max_leases in a URL, leases in a budget)"
}

/// The life of a pool of leases as a pure struct: events in, actions out; first come, first served. It knows no clock.
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

    /// Somebody in line.
    private struct Wait: Sendable {
        let waiter: Waiter
        let start: Moment
        /// The call's.
        let deadline: Deadline
        /// When its patience is over: the call's time or the lease timeout, whichever comes first.
        let end: Moment
    }

    private let bounds: PoolBounds
    private var opening = 0
    /// The most recently used last: it is taken first, being the likeliest to be still open.
    private var idle: [Connection] = []
    private var leased: [Connection] = []
    /// Who waits, by id.
    private var waits: [Int: Wait] = [:]
    /// Their ids in the order they came, and those of others who withdrew: moving all that stand behind one each time
    /// would take minutes where thousands give up at once. See `dropWithdrawn`.
    private var line = RingQueue<Int>()
    /// Nobody in line has an earlier end.
    package private(set) var nextEnd = Moment.never
    package private(set) var isClosed = false
    /// Places in line looked at so far to take out those that were withdrawn.
    package private(set) var searchSteps = 0

    package init(_ bounds: PoolBounds) {
        self.bounds = bounds
    }

    /// Open connections, idle or leased.
    package var members: [Connection] { idle + leased }
    package var leasedCount: Int { leased.count }
    package var waiterCount: Int { waits.count }

    /// An idle connection at once, if there is one and nobody waits: the way of nearly all leases, without a place in
    /// line. Those that `isUsable` turns down leave the pool; they have ended, and are let go of.
    package mutating func leaseIdle(isUsable: (Connection) -> Bool) -> Connection? {
        while !isClosed, waits.isEmpty, let connection = idle.popLast() {
            if isUsable(connection) {
                leased.append(connection)
                return connection
            }
        }
        return nil
    }

    /// Somebody wants a connection and waits in line if none is idle, until `deadline` or for the lease timeout. `id`
    /// names the wait for `withdraw`.
    package mutating func lease(
        _ waiter: Waiter, id: Int, at now: Moment, until deadline: Deadline, isUsable: (Connection) -> Bool
    ) -> [Action] {
        if isClosed { return [.fail(waiter, closed)] }
        if let connection = leaseIdle(isUsable: isUsable) { return [.hand(connection, to: waiter)] }
        let total = opening + idle.count + leased.count
        let servedByOpening = opening + max(0, bounds.connections - total)
        guard waits.count - servedByOpening < bounds.waiters else {
            let failure = ConnectionFailure(
                .tooManyWaiters,
                "all \(bounds.connections) connections are leased or being opened and \(bounds.waiters) callers wait "
                    + "already: \(PoolBounds.remedy)")
            return [.fail(waiter, failure)]
        }
        let end = min(now + bounds.leaseTimeout, deadline.end)
        nextEnd = waits.isEmpty ? end : min(nextEnd, end)
        waits[id] = Wait(waiter: waiter, start: now, deadline: deadline, end: end)
        line.append(id)
        return openForWaiters()
    }

    /// Takes a waiter out of line; nil if it has its connection or its failure already.
    package mutating func withdraw(id: Int) -> Waiter? {
        takeOut(id)?.waiter
    }

    /// The same for one whose patience is over, with what to tell it.
    package mutating func giveUp(id: Int, at now: Moment) -> (Waiter, ConnectionFailure)? {
        let (count, start) = (waits.count, startOfFirst)
        return takeOut(id).map { ($0.waiter, late($0, behind: count, since: start, at: now)) }
    }

    /// Fails all whose patience is over, in one walk along the line. Constant time unless there may be some.
    package mutating func expire(at now: Moment) -> [Action] {
        guard nextEnd <= now, !waits.isEmpty else { return [] }
        let (count, start) = (waits.count, startOfFirst)
        var actions: [Action] = []
        var others = RingQueue<Int>()
        nextEnd = .never
        while let id = line.popFirst() {
            guard let wait = waits[id] else { continue }
            if wait.end <= now {
                waits[id] = nil
                actions.append(.fail(wait.waiter, late(wait, behind: count, since: start, at: now)))
            } else {
                nextEnd = min(nextEnd, wait.end)
                others.append(id)
            }
        }
        line = others
        return actions
    }

    /// A connection asked for by `.open` is there.
    package mutating func opened(_ connection: Connection) -> [Action] {
        opening -= 1
        return give(connection)
    }

    /// A connection asked for by `.open` cannot be had: the first in line fails with the reason.
    package mutating func openFailed(_ failure: ConnectionFailure) -> [Action] {
        opening -= 1
        let failed = popFirst().map { [Action.fail($0.waiter, failure)] } ?? []
        return failed + openForWaiters()
    }

    /// A connection asked for by `.open` was given up by who opened it, for a reason of their own.
    package mutating func openAbandoned() -> [Action] {
        opening -= 1
        return openForWaiters()
    }

    /// A lease is over. Returning a connection that is not leased changes nothing. One that `isReady` no sooner than
    /// its handshake is over is lent after all others.
    package mutating func release(_ connection: Connection, reusable: Bool, isReady: Bool = true) -> [Action] {
        guard let index = leased.firstIndex(where: { $0 === connection }) else { return [] }
        leased.remove(at: index)
        if reusable { return give(connection, isReady: isReady) }
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
        while let wait = popFirst() { actions.append(.fail(wait.waiter, closed)) }
        return actions
    }

    private mutating func give(_ connection: Connection, isReady: Bool = true) -> [Action] {
        if isClosed { return [.close(connection)] }
        guard let wait = popFirst() else {
            idle.insert(connection, at: isReady ? idle.count : 0)
            return []
        }
        leased.append(connection)
        return [.hand(connection, to: wait.waiter)]
    }

    private mutating func openForWaiters() -> [Action] {
        var actions: [Action] = []
        while opening < waits.count, opening + idle.count + leased.count < bounds.connections {
            opening += 1
            actions.append(.open)
        }
        return actions
    }

    private var closed: ConnectionFailure {
        ConnectionFailure(.closed, "the databases were closed", progress: .refused)
    }

    // MARK: The line

    private mutating func popFirst() -> Wait? {
        let wait = line.popFirst().flatMap { waits.removeValue(forKey: $0) }
        dropWithdrawn()
        return wait
    }

    private mutating func takeOut(_ id: Int) -> Wait? {
        searchSteps += 1
        guard let wait = waits.removeValue(forKey: id) else { return nil }
        dropWithdrawn()
        return wait
    }

    /// So that the first in line always waits, and at most as many have withdrawn as wait.
    private mutating func dropWithdrawn() {
        while !line.isEmpty, waits[line.first] == nil {
            _ = line.popFirst()
            searchSteps += 1
        }
        guard line.count > 2 * waits.count else { return }
        searchSteps += line.count
        line.removeAll(in: 0..<line.count) { waits[$0] == nil }
    }

    /// Since when the first in line waits, if anybody does.
    private var startOfFirst: Moment { line.isEmpty ? .never : waits[line.first]?.start ?? .never }

    /// `count` stood in line then, the first of them since `start`.
    private func late(_ wait: Wait, behind count: Int, since start: Moment, at now: Moment) -> ConnectionFailure {
        let isCall = wait.deadline.end <= now
        let patience = isCall ? wait.deadline.timeout : bounds.leaseTimeout
        return ConnectionFailure(
            isCall ? .timedOut : .leaseTimedOut,
            "no connection became free within \(patience.inWords): all \(bounds.connections) are leased or being "
                + "opened, with \(count) in line, the first for \((now - start).inWords): " + PoolBounds.remedy)
    }
}

extension ConnectionFailure {
    /// A call whose time was over before its connection was there.
    static func timedOut(connectingTo endpoint: Endpoint, _ deadline: Deadline) -> ConnectionFailure {
        ConnectionFailure(
            .timedOut, "no connection to \(endpoint) came about within \(deadline.timeout.inWords)",
            progress: .connecting)
    }
}
