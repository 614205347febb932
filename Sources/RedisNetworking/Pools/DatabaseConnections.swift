package import RESP
import Synchronization

/// Which of a database's connections a request takes.
package enum Lane: Int, Sendable, CaseIterable {
    /// Shared by all callers: short commands.
    case shared
    /// Shared too, for what is slow or large, so that it never stands in front of a short command.
    case bulk
}

/// All connections of one database on one server, for asynchronous callers.
///
/// At most one connection a lane, opened by the first request that needs it and replaced when it has ended, and the
/// leases of the pool. Every one of them selected this database in its handshake.
package final class DatabaseConnections: Sendable {
    private struct Lanes {
        var connections: [AsyncConnection?] = Array(repeating: nil, count: Lane.allCases.count)
        /// They take no new requests, and are gone when those in line are answered.
        var retiring: [AsyncConnection] = []
        /// The lane's connection that tries whether the server is back; nil as soon as that is known.
        var probe: (attempt: Circuit.Attempt, connection: AsyncConnection)?
        var isClosed = false
    }

    private let settings: ConnectionSettings
    private let circuit: Circuit
    private let lanes = Mutex(Lanes())
    private let sent = Atomic(0)
    package let pool: AsyncPool

    package init(_ settings: ConnectionSettings, _ bounds: PoolBounds, _ circuit: Circuit = Circuit()) {
        self.settings = settings
        self.circuit = circuit
        pool = AsyncPool(settings, bounds, circuit)
    }

    /// Whoever drops the last handle wants nothing more.
    deinit { abort() }

    /// Sends one command on a lane and waits for its reply.
    package func send(
        _ bytes: [UInt8], on lane: Lane, until deadline: Deadline = .none
    ) async throws(ConnectionFailure) -> RESPValue {
        if settings.proofInterval > 0, sent.add(1, ordering: .relaxed).newValue % settings.proofInterval == 0 {
            return try await sendWithProof(bytes, on: lane, until: deadline)
        }
        let first = try connection(for: lane)
        switch await first.send(bytes, until: deadline) {
        case .success(let reply): return reply
        case .failure(let failure):
            return try await connection(for: lane, insteadOf: first, after: failure).send(bytes, until: deadline).get()
        }
    }

    /// Sends `count` commands in one piece on a lane and waits for all replies.
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
        let refused = failure.progress == .refused && failure.reason != .tooManyRequests
        guard refused || failure.isEndOfConnection && failure.progress.isSafeToRepeat else { throw failure }
        return try connection(for: lane, insteadOf: first)
    }

    /// The lane's connection, or a new one; `refusing` may have ended without having said so yet. While a connection
    /// tries whether the server is back only its first caller waits for it: it may take all of the time to connect. The
    /// other lane's goes on if it is there.
    private func connection(
        for lane: Lane, insteadOf refusing: AsyncConnection? = nil
    ) throws(ConnectionFailure) -> AsyncConnection {
        try lanes.withLock { lanes throws(ConnectionFailure) in
            if lanes.isClosed { throw ConnectionFailure(.closed, "the databases were closed", progress: .refused) }
            let present = lanes.connections[lane.rawValue]
            if let present, present !== refusing, present !== lanes.probe?.connection { return present }
            if let probe = lanes.probe {
                if let refusal = circuit.refusal(during: probe.attempt) { throw refusal }
                lanes.probe = nil
            }
            if let present {
                if present !== refusing { return present }
                lanes.connections[lane.rawValue] = nil
                lanes.retiring.append(present)
            }
            let attempt = try circuit.admit()
            let connection = AsyncConnection(settings, attempt: attempt) { [weak self] ended in self?.forget(ended) }
            lanes.connections[lane.rawValue] = connection
            if circuit.refusal(during: attempt) != nil { lanes.probe = (attempt, connection) }
            return connection
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

    private func forget(_ ended: AsyncConnection) {
        lanes.withLock { lanes in
            for lane in Lane.allCases where lanes.connections[lane.rawValue] === ended {
                lanes.connections[lane.rawValue] = nil
            }
            lanes.retiring.removeAll { $0 === ended }
            if lanes.probe?.connection === ended { lanes.probe = nil }
        }
    }

    /// Refuses new requests, lets those under way finish within `grace`, and closes every socket.
    package func close(grace: Duration) async {
        let open = takeLanes()
        await withTaskGroup { group in
            for connection in open { group.addTask { await connection.close(grace: grace) } }
            group.addTask { await self.pool.close(grace: grace) }
        }
    }

    /// Closes every socket without waiting.
    package func abort() {
        for connection in takeLanes() { connection.abort() }
        pool.abort()
    }

    private func takeLanes() -> [AsyncConnection] {
        lanes.withLock { lanes in
            lanes.isClosed = true
            return lanes.connections.compactMap(\.self) + lanes.retiring
        }
    }
}
