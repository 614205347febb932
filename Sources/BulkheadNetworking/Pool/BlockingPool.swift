import BulkheadRESP
import Dispatch
import Synchronization

/// Connections for blocking callers: a thread leases one for as long as a command or a conversation takes.
///
/// A thin shell round `PoolMachine`: lock, change, unlock, act. A thread that asks for a lease opens the connection
/// itself; those that become necessary later, when a lease ends, are opened beside, so that nobody pays for others.
package final class BlockingPool: Sendable {
    /// A thread in the queue. `@unchecked`: `result` is written before the signal and read after the wait.
    private final class Waiter: @unchecked Sendable {
        let semaphore = DispatchSemaphore(value: 0)
        var result: Result<BlockingConnection, ConnectionFailure>?

        func resume(_ result: Result<BlockingConnection, ConnectionFailure>) {
            self.result = result
            semaphore.signal()
        }
    }
    private typealias Machine = PoolMachine<BlockingConnection, Waiter>

    private let settings: ConnectionSettings
    private let bounds: PoolBounds
    private let circuit: Circuit
    private let machine: Mutex<Machine>
    private let nextWait = Atomic(0)
    /// Signalled for each lease that comes back after `close`.
    private let returned = DispatchSemaphore(value: 0)

    package init(_ settings: ConnectionSettings, _ bounds: PoolBounds, _ circuit: Circuit = Circuit()) {
        self.settings = settings
        self.circuit = circuit
        self.bounds = bounds
        machine = Mutex(Machine(bounds, idleTime: settings.lifetime.idleTime))
    }

    package var leasedCount: Int { machine.withLock { $0.leasedCount } }
    /// Callers in the queue right now.
    package var waiterCount: Int { machine.withLock { $0.waiterCount } }

    /// There are some, idle or leased.
    package var hasConnections: Bool { machine.withLock { !$0.members.isEmpty } }

    /// Waits in the queue for a connection; hand it back with `release` exactly once.
    ///
    /// Throws when none can be opened, the queue is full, the wait took too long, or the pool closed. With
    /// `isForOneRequest` the request follows at once, and needs no look at the socket behind the pool's.
    package func lease(
        until deadline: Deadline = .none, isForOneRequest: Bool = false
    ) throws(ConnectionFailure) -> BlockingConnection {
        // The look at the socket is no business of those who wait for the lock.
        while let connection = machine.withLock({ $0.leaseIdle(at: .now) { _ in true } }) {
            if connection.isReusable, connection.isAlive(until: deadline), connection.renewLogin(until: deadline) {
                if !isForOneRequest { connection.isLookedAt = false }
                return connection
            }
            release(connection, reusable: false)
        }
        let wait = nextWait.add(1, ordering: .relaxed).newValue
        let waiter = Waiter()
        // What is idle now came back this moment, and is as good as one that is handed over.
        perform(open: { open(for: wait, until: deadline) }) {
            $0.lease(waiter, id: wait, at: .now, until: deadline) { _ in true }
        }
        let timeout = min(bounds.leaseTimeout, deadline.left)
        if waiter.semaphore.wait(timeout: .now() + .milliseconds(Int(timeout.wholeMilliseconds))) == .timedOut {
            if let (_, failure) = machine.withLock({ $0.markCancelled(id: wait, at: .now) }) { throw failure }
            // The connection was handed over in the same moment: the signal is here or on its way.
            waiter.semaphore.wait()
        }
        return try waiter.result!.get()
    }

    /// Ends a lease. A connection that is busy, subscribed or closed leaves the pool.
    package func release(_ connection: BlockingConnection, reusable: Bool) {
        var isClosed = false
        perform { machine in
            isClosed = machine.isClosed
            let isReusable = reusable && connection.isIdle && !connection.isLoginDue
            return machine.release(connection, reusable: isReusable, at: .now)
        }
        if isClosed { returned.signal() }
    }

    /// Closes idle connections now, and leased ones when they come back: they lead to the wrong server.
    func renew() {
        perform { $0.renew() }
    }

    /// The same at once: threads that use one see its end.
    func supersede() {
        renew()
        for member in machine.withLock({ $0.members }) { member.supersede() }
    }

    /// There is no thread that could have idle connections log in anew: they are closed. Those that are lent log in
    /// between two commands of `withConnection`, or close when they come back.
    func loginChanged() {
        perform { $0.closeIdle() }
    }

    /// The server's name has these addresses now, as in the asynchronous pool.
    func lookedUp(_ addresses: Set<SocketAddress.Identity>) -> Bool {
        let members = machine.withLock { $0.members }
        for member in members { member.lookedUp(addresses) }
        perform { $0.closeIdle { $0.isMovedAway.load(ordering: .relaxed) } }
        return !members.isEmpty
    }

    /// Refuses new leases, waits up to `grace` for those out, then interrupts the threads that still hold one.
    package func close(grace: Duration) {
        refuse()
        drain(until: Deadline(after: Timeout(grace)))
    }

    /// The first half of `close`, which waits for nothing: refuses new leases, and fails those who are queued.
    package func refuse(_ refusal: ConnectionFailure = .databasesClosed) {
        perform { $0.close(refusal) }
    }

    /// The second half: waits for the leases that are out, and at the deadline interrupts the threads that hold one.
    package func drain(until deadline: Deadline) {
        let end = DispatchTime.now() + .milliseconds(Int(deadline.left.wholeMilliseconds))
        while leasedCount > 0, returned.wait(timeout: end) == .success {}
        // Whoever drains the same pool meanwhile may have missed what was signalled here.
        returned.signal()
        for member in machine.withLock({ $0.members }) { member.interrupt() }
    }

    /// The same for a task, whose thread is not to wait.
    package func drained(until deadline: Deadline) async {
        if leasedCount == 0 { return }
        await suspend { caller in
            OwnThread.run { [self] in
                drain(until: deadline)
                caller.resume(returning: ())
            }
        }
    }

    /// Has the server end the wait of a lease of this pool; true if the server has said how that went. It does not wait
    /// for a lease: where none is idle, a connection beside them is opened for it, and closed behind it.
    package func unblock(_ clientID: Int64, until deadline: Deadline) -> Bool {
        let idle = machine.withLock { $0.leaseIdle(at: .now) { _ in true } }
        let isUsable = idle?.isReusable == true
        defer { if let idle { release(idle, reusable: isUsable) } }
        do throws(ConnectionFailure) {
            let connection: BlockingConnection
            if let idle, isUsable {
                connection = idle
            } else {
                // Who would have to wait for another's attempt could end no wait in time.
                guard case .attempt(let attempt) = try circuit.admit() else { return false }
                connection = try connected(by: attempt, until: deadline)
            }
            let reply = try connection.send(Node.unblocking(clientID), until: deadline)
            return if case .integer = reply { true } else { false }
        } catch {
            return false
        }
    }

    private func connected(
        by attempt: Circuit.Attempt, until deadline: Deadline
    ) throws(ConnectionFailure) -> BlockingConnection {
        let start = Moment.now
        var isAccepted = false
        let result = Result { () throws(ConnectionFailure) in
            try settings.connecting(until: min(start + settings.connectTimeout, deadline.end)) {
                found throws(ConnectionFailure) in
                try BlockingConnection(found, until: deadline) { isAccepted = true }
            }
        }
        if let failure = result.failure, failure.isLate, deadline.isOver {
            // Whoever accepts is there, and may be held up by a script.
            attempt.ranOut(failure, after: isAccepted ? .zero : .now - start)
        } else {
            attempt.ended(result.failure)
        }
        return try result.get()
    }

    private func perform(open: () -> Void, _ event: (inout Machine) -> [Machine.Action]) {
        for action in machine.withLock({ event(&$0) }) {
            switch action {
            case .hand(let connection, let waiter): waiter.resume(.success(connection))
            case .fail(let waiter, let failure): waiter.resume(.failure(failure))
            case .close: break  // the socket closes with the last reference
            case .open: open()
            }
        }
    }

    private func perform(_ event: (inout Machine) -> [Machine.Action]) {
        perform(open: { OwnThread.run { self.open() } }, event)
    }

    /// Opens a connection for the first in the queue; the thread that does it, if it waits itself, stops at its
    /// deadline. While another attempt is under way nothing is opened: its verdict tells how it goes on.
    private func open(for wait: Int? = nil, until deadline: Deadline = .none) {
        do throws(ConnectionFailure) {
            switch try circuit.admit() {
            case .attempt(let attempt): open(by: attempt, for: wait, until: deadline)
            case .pending(let circuit): circuit.ask { [weak self] answer in self?.openLater(answer) }
            }
        } catch {
            perform { $0.openFailed(error) }
        }
    }

    private func openLater(_ answer: Circuit.Answer) {
        switch answer {
        case .success(let attempt): OwnThread.run { self.open(by: attempt) }
        case .failure(let failure): perform { $0.openFailed(failure) }
        }
    }

    private func open(by attempt: Circuit.Attempt, for wait: Int? = nil, until deadline: Deadline = .none) {
        switch Result(catching: { () throws(ConnectionFailure) in try connected(by: attempt, until: deadline) }) {
        case .success(let connection):
            perform { $0.opened(connection, until: settings.lifetime.end(from: .now)) }
            // Whoever superseded the others did not see this one if it was not a member yet.
            if connection.settings.isWanted?() == false { connection.supersede() }
        case .failure(let failure) where failure.isLate && deadline.isOver:
            // Those behind may have more time: they get an attempt of their own, if the circuit allows.
            let waiter = wait.flatMap { wait in machine.withLock { $0.cancel(id: wait) } }
            waiter?.resume(.failure(.timedOut(connectingTo: settings.endpoint, deadline)))
            perform { $0.openGivenUp() }
        case .failure(let failure): perform { $0.openFailed(failure) }
        }
    }
}

extension ConnectionFailure {
    /// It took too long, whoever's fault that was.
    fileprivate var isLate: Bool { reason == .connectTimedOut || reason == .primaryAwaited }
}
