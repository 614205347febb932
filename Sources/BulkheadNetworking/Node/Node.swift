package import BulkheadRESP
import Synchronization

/// Which of a database's connections a request takes.
package enum Lane: Int, Sendable, CaseIterable {
    /// Shared by all callers: short commands.
    case shared
    /// Shared too, for what is slow or large, so that it never stands in front of a short command.
    case bulk
}

/// All connections to one database of one server, for asynchronous and for blocking callers.
///
/// Asynchronous callers share at most one connection a lane, opened by the first request that needs it and replaced
/// when it has ended; what needs a connection to itself leases one. Blocking callers lease one for each request. Every
/// connection selected this database in its handshake, and one circuit opens them all.
package final class Node: Sendable {
    private struct Lanes: Sendable {
        var connections: [AsyncConnection?] = Array(repeating: nil, count: Lane.allCases.count)
        /// They take no new requests, and are gone when those in the queue are answered.
        var retiring: [AsyncConnection] = []
        /// Why they take no new requests; nil while they do.
        var refusal: ConnectionFailure?
    }

    /// An object of its own for the connections to refer to weakly: a node that had weak references would be retained
    /// and released at several times the cost, by every call.
    private final class LaneTable: Sendable {
        private let lanes = Mutex(Lanes())

        func withLock<Result: Sendable, Failure: Error>(
            _ body: (inout sending Lanes) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try lanes.withLock(body)
        }

        /// Those that lead to a server which is not the right one any more, and take no requests from here on.
        func superseded() -> [AsyncConnection] {
            lanes.withLock { lanes in
                var superseded = lanes.retiring
                for lane in lanes.connections.indices {
                    guard let connection = lanes.connections[lane], !connection.isHandshaking else { continue }
                    lanes.connections[lane] = nil
                    lanes.retiring.append(connection)
                    superseded.append(connection)
                }
                return superseded
            }
        }

        /// The lane's connection unless the caller may be alone, and answered inline.
        func inUse(_ lane: Lane) -> AsyncConnection? {
            lanes.withLock { lanes in
                guard lanes.refusal == nil, let connection = lanes.connections[lane.rawValue],
                    !connection.mayBeAlone
                else { return nil }
                return connection
            }
        }

        /// Those that take requests, and those that finish what they have.
        var all: [AsyncConnection] {
            lanes.withLock { lanes in lanes.connections.compactMap(\.self) + lanes.retiring }
        }

        func forget(_ ended: AsyncConnection) {
            lanes.withLock { lanes in
                for lane in Lane.allCases where lanes.connections[lane.rawValue] === ended {
                    lanes.connections[lane.rawValue] = nil
                }
                lanes.retiring.removeAll { $0 === ended }
            }
        }
    }

    /// Set once nobody wants the server any more; an object of its own, for the same reason.
    private final class Abandonment: Sendable {
        let has = Atomic(false)
    }

    /// All there are.
    private struct Connections: MovableConnections {
        let lanes: LaneTable
        let leases: AsyncPool
        let blocking: BlockingPool

        func supersede() {
            for connection in lanes.superseded() { connection.supersede() }
            leases.supersede()
            blocking.supersede()
        }

        func lookedUp(_ addresses: Set<SocketAddress.Identity>) -> Bool {
            let open = lanes.all
            for connection in open { connection.lookedUp(addresses) }
            let pools = [leases.lookedUp(addresses), blocking.lookedUp(addresses)]
            return !open.isEmpty || pools.contains(true)
        }

        func loginChanged() {
            for connection in lanes.all { connection.renewLogin() }
            leases.loginChanged()
            blocking.loginChanged()
        }

        /// A node renews its own, at most once a backoff.
        func renewed() {}

        func retire() {
            for connection in lanes.all where !connection.isHandshaking { connection.retire() }
            leases.renew()
            blocking.renew()
        }
    }

    private let settings: ConnectionSettings
    private let circuit: Circuit
    private let lanes = LaneTable()
    private let abandonment = Abandonment()
    private let sent = Atomic(0)
    private let bulkConnections = Atomic(0)
    private let isProofOwed = Atomic(false)
    private let renewal: Mutex<RenewalMachine>
    /// For asynchronous callers who need a connection to themselves.
    package let leases: AsyncPool
    /// For blocking callers.
    package let blocking: BlockingPool
    private let connections: Connections
    private let moves: ConnectionMoves

    package init(_ settings: ConnectionSettings, _ bounds: PoolBounds, _ circuit: Circuit = Circuit()) {
        var settings = settings.wanted { [abandonment] in !abandonment.has.load(ordering: .relaxed) }
        // Whatever the program uses, it must hear: one that only leases has nothing else.
        settings.hearsMaintenance = settings.maintenance != nil
        self.settings = settings
        self.circuit = circuit
        renewal = Mutex(RenewalMachine(memory: circuit.backoff.cap))
        leases = AsyncPool(settings, bounds, circuit)
        blocking = BlockingPool(settings, bounds, circuit)
        connections = Connections(lanes: lanes, leases: leases, blocking: blocking)
        moves = ConnectionMoves(of: settings, connections)
    }

    /// Whoever drops the last handle wants nothing more.
    deinit { abort() }

    /// The lane's connection, where a request needs nothing but a place in its queue; nil where there is more to do, as
    /// by ``send(_:on:until:)``.
    ///
    /// What it refuses or does not send goes to ``sendAgain(_:on:insteadOf:after:until:)``.
    package func connectionInUse(for lane: Lane) -> AsyncConnection? {
        guard CallersTask.isSupported, let connection = lanes.inUse(lane) else { return nil }
        guard settings.proofInterval > 0 else { return connection }
        if isProofOwed.load(ordering: .relaxed) { return nil }
        if isProofDue {
            // For the next request that goes by `send`, probably this one.
            isProofOwed.store(true, ordering: .relaxed)
            return nil
        }
        return connection
    }

    /// Connections of the bulk lane so far. As long as it stays the same, replies on that lane come from one process.
    package var bulkConnectionsMade: Int { bulkConnections.load(ordering: .acquiring) }

    /// False where the next request on that lane has a connection made.
    package var hasBulkConnection: Bool {
        lanes.withLock { lanes in lanes.connections[Lane.bulk.rawValue].map { !$0.isClosed } ?? false }
    }

    /// Attempts at all connections so far, and so those of blocking callers among them.
    package var connectionAttempts: Int { circuit.attempts }

    private var isProofDue: Bool { sent.add(1, ordering: .relaxed).newValue % settings.proofInterval == 0 }

    /// Sends one command on a lane and waits for its reply.
    package func send(
        _ bytes: [UInt8], on lane: Lane, until deadline: Deadline = .none
    ) async throws(ConnectionFailure) -> RESPValue {
        if settings.proofInterval > 0, isProofOwed.exchange(false, ordering: .relaxed) || isProofDue {
            return try await sendWithProof(bytes, on: lane, until: deadline)
        }
        let first = try connection(for: lane)
        switch await first.send(bytes, until: deadline) {
        case .success(let reply): return reply
        case .failure(let failure):
            return try await sendAgain(bytes, on: lane, insteadOf: first, after: failure, until: deadline)
        }
    }

    /// Out of line: a call that waits shall not have room for this in its frame.
    @inline(never)
    package func sendAgain(
        _ bytes: [UInt8], on lane: Lane, insteadOf first: AsyncConnection, after failure: ConnectionFailure,
        until deadline: Deadline
    ) async throws(ConnectionFailure) -> RESPValue {
        try await connection(for: lane, insteadOf: first, after: failure).send(bytes, until: deadline).get()
    }

    /// Sends `count` commands in one write on a lane and waits for all replies.
    package func sendAll(
        _ bytes: [UInt8], count: Int, on lane: Lane, until deadline: Deadline = .none
    ) async throws(ConnectionFailure) -> [RESPValue] {
        let first = try connection(for: lane)
        switch await first.sendAll(bytes, count: count, until: deadline) {
        case .success(let replies): return replies
        case .failure(let failure):
            return try await connection(for: lane, insteadOf: first, after: failure)
                .sendAll(bytes, count: count, until: deadline).get()
        }
    }

    /// The same with a proof of order.
    @inline(never)
    private func sendWithProof(
        _ bytes: [UInt8], on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> RESPValue {
        let proof = Proof()
        let bytes = proof.behind(bytes)
        let first = try connection(for: lane)
        switch await first.send(bytes, proving: proof, until: deadline) {
        case .success(let reply): return reply
        case .failure(let failure):
            return try await connection(for: lane, insteadOf: first, after: failure)
                .send(bytes, proving: proof, until: deadline).get()
        }
    }

    /// A connection that ended between the look and the request refuses it, or ends before it was written: one more
    /// try on a new one. Any other failure is thrown.
    private func connection(
        for lane: Lane, insteadOf first: AsyncConnection, after failure: ConnectionFailure
    ) throws(ConnectionFailure) -> AsyncConnection {
        // What is cancelled, late or too much would be no less so on another connection.
        guard failure.isOfEndedConnection else { throw failure }
        return try connection(for: lane, insteadOf: first)
    }

    /// The lane's connection, or a new one; `refusing` may have ended without having said so yet. One that is being
    /// made, or that waits for the outcome of another, takes requests: they wait in its queue, each until its own
    /// deadline.
    private func connection(
        for lane: Lane, insteadOf refusing: AsyncConnection? = nil
    ) throws(ConnectionFailure) -> AsyncConnection {
        try lanes.withLock { lanes throws(ConnectionFailure) in
            if let refusal = lanes.refusal { throw refusal }
            if let present = lanes.connections[lane.rawValue] {
                if present !== refusing { return present }
                lanes.connections[lane.rawValue] = nil
                lanes.retiring.append(present)
            }
            let admission = try circuit.admit()
            let connection = AsyncConnection(settings, admission: admission) { [weak table = self.lanes] ended in
                table?.forget(ended)
            }
            lanes.connections[lane.rawValue] = connection
            if lane == .bulk { bulkConnections.add(1, ordering: .releasing) }
            if let time = settings.lifetime.idleTime { connection.retire(whenUnusedFor: time) }
            var random = SystemRandomNumberGenerator()
            if let age = settings.lifetime.age(using: &random) { connection.retire(after: age) }
            return connection
        }
    }

    /// A connection for one who needs it to themselves. Of a group's primary it is there when this returns: where there
    /// is no primary the failure says so, before anybody uses it.
    package func lease(until deadline: Deadline) async throws(ConnectionFailure) -> AsyncConnection {
        let connection = try await leases.lease(until: deadline)
        guard settings.primary != nil, let failure = await connection.failureBeforeReady(until: deadline) else {
            return connection
        }
        leases.release(connection, reusable: false)
        throw failure
    }

    /// Connections lead to the wrong server: replaces them all, those of blocking callers too, at most once a backoff.
    /// True if they were replaced at `moment` or later, so that who sent a command then has a reason to send it again.
    ///
    /// Those that take no new requests finish what is in the queue. Those that are still being made lead where new ones
    /// do.
    package func renew(since moment: Moment) -> Bool {
        let (isDue, hasRenewed, concernsOthers) = renewal.withLock { renewal in
            let isDue = renewal.isDue(at: .now, wait: circuit.backoff.waitAtRandom)
            return (isDue, renewal.hasRenewed(since: moment), renewal.concernsOthers)
        }
        guard isDue else { return hasRenewed }
        let retired = lanes.withLock { lanes in
            var retired: [AsyncConnection] = []
            for lane in lanes.connections.indices {
                guard let connection = lanes.connections[lane], !connection.isHandshaking else { continue }
                lanes.connections[lane] = nil
                retired.append(connection)
            }
            lanes.retiring += retired
            return retired
        }
        for connection in retired { connection.retire() }
        leases.renew()
        blocking.renew()
        if concernsOthers { settings.renewals?.renewed() }
        return hasRenewed
    }

    /// The failure, with what the sentinels said, if it is one of waiting for a connection to their primary.
    package func explained(_ failure: ConnectionFailure) -> ConnectionFailure {
        guard let primary = settings.primary, failure.stage.isSafeToRetry else { return failure }
        switch failure.reason {
        case .timedOut, .connectTimedOut, .leaseTimedOut:
            return ConnectionFailure(
                failure.reason, "\(failure.message) (of \(settings.endpoint.address): \(primary.account))",
                stage: failure.stage)
        default: return failure
        }
    }

    /// Has the server end the wait of a lease of this database, over the shared lane; true if the server has said how
    /// that went.
    package func unblock(_ clientID: Int64, until deadline: Deadline) async -> Bool {
        do throws(ConnectionFailure) {
            let reply = try await send(Self.unblocking(clientID), on: .shared, until: deadline)
            return if case .integer = reply { true } else { false }
        } catch {
            return false
        }
    }

    /// As if its own time were over, and not by an error: the reply is the one that it gives then.
    static func unblocking(_ clientID: Int64) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command("CLIENT", argumentCount: 4)
        for word in ["UNBLOCK", String(clientID), "TIMEOUT"] { encoder.argument(word) }
        return encoder.bytes
    }

    /// Refuses new requests, lets those of asynchronous callers finish within `grace`, and closes their sockets. Those
    /// of blocking callers close as they come back; `blocking` can be waited for.
    package func close(grace: Duration) async {
        for connection in beginClosing(grace: grace) { await connection.closed() }
    }

    /// The first half of `close`, which waits for nothing; whose sockets are still to close.
    package func beginClosing(grace: Duration) -> [AsyncConnection] { beginClosing(grace, .databasesClosed) }

    private func beginClosing(_ grace: Duration, _ refusal: ConnectionFailure) -> [AsyncConnection] {
        blocking.refuse(refusal)
        let open = takeLanes(refusal)
        for connection in open { connection.beginClosing(grace: grace) }
        return open + leases.beginClosing(grace: grace, refusal)
    }

    /// The server is none of its group any more: refuses new requests, which belong elsewhere, and lets those under way
    /// finish within `grace`.
    package func leave(grace: Duration) { _ = beginClosing(grace, gone) }

    /// Ends what is under way, as another server is used by now; new requests are taken as before.
    package func supersede() { connections.supersede() }

    /// The same as `leave`, and ends what is under way at once: nobody will answer it.
    package func abandon() {
        abandonment.has.store(true, ordering: .relaxed)
        blocking.refuse(gone)
        for connection in takeLanes(gone) { connection.end(gone.at(.queued)) }
        leases.abandon(gone.at(.queued))
        blocking.supersede()
    }

    private var gone: ConnectionFailure { .superseded(settings.endpoint).at(.refused) }

    /// Refuses new requests, and closes every socket of asynchronous callers without waiting.
    package func abort() {
        blocking.refuse()
        for connection in takeLanes(.databasesClosed) { connection.abort() }
        leases.abort()
    }

    private func takeLanes(_ refusal: ConnectionFailure) -> [AsyncConnection] {
        lanes.withLock { lanes in
            lanes.refusal = refusal
            return lanes.connections.compactMap(\.self) + lanes.retiring
        }
    }
}
