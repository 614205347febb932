import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// The short way of nearly every call: a command takes a place in the queue of a connection that others use too, and its
// caller is suspended once, in this function's frame. Each asynchronous function between the two would cost a frame,
// which every call that waits keeps. Whatever else there is to do is done out of line.

extension RedisDatabase {
    @usableFromInline
    func reply(to bytes: CommandBytes, by route: CommandRoute) async throws(RedisError) -> RESPValue {
        let isolation: (any Actor)? = #isolation
        guard isolation == nil, !Task.isCancelled, let lane = route.lane,
            let (node, server) = directNode(for: bytes),
            let connection = node.connectionInUse(for: lane)
        else { return try await replyByAnyWay(to: bytes, by: route) }
        if let server { binding.topology.cluster?.began(server) }
        let deadline = Deadline(after: maintenance?.relaxed(timeout) ?? timeout)
        let outcome = await withUnsafeContinuation(isolation: nil) { caller in
            bytes.lend {
                connection.send(copying: $0, for: caller, until: deadline)
            } inArray: {
                connection.send($0, for: caller, until: deadline)
            }
        }
        if case .success(let reply) = outcome, server?.endedDirectly(reply) ?? !reply.mayNotStand {
            monitor.answered(reply, to: SingleCommand(bytes, route), since: deadline.start)
            return reply
        }
        return try await resume(
            bytes, by: route, on: lane, until: deadline, after: outcome, over: connection, node, server)
    }

    func reply(to command: EncodedCommand) async throws(RedisError) -> RESPValue {
        try await reply(to: CommandBytes(command.bytes), by: command.route)
    }

    /// The node for a command that nothing else is to be asked about; in a cluster with its server.
    @inline(__always)
    private func directNode(for bytes: CommandBytes) -> (Node, ClusterServer?)? {
        switch binding.topology {
        case .fixed(let node): return (node, nil)
        case .cluster(let topology):
            guard let server = topology.knownServer(of: bytes, binding) else { return nil }
            return (server.node, server)
        case .routed: return nil
        }
    }

    @inline(never)
    private func replyByAnyWay(to bytes: CommandBytes, by route: CommandRoute) async throws(RedisError) -> RESPValue {
        try await replies(to: SingleCommand(bytes, route))
    }

    /// What an error or a failure comes to: another connection, another server, another attempt.
    @inline(never)
    private func resume(
        _ bytes: CommandBytes, by route: CommandRoute, on lane: Lane, until deadline: Deadline,
        after first: Result<RESPValue, ConnectionFailure>, over connection: AsyncConnection, _ node: Node,
        _ server: ClusterServer?
    ) async throws(RedisError) -> RESPValue {
        let request = SingleCommand(bytes, route)
        let outcome: Result<RESPValue, ConnectionFailure>
        do {
            outcome = .success(
                try await settled(request, on: lane, until: deadline, after: first, over: connection, node, server))
        } catch {
            outcome = .failure(error)
        }
        return try await concluded(request, by: .lane(lane), until: deadline, after: outcome)
    }

    private func settled(
        _ request: SingleCommand, on lane: Lane, until deadline: Deadline,
        after first: Result<RESPValue, ConnectionFailure>, over connection: AsyncConnection, _ node: Node,
        _ server: ClusterServer?
    ) async throws(ConnectionFailure) -> RESPValue {
        var outcome = first
        if case .failure(let failure) = first {
            do {
                let reply = try await node.sendAgain(
                    request.bytes, on: lane, insteadOf: connection, after: failure, until: deadline)
                if server?.endedDirectly(reply) ?? true { return reply }
                outcome = .success(reply)
            } catch {
                server?.ended(isAnswered: false)
                outcome = .failure(error)
            }
        }
        return try await resume(request, on: lane, until: deadline, after: outcome, of: server)
    }
}

extension SingleCommand {
    fileprivate init(_ bytes: CommandBytes, _ route: CommandRoute) {
        self.init(command: EncodedCommand(bytes: bytes.array, route: route))
    }
}

extension CommandRoute {
    /// The lane of a command that may run on any connection of its database; nil where there is more to ask.
    fileprivate var lane: Lane? {
        switch self {
        case .shared: .shared
        case .bulk: .bulk
        case .searching, .blocking, .conversation, .answered, .refused: nil
        }
    }
}
