import BulkheadCommands
import BulkheadNetworking

/// Finds the node that a name's requests go to.
enum Topology: Sendable {
    /// One node for all requests, for as long as the program runs: the database of one server, or of whichever server
    /// of a group is the primary, which its connections find out for themselves.
    case fixed(Node)
    /// The server of the keys, in a cluster; by its type, so that a call costs little more than at one server.
    case cluster(ClusterTopology)
    /// The node depends on the request otherwise.
    case routed(any RoutedTopology)
}

/// Several nodes, of which each request has its own.
///
/// What it is asked for is one attempt; whether there is another one is decided by ``RetryMachine``, as everywhere.
protocol RoutedTopology: AnyObject, Sendable {
    /// Every node there is now, to close them.
    var nodes: [Node] { get }
    /// Makes no more nodes.
    func refuseRequests()
    /// As ``Topology/scanMark(of:_:)``.
    func scanMark(of slot: HashSlot?, _ form: ScanMark.Form) -> ScanMark
    /// A connection to the server of a key's slot, which is asked by the question, and its node; to any server where
    /// nobody knows yet which keys will be used over it.
    func lease(
        of question: SlotQuestion?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> (AsyncConnection, Node)
    /// The same for a thread.
    func leaseBlocking(
        of question: SlotQuestion?, until deadline: Deadline
    ) throws(ConnectionFailure) -> (BlockingConnection, Node)
    /// As ``Node/renew(since:)``.
    func renew(since moment: Moment) -> Bool
    /// As ``Node/explained(_:)``.
    func explained(_ failure: ConnectionFailure) -> ConnectionFailure
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received
}

extension RoutedTopology {
    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { failure }
}

extension Topology {
    /// Nil of a name that lives elsewhere.
    var cluster: ClusterTopology? { if case .cluster(let topology) = self { topology } else { nil } }

    /// Nil where all requests have one node.
    var routed: (any RoutedTopology)? {
        switch self {
        case .fixed: nil
        case .cluster(let topology): topology
        case .routed(let topology): topology
        }
    }

    /// Every node there is now.
    var nodes: [Node] {
        switch self {
        case .fixed(let node): [node]
        case .cluster(let topology): topology.nodes
        case .routed(let topology): topology.nodes
        }
    }

    /// As long as it stays the same, pages of a scan come from the same processes: from all primaries of a cluster, or
    /// for a key's elements from the server of its slot.
    func scanMark(of slot: HashSlot?, _ form: ScanMark.Form) -> ScanMark {
        switch self {
        case .fixed(let node): ScanMark(of: [node], form)
        case .cluster(let topology): topology.scanMark(of: slot, form)
        case .routed(let topology): topology.scanMark(of: slot, form)
        }
    }

    /// Has no more nodes made.
    func refuseRequests() {
        routed?.refuseRequests()
    }

    /// As ``RoutedTopology/lease(of:until:)``.
    @inline(__always)
    func lease(
        of question: () -> SlotQuestion?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> (AsyncConnection, Node) {
        switch self {
        case .fixed(let node): (try await node.lease(until: deadline), node)
        case .cluster(let topology): try await topology.lease(of: question(), until: deadline)
        case .routed(let topology): try await topology.lease(of: question(), until: deadline)
        }
    }

    /// The same for a thread.
    func leaseBlocking(
        of question: () -> SlotQuestion?, until deadline: Deadline
    ) throws(ConnectionFailure) -> (BlockingConnection, Node) {
        switch self {
        case .fixed(let node): (try node.blocking.lease(until: deadline), node)
        case .cluster(let topology): try topology.leaseBlocking(of: question(), until: deadline)
        case .routed(let topology): try topology.leaseBlocking(of: question(), until: deadline)
        }
    }

    /// The failure, with what is known of where its server may be, if that is why it took too long.
    func explained(_ failure: ConnectionFailure) -> ConnectionFailure {
        switch self {
        case .fixed(let node): node.explained(failure)
        case .cluster(let topology): topology.explained(failure)
        case .routed(let topology): topology.explained(failure)
        }
    }

    func renew(since moment: Moment) -> Bool {
        switch self {
        case .fixed(let node): node.renew(since: moment)
        case .cluster(let topology): topology.renew(since: moment)
        case .routed(let topology): topology.renew(since: moment)
        }
    }
}
