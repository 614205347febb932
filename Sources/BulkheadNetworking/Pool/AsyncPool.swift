import Synchronization

/// Connections for one asynchronous leaseholder each: what WATCH, SUBSCRIBE or BLPOP need for themselves.
///
/// A thin shell round `PoolMachine`: lock, change, unlock, act.
package final class AsyncPool: TimerTarget {
    private typealias Waiter = Suspended<Result<AsyncConnection, ConnectionFailure>>
    private typealias Machine = PoolMachine<AsyncConnection, Waiter>

    private let settings: ConnectionSettings
    private let circuit: Circuit
    private let machine: Mutex<Machine>
    private let nextWait = Atomic(0)

    package init(_ settings: ConnectionSettings, _ bounds: PoolBounds, _ circuit: Circuit = Circuit()) {
        self.settings = settings
        self.circuit = circuit
        machine = Mutex(Machine(bounds, idleTime: settings.lifetime.idleTime))
    }

    package var leasedCount: Int { machine.withLock { $0.leasedCount } }
    /// Callers in the queue right now.
    package var waiterCount: Int { machine.withLock { $0.waiterCount } }

    /// Waits in the queue for a connection; hand it back with `release` exactly once.
    ///
    /// Throws when the queue is full, the wait took longer than the lease timeout, the task was cancelled, or the
    /// pool closed. The connection may still be connecting: its first request tells.
    package func lease(until deadline: Deadline = .none) async throws(ConnectionFailure) -> AsyncConnection {
        if let connection = machine.withLock({ $0.leaseIdle(at: .now) { $0.isLendable } }) { return connection }
        let wait = nextWait.add(1, ordering: .relaxed).newValue
        let result = await suspend { waiter in
            perform { $0.lease(waiter, id: wait, at: .now, until: deadline) { $0.isLendable } }
            // Cancelled before it was queued: the handler below found nobody to cancel.
            if Task.isCancelled { cancel(wait) } else { lookInTime() }
        } onCancel: {
            cancel(wait)
        }
        return try result.get()
    }

    /// Ends a lease. A connection that is busy, subscribed or closed leaves the pool.
    package func release(_ connection: AsyncConnection, reusable: Bool) {
        let isReusable = reusable && connection.isIdle
        if isReusable { connection.renewLogin() }
        let isReady = !connection.isHandshaking
        perform { $0.release(connection, reusable: isReusable, isReady: isReady, at: .now) }
    }

    /// Closes idle connections now, and leased ones when they come back: they lead to the wrong server.
    func renew() {
        perform { $0.renew() }
    }

    /// The same at once, also for leased ones.
    func supersede() {
        renew()
        for member in machine.withLock({ $0.members }) { member.supersede() }
    }

    /// Refuses new leases, fails those who wait, and closes every connection as `AsyncConnection.close` does.
    package func close(grace: Duration) async {
        for member in beginClosing(grace: grace) { await member.closed() }
    }

    /// The first half of `close`, which waits for nothing; whose sockets are still to close.
    func beginClosing(grace: Duration, _ refusal: ConnectionFailure = .databasesClosed) -> [AsyncConnection] {
        let members = refuseAll(refusal)
        for member in members { member.beginClosing(grace: grace) }
        return members
    }

    /// Closes everything without waiting.
    package func abort() {
        for member in refuseAll(.databasesClosed) { member.abort() }
    }

    /// The same, because nobody wants this server any more.
    func abandon(_ failure: ConnectionFailure) {
        for member in refuseAll(failure) { member.end(failure) }
    }

    /// Closes the machine; returns the connections there are at that moment, leased ones too.
    private func refuseAll(_ refusal: ConnectionFailure) -> [AsyncConnection] {
        Poller.shared.forget(self)
        var members: [AsyncConnection] = []
        perform { machine in
            members = machine.members
            return machine.close(refusal)
        }
        return members
    }

    private func cancel(_ wait: Int) {
        machine.withLock { $0.cancel(id: wait) }?.resume(returning: .failure(.cancelled(.queued)))
    }

    /// Idle connections log in anew; those that are lent do so between two commands, or when they come back.
    func loginChanged() {
        // Under the lock nobody is lent one, who might begin a transaction.
        machine.withLock { for connection in $0.idleConnections { connection.renewLogin() } }
    }

    /// The server's name has these addresses now: those that lead elsewhere close, leased ones when they come back.
    /// True if there are any.
    func lookedUp(_ addresses: Set<SocketAddress.Identity>) -> Bool {
        let members = machine.withLock { $0.members }
        for member in members { member.lookedUp(addresses) }
        perform { $0.closeIdle { $0.isOutdated } }
        return !members.isEmpty
    }

    // MARK: Deadlines

    /// Has the poller look along the queue when somebody's timeout ends.
    private func lookInTime() {
        let end = machine.withLock { $0.waiterCount > 0 ? $0.nextEnd : .never }
        Poller.shared.look(at: end, for: self)
    }

    func look(at now: Moment) {
        perform { $0.expire(at: now) }
        lookInTime()
    }

    // MARK: Actions

    /// A list of work and no recursion: while the circuit is open each attempt to open fails at once, and with it one
    /// of those in the queue, who may be very many.
    private func perform(_ event: (inout Machine) -> [Machine.Action]) {
        var work = machine.withLock { event(&$0) }
        while !work.isEmpty {
            var next: [Machine.Action] = []
            for action in work {
                switch action {
                case .hand(let connection, let waiter): waiter.resume(returning: .success(connection))
                case .fail(let waiter, let failure): waiter.resume(returning: .failure(failure))
                case .close(let connection): connection.abort()
                case .open: next += open()
                }
            }
            work = next
        }
    }

    /// What follows from it.
    private func open() -> [Machine.Action] {
        do {
            let admission = try circuit.admit()
            let connection = AsyncConnection(settings, keepsPushes: true, admission: admission) { [weak self] ended in
                self?.machine.withLock { $0.ended(ended) }
            }
            return machine.withLock { $0.opened(connection, until: settings.lifetime.end(from: .now)) }
        } catch {
            return machine.withLock { $0.openFailed(error) }
        }
    }
}
