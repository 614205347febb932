import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// The short way of what nearly every call sends: one command with one key, whose server is known and in no doubt. It is
// sent as to a single server. Whatever is not answered as it should goes on by the long way, out of line.

extension ClusterTopology {
    /// The server of one command, of a name whose reads do not go to replicas; nil where it is not known, or in doubt.
    @inline(__always)
    func knownServer(of request: some Request, _ binding: DatabaseBinding) -> ClusterServer? {
        guard request.sent == 1, readers == nil || !binding.permitsReplicas,
            let slot = EncodedCommand.onlySlot(of: request.bytes)
        else { return nil }
        return knownServer(of: slot)
    }

    /// The same of one command's bytes.
    @inline(__always)
    func knownServer(of bytes: CommandBytes, _ binding: DatabaseBinding) -> ClusterServer? {
        guard readers == nil || !binding.permitsReplicas,
            let slot = bytes.withBytes({ HashSlot(ofOneKeyIn: $0) })
        else { return nil }
        return knownServer(of: slot)
    }

    /// The server to send the request to; whoever does says when it has ended.
    @inline(__always)
    func beginDirectly(_ request: some Request, by way: Way, of binding: DatabaseBinding) -> ClusterServer? {
        guard case .lane = way, let server = knownServer(of: request, binding) else { return nil }
        began(server)
        return server
    }

    /// What an error or a failure of the short way comes to.
    func resume<Sent: Request>(
        _ request: Sent, on lane: Lane, until deadline: Deadline,
        after outcome: Result<Sent.Received, ConnectionFailure>, of server: ClusterServer
    ) async throws(ConnectionFailure) -> Sent.Received {
        let first = Attempt(server: server, outcome: outcome.map(\.list))
        let slot = EncodedCommand.onlySlot(of: request.bytes)
        return Sent.Received(try await send(request.bytes, 1, to: slot, on: lane, until: deadline, after: first))
    }

    /// The same on the caller's thread.
    @inline(__always)
    func attemptDirectly<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        guard let server = beginDirectly(request, by: way, of: database.binding) else {
            return try attempt(request, by: way, of: database, until: deadline)
        }
        let outcome: Result<Sent.Received, ConnectionFailure>
        do {
            let replies = try database.attempt(request, by: way, over: server.node.blocking, until: deadline)
            if server.endedDirectly(replies) { return replies }
            outcome = .success(replies)
        } catch {
            server.ended(isAnswered: false)
            outcome = .failure(error)
        }
        return try resume(request, until: deadline, after: outcome, of: server)
    }

    @inline(never)
    private func resume<Sent: Request>(
        _ request: Sent, until deadline: Deadline, after outcome: Result<Sent.Received, ConnectionFailure>,
        of server: ClusterServer
    ) throws(ConnectionFailure) -> Sent.Received {
        let first = Attempt(server: server, outcome: outcome.map(\.list))
        let slot = EncodedCommand.onlySlot(of: request.bytes)
        return Sent.Received(try send(request.bytes, 1, to: slot, until: deadline, after: first))
    }

    /// What became of a request at a server.
    struct Attempt {
        let server: ClusterServer
        let outcome: Result<[RESPValue], ConnectionFailure>
    }
}

extension ClusterServer {
    /// A request of the short way is answered. True if that is the end of it, and not a redirection or another error.
    @inline(__always)
    func endedDirectly(_ replies: some Replies) -> Bool {
        ended(isAnswered: true)
        return replies.firstError == nil
    }
}

extension Replies {
    fileprivate var list: [RESPValue] {
        var list: [RESPValue] = []
        forEachReply { list.append($0) }
        return list
    }
}
