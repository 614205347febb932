import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// The short way of what nearly every call sends: one command with one key, whose server is known and in no doubt. It is
// sent as to a single server. Whatever is not answered as it should goes on by the long way, out of line.

extension ClusterTopology {
    /// One command whose server is known, of a name whose reads do not go to replicas.
    @inline(__always)
    private func direct(_ request: some Request, of binding: DatabaseBinding) -> (ClusterServer, HashSlot)? {
        guard request.sent == 1, readers == nil || !binding.permitsReplicas,
            let slot = EncodedCommand.onlySlot(of: request.bytes), let server = knownServer(of: slot)
        else { return nil }
        return (server, slot)
    }

    @inline(__always)
    func attemptDirectly<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        guard case .lane(let lane) = way, let (server, slot) = direct(request, of: database.binding) else {
            return try await attempt(request, by: way, of: database, until: deadline)
        }
        let outcome: Result<Sent.Received, ConnectionFailure>
        began(server)
        do {
            let replies = try await request.send(over: server.node, on: lane, until: deadline)
            server.ended(isAnswered: true)
            if replies.firstError == nil { return replies }
            outcome = .success(replies)
        } catch {
            server.ended(isAnswered: false)
            outcome = .failure(error)
        }
        return try await resume(request, of: slot, on: lane, until: deadline, after: outcome, of: server)
    }

    /// What an error or a failure of the short way comes to.
    @inline(never)
    private func resume<Sent: Request>(
        _ request: Sent, of slot: HashSlot, on lane: Lane, until deadline: Deadline,
        after outcome: Result<Sent.Received, ConnectionFailure>, of server: ClusterServer
    ) async throws(ConnectionFailure) -> Sent.Received {
        let first = Attempt(server: server, outcome: outcome.map(\.list))
        return Sent.Received(try await send(request.bytes, 1, to: slot, on: lane, until: deadline, after: first))
    }

    /// The same on the caller's thread.
    @inline(__always)
    func attemptDirectly<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        guard case .lane = way, let (server, slot) = direct(request, of: database.binding) else {
            return try attempt(request, by: way, of: database, until: deadline)
        }
        let outcome: Result<Sent.Received, ConnectionFailure>
        began(server)
        do {
            let replies = try database.attempt(request, by: way, over: server.node.blocking, until: deadline)
            server.ended(isAnswered: true)
            if replies.firstError == nil { return replies }
            outcome = .success(replies)
        } catch {
            server.ended(isAnswered: false)
            outcome = .failure(error)
        }
        return try resume(request, of: slot, until: deadline, after: outcome, of: server)
    }

    @inline(never)
    private func resume<Sent: Request>(
        _ request: Sent, of slot: HashSlot, until deadline: Deadline,
        after outcome: Result<Sent.Received, ConnectionFailure>, of server: ClusterServer
    ) throws(ConnectionFailure) -> Sent.Received {
        let first = Attempt(server: server, outcome: outcome.map(\.list))
        return Sent.Received(try send(request.bytes, 1, to: slot, until: deadline, after: first))
    }

    /// What became of a request at a server.
    struct Attempt {
        let server: ClusterServer
        let outcome: Result<[RESPValue], ConnectionFailure>
    }
}

extension Replies {
    fileprivate var list: [RESPValue] {
        var list: [RESPValue] = []
        forEachReply { list.append($0) }
        return list
    }
}
