/// How many connections a pool may have, and how many callers may wait for one.
package struct PoolBounds: Sendable, Hashable {
    /// Leased connections at once. Each is a socket here and one of the server's `maxclients` there.
    package var maximumLeases: Int
    /// Callers in the queue beyond those a connection is being opened for; one more is refused at once.
    package var waiters: Int
    /// How long a caller waits in the queue.
    package var leaseTimeout: Duration

    package init(maximumLeases: Int = 8, waiters: Int = 1_024, leaseTimeout: Duration = .seconds(5)) {
        self.maximumLeases = max(1, maximumLeases)
        self.waiters = max(0, waiters)
        self.leaseTimeout = leaseTimeout
    }

    /// By the names that the settings have two floors above, as who reads it looks for those.
    static let remedy = "lease for shorter, or raise maximumLeases (max_leases in a URL, leases in a budget)"
}

/// The life of a pool of leases as a pure struct: events in, actions out; first come, first served. It knows no clock.
///
/// A member is being opened, idle or leased; `opening + idle.count + leased.count ≤ bounds.maximumLeases` always.
/// As long as somebody waits, a member is being opened for them or all members are leased.
package struct PoolMachine<Connection: AnyObject & Sendable, Waiter: Sendable>: Sendable {
    package enum Action: Sendable {
        case hand(Connection, to: Waiter)
        case fail(Waiter, ConnectionFailure)
        /// Open a connection, then report `opened` or `openFailed`.
        case open
        case close(Connection)
    }

    private struct Member: Sendable {
        let connection: Connection
        /// It is not lent any more from then on: it is too old, or was replaced.
        var end: Moment
        /// The same while it is idle.
        var idleEnd = Moment.never
    }

    /// Somebody in the queue.
    private struct Wait: Sendable {
        let waiter: Waiter
        let start: Moment
        /// The call's.
        let deadline: Deadline
        /// When its timeout is over: the call's time or the lease timeout, whichever comes first.
        let end: Moment
    }

    private let bounds: PoolBounds
    /// How long a connection may be idle; nil is no limit.
    private let idleTime: Duration?
    private var opening = 0
    /// The most recently used last: it is taken first, being the likeliest to be still open.
    private var idle: [Member] = []
    private var leased: [Member] = []
    /// Who waits, by id.
    private var waits: [Int: Wait] = [:]
    /// Their ids in the order they came, and those of others who were cancelled: moving all that stand behind one each
    /// time would take minutes where thousands give up at once. See `dropCancelled`.
    private var queue = RingQueue<Int>()
    /// Nobody in the queue has an earlier end.
    package private(set) var nextEnd = Moment.never
    /// Why nothing is lent any more; nil while it is.
    private var refusal: ConnectionFailure?
    package var isClosed: Bool { refusal != nil }
    /// Places in the queue looked at so far to take out those that were cancelled.
    package private(set) var searchSteps = 0

    package init(_ bounds: PoolBounds, idleTime: Duration? = nil) {
        self.bounds = bounds
        self.idleTime = idleTime
    }

    /// Open connections, idle or leased.
    package var members: [Connection] { (idle + leased).map(\.connection) }
    package var leasedCount: Int { leased.count }
    package var waiterCount: Int { waits.count }

    /// An idle connection at once, if there is one and nobody waits: the way of nearly all leases, without a place in
    /// queue. Those that `isUsable` turns down leave the pool; they have ended, and are let go of. One whose time is
    /// over is for `lease` to close. The clock is read only where times are limited.
    package mutating func leaseIdle(
        at now: @autoclosure () -> Moment, isUsable: (Connection) -> Bool
    ) -> Connection? {
        while !isClosed, waits.isEmpty, let member = idle.last {
            if member.idleEnd != .never, member.idleEnd <= now() { return nil }
            idle.removeLast()
            if isUsable(member.connection) {
                leased.append(member)
                return member.connection
            }
        }
        return nil
    }

    /// Somebody wants a connection and waits in the queue if none is idle, until `deadline` or for the lease timeout.
    /// `id` names the wait for `cancel`.
    package mutating func lease(
        _ waiter: Waiter, id: Int, at now: Moment, until deadline: Deadline, isUsable: (Connection) -> Bool
    ) -> [Action] {
        if let refusal { return [.fail(waiter, refusal)] }
        let old = takeOld(at: now)
        if let connection = leaseIdle(at: now, isUsable: isUsable) { return old + [.hand(connection, to: waiter)] }
        let total = opening + idle.count + leased.count
        let servedByOpening = opening + max(0, bounds.maximumLeases - total)
        guard waits.count - servedByOpening < bounds.waiters else {
            let failure = ConnectionFailure(
                .tooManyWaiters,
                "all \(bounds.maximumLeases) connections are leased or being opened and \(bounds.waiters) callers wait "
                    + "already: \(PoolBounds.remedy)")
            return old + [.fail(waiter, failure)]
        }
        let end = min(now + bounds.leaseTimeout, deadline.end)
        nextEnd = waits.isEmpty ? end : min(nextEnd, end)
        waits[id] = Wait(waiter: waiter, start: now, deadline: deadline, end: end)
        queue.append(id)
        return old + openForWaiters()
    }

    /// Takes a waiter out of the queue; nil if it has its connection or its failure already.
    package mutating func cancel(id: Int) -> Waiter? {
        takeOut(id)?.waiter
    }

    /// The same for one whose timeout is over, with the failure it gets.
    package mutating func markCancelled(id: Int, at now: Moment) -> (Waiter, ConnectionFailure)? {
        let (count, start) = (waits.count, startOfFirst)
        return takeOut(id).map { ($0.waiter, late($0, behind: count, since: start, at: now)) }
    }

    /// Fails all whose timeout is over, in one walk along the queue. Constant time unless there may be some.
    package mutating func expire(at now: Moment) -> [Action] {
        guard nextEnd <= now, !waits.isEmpty else { return [] }
        let (count, start) = (waits.count, startOfFirst)
        var actions: [Action] = []
        var others = RingQueue<Int>()
        nextEnd = .never
        while let id = queue.popFirst() {
            guard let wait = waits[id] else { continue }
            if wait.end <= now {
                waits[id] = nil
                actions.append(.fail(wait.waiter, late(wait, behind: count, since: start, at: now)))
            } else {
                nextEnd = min(nextEnd, wait.end)
                others.append(id)
            }
        }
        queue = others
        return actions
    }

    /// A connection asked for by `.open` is there, to be lent until `end`.
    package mutating func opened(_ connection: Connection, until end: Moment = .never) -> [Action] {
        opening -= 1
        return give(Member(connection: connection, end: end), idleEnd: end)
    }

    /// A connection asked for by `.open` cannot be had: the first in the queue fails with the reason.
    package mutating func openFailed(_ failure: ConnectionFailure) -> [Action] {
        opening -= 1
        let failed = popFirst().map { [Action.fail($0.waiter, failure)] } ?? []
        return failed + openForWaiters()
    }

    /// A connection asked for by `.open` was given up by who opened it, for a reason of their own.
    package mutating func openGivenUp() -> [Action] {
        opening -= 1
        return openForWaiters()
    }

    /// A lease is over. Returning a connection that is not leased changes nothing. One that `isReady` no sooner than
    /// its handshake is over is lent after all others. Those whose time is over are closed, also idle ones.
    package mutating func release(
        _ connection: Connection, reusable: Bool, isReady: Bool = true, at now: @autoclosure () -> Moment
    ) -> [Action] {
        guard let index = leased.firstIndex(where: { $0.connection === connection }) else { return [] }
        // Their order says nothing.
        leased.swapAt(index, leased.count - 1)
        let member = leased.removeLast()
        if idleTime == nil, member.end == .never, reusable { return give(member, idleEnd: .never, isReady: isReady) }
        let now = now()
        guard reusable, member.end > now else { return takeOld(at: now) + [.close(connection)] + openForWaiters() }
        let idleEnd = min(member.end, idleTime.map { now + $0 } ?? .never)
        return takeOld(at: now) + give(member, idleEnd: idleEnd, isReady: isReady)
    }

    /// An idle connection has ended by itself.
    package mutating func ended(_ connection: Connection) {
        idle.removeAll { $0.connection === connection }
    }

    /// Connections that nobody has.
    package var idleConnections: [Connection] { idle.map(\.connection) }

    /// Lets go of the connections that nobody has, if they are like that.
    package mutating func closeIdle(where isTaken: (Connection) -> Bool = { _ in true }) -> [Action] {
        takeIdle { isTaken($0.connection) }
    }

    /// None of the connections is to be lent again: closes those that are idle; leased ones close when they come back.
    package mutating func renew() -> [Action] {
        for index in leased.indices { leased[index].end = Moment(nanoseconds: 0) }
        return takeIdle { _ in true }
    }

    /// Fails all waiters and closes what is idle; leased connections close when they come back.
    package mutating func close(_ refusal: ConnectionFailure = .databasesClosed) -> [Action] {
        self.refusal = refusal
        var actions = takeIdle { _ in true }
        while let wait = popFirst() { actions.append(.fail(wait.waiter, refusal)) }
        return actions
    }

    private mutating func give(_ member: Member, idleEnd: Moment, isReady: Bool = true) -> [Action] {
        if isClosed { return [.close(member.connection)] }
        guard let wait = popFirst() else {
            var member = member
            member.idleEnd = idleEnd
            if isReady { idle.append(member) } else { idle.insert(member, at: 0) }
            return []
        }
        leased.append(member)
        return [.hand(member.connection, to: wait.waiter)]
    }

    /// Closes idle connections whose time is over.
    private mutating func takeOld(at now: Moment) -> [Action] {
        takeIdle { $0.idleEnd <= now }
    }

    private mutating func takeIdle(_ isTaken: (Member) -> Bool) -> [Action] {
        if idle.isEmpty { return [] }
        let taken = idle.filter(isTaken).map { Action.close($0.connection) }
        if !taken.isEmpty { idle.removeAll(where: isTaken) }
        return taken
    }

    private mutating func openForWaiters() -> [Action] {
        var actions: [Action] = []
        while opening < waits.count, opening + idle.count + leased.count < bounds.maximumLeases {
            opening += 1
            actions.append(.open)
        }
        return actions
    }

    // MARK: The queue

    private mutating func popFirst() -> Wait? {
        let wait = queue.popFirst().flatMap { waits.removeValue(forKey: $0) }
        dropCancelled()
        return wait
    }

    private mutating func takeOut(_ id: Int) -> Wait? {
        searchSteps += 1
        guard let wait = waits.removeValue(forKey: id) else { return nil }
        dropCancelled()
        return wait
    }

    /// So that the first in the queue always waits, and at most as many were cancelled as wait.
    private mutating func dropCancelled() {
        while !queue.isEmpty, waits[queue.first] == nil {
            _ = queue.popFirst()
            searchSteps += 1
        }
        guard queue.count > 2 * waits.count else { return }
        searchSteps += queue.count
        queue.removeAll(in: 0..<queue.count) { waits[$0] == nil }
    }

    /// Since when the first in the queue waits, if anybody does.
    private var startOfFirst: Moment { queue.isEmpty ? .never : waits[queue.first]?.start ?? .never }

    /// `count` was queued then, the first of them since `start`.
    private func late(_ wait: Wait, behind count: Int, since start: Moment, at now: Moment) -> ConnectionFailure {
        // Not by what time it is: a thread may be woken a little early.
        let isCall = wait.deadline.end <= wait.end
        let timeout = isCall ? wait.deadline.timeout : bounds.leaseTimeout
        return ConnectionFailure(
            isCall ? .timedOut : .leaseTimedOut,
            "no connection became free within \(timeout.inWords): all \(bounds.maximumLeases) are leased or being "
                + "opened, with \(count) in the queue, the first for \((now - start).inWords): " + PoolBounds.remedy)
    }
}

extension ConnectionFailure {
    /// A call whose time was over before its connection was there.
    static func timedOut(connectingTo endpoint: Endpoint, _ deadline: Deadline) -> ConnectionFailure {
        ConnectionFailure(
            .timedOut, "could not connect to \(endpoint) within \(deadline.timeout.inWords)",
            stage: .connecting)
    }
}
