import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// A primary and its replicas: what only reads goes to a replica that is fresh enough, and all else to the primary.
///
/// Nothing is asked before the first read; it goes to the primary, and so does every read until a replica has said how
/// fresh it is.
final class ReplicaTopology: RoutedTopology {
    private struct State: Sendable {
        var machine: ReplicaMachine
        var nodes: [Endpoint: Node] = [:]
        var isClosed = false
    }

    let primary: Node
    private let makeNode: @Sendable (Endpoint) -> Node
    private let state: Mutex<State>

    /// How long a replica has to say how fresh it is, and the primary which replicas there are.
    private static let timeToAnswer = Timeout(.seconds(2))

    init(
        _ primary: Node, _ replicas: [Endpoint], staleness: Duration, _ makeNode: @escaping @Sendable (Endpoint) -> Node
    ) {
        self.primary = primary
        self.makeNode = makeNode
        state = Mutex(State(machine: ReplicaMachine(replicas, bound: staleness)))
    }

    var nodes: [Node] { state.withLock { [primary] + $0.nodes.values } }

    func refuseRequests() { state.withLock { $0.isClosed = true } }

    func nodeForLease() -> Node { primary }

    func renew(since moment: Moment) -> Bool { primary.renew(since: moment) }

    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { primary.explained(failure) }

    // MARK: Reads

    /// The replica for a request, if it may be answered by one and there is one.
    fileprivate func replica(for request: some Request) -> (Endpoint, Node)? {
        guard request.onlyReadsKeys else { return nil }
        let (choice, nodes) = state.withLock { state in
            if state.isClosed { return (ReplicaMachine.Choice(), [Endpoint: Node]()) }
            let choice = state.machine.choose(at: .now)
            for endpoint in choice.checks where state.nodes[endpoint] == nil {
                state.nodes[endpoint] = makeNode(endpoint)
            }
            return (choice, state.nodes)
        }
        if choice.mustDiscover { discover() }
        for endpoint in choice.checks { if let node = nodes[endpoint] { check(endpoint, node) } }
        guard let endpoint = choice.replica, let node = nodes[endpoint] else { return nil }
        return (endpoint, node)
    }

    fileprivate func failed(_ endpoint: Endpoint) { state.withLock { $0.machine.failed(endpoint) } }

    /// One that hangs gets half of the time, so that the primary has the other half.
    fileprivate func share(of deadline: Deadline) -> Deadline {
        deadline.end == Deadline.none.end ? deadline : Deadline(after: Timeout(deadline.left / 2))
    }

    // MARK: Questions

    private func discover() {
        Task.detached { [weak self] in
            guard let self else { return }
            let reply = try? await primary.send(
                Self.encoded("ROLE"), on: .shared, until: Deadline(after: Self.timeToAnswer))
            let role = reply.flatMap { try? RedisRole(redis: $0) }
            let found: [Endpoint]? =
                role?.name == "master" ? role?.replicas.map { .tcp(host: $0.host, port: $0.port) } : nil
            let gone = state.withLock { state in
                state.machine.discovered(found, at: .now).compactMap { state.nodes.removeValue(forKey: $0) }
            }
            for node in gone { _ = node.beginClosing(grace: .seconds(5)) }
        }
    }

    private func check(_ endpoint: Endpoint, _ node: Node) {
        Task.detached { [weak self] in
            let start = Moment.now
            let reply = try? await node.send(
                Self.encoded("INFO", "replication"), on: .shared, until: Deadline(after: Self.timeToAnswer))
            self?.state.withLock { state in
                state.machine.answered(endpoint, ReplicaMachine.Word(reply), askedAt: start, at: .now)
            }
        }
    }

    private static func encoded(_ words: String...) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }
}

extension ReplicaTopology {
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        guard case .lane(let lane) = way else {
            return try await database.attemptOnLease(request, of: primary, until: deadline)
        }
        if let (endpoint, node) = replica(for: request) {
            do {
                let replies = try await request.send(over: node, on: lane, until: share(of: deadline))
                if !replies.mayNotStand { return replies }
            } catch {
                if error.reason == .cancelled || deadline.isOver { throw error }
            }
            failed(endpoint)
        }
        return try await request.send(over: primary, on: lane, until: deadline)
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        if case .lane = way, let (endpoint, node) = replica(for: request) {
            do {
                let replies = try database.attempt(request, by: way, over: node.blocking, until: share(of: deadline))
                if !replies.mayNotStand { return replies }
            } catch {
                if deadline.isOver { throw error }
            }
            failed(endpoint)
        }
        return try database.attempt(request, by: way, over: primary.blocking, until: deadline)
    }
}

extension ReplicaMachine.Word {
    /// A reply to `INFO replication`, if one came.
    init(_ reply: RESPValue?) {
        self = .useless
        guard let info = reply.flatMap({ try? RedisInfo(redis: $0) }), info["role"] == "slave",
            info["master_sync_in_progress"] != "1"
        else { return }
        let field = info["master_link_status"] == "up" ? "master_last_io_seconds_ago" : "master_link_down_since_seconds"
        // It counts below zero where it has never heard anything.
        guard let seconds = info[field].flatMap({ Int($0) }), seconds >= 0 else { return }
        self = .follows(lastHeard: seconds)
    }
}

extension Request {
    /// True if all it does is to read keys that it names, in one step each.
    fileprivate var onlyReadsKeys: Bool {
        guard RedisSideEffect(encoded: bytes) == .read else { return false }
        return EncodedCommand.commands(of: bytes).allSatisfy { command in
            !Self.scans.contains(command.name) && !command.keys.isEmpty
        }
    }

    /// A cursor is one server's.
    private static var scans: Set<String> { ["SSCAN", "HSCAN", "ZSCAN"] }
}
