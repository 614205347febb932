import Dispatch
import Synchronization

/// Connections for one asynchronous leaseholder each: what WATCH, SUBSCRIBE or BLPOP need for themselves.
///
/// A thin shell round `PoolMachine`: lock, change, unlock, act.
package final class AsyncPool: Sendable {
    private typealias Waiter = UnsafeContinuation<Result<AsyncConnection, ConnectionFailure>, Never>
    private typealias Machine = PoolMachine<AsyncConnection, Waiter>

    private let settings: ConnectionSettings
    private let bounds: PoolBounds
    private let circuit: Circuit
    private let machine: Mutex<Machine>
    private let nextWait = Atomic(0)

    package init(_ settings: ConnectionSettings, _ bounds: PoolBounds, _ circuit: Circuit = Circuit()) {
        self.settings = settings
        self.circuit = circuit
        self.bounds = bounds
        machine = Mutex(Machine(bounds))
    }

    package var leasedCount: Int { machine.withLock { $0.leasedCount } }
    /// Callers in line right now.
    package var waiterCount: Int { machine.withLock { $0.waiterCount } }

    /// Waits in line for a connection; hand it back with `release` exactly once.
    ///
    /// Throws when the line is full, the wait took longer than the lease timeout, the task was cancelled, or the
    /// pool closed. The connection may still be connecting: its first request tells.
    package func lease(until deadline: Deadline = .none) async throws(ConnectionFailure) -> AsyncConnection {
        if let connection = machine.withLock({ $0.leaseIdle { !$0.isClosed } }) { return connection }
        let wait = nextWait.add(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { waiter in
                perform { $0.lease(waiter, id: wait) { !$0.isClosed } }
                // Cancelled before it stood in line: the handler below found nobody to withdraw.
                if Task.isCancelled { withdraw(wait, Self.cancelled) } else { limit(wait, deadline) }
            }
        } onCancel: {
            withdraw(wait, Self.cancelled)
        }
        return try result.get()
    }

    /// Ends a lease. A connection that is busy, subscribed or closed leaves the pool.
    package func release(_ connection: AsyncConnection, reusable: Bool) {
        perform { $0.release(connection, reusable: reusable && connection.isIdle) }
    }

    /// Refuses new leases, fails those who wait, and closes every connection as `AsyncConnection.close` does.
    package func close(grace: Duration) async {
        let members = refuseAll()
        await withTaskGroup { group in
            for member in members { group.addTask { await member.close(grace: grace) } }
        }
    }

    /// Closes everything without waiting.
    package func abort() {
        for member in refuseAll() { member.abort() }
    }

    /// Closes the machine; returns the connections there are at that moment, leased ones too.
    private func refuseAll() -> [AsyncConnection] {
        var members: [AsyncConnection] = []
        perform { machine in
            members = machine.members
            return machine.close()
        }
        return members
    }

    private static let cancelled = ConnectionFailure.cancelled(.refused)

    private func withdraw(_ wait: Int, _ failure: ConnectionFailure) {
        machine.withLock { $0.withdraw(id: wait) }?.resume(returning: .failure(failure))
    }

    private func limit(_ wait: Int, _ deadline: Deadline) {
        guard machine.withLock({ $0.waiterCount > 0 }) else { return }
        let patience = Int(min(bounds.leaseTimeout, deadline.left).wholeMilliseconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(patience)) { @Sendable [weak self] in
            guard let self else { return }
            self.withdraw(wait, .leaseTimedOut(self.bounds, deadline))
        }
    }

    private func perform(_ event: (inout Machine) -> [Machine.Action]) {
        for action in machine.withLock({ event(&$0) }) {
            switch action {
            case .hand(let connection, let waiter): waiter.resume(returning: .success(connection))
            case .fail(let waiter, let failure): waiter.resume(returning: .failure(failure))
            case .close(let connection): connection.abort()
            case .open: open()
            }
        }
    }

    private func open() {
        do {
            let attempt = try circuit.admit()
            let connection = AsyncConnection(settings, keepsPushes: true, attempt: attempt) { [weak self] ended in
                self?.machine.withLock { $0.ended(ended) }
            }
            perform { $0.opened(connection) }
        } catch {
            perform { $0.openFailed(error) }
        }
    }
}
