import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// A primary and its replicas: what only reads goes to a replica that is fresh enough, and all else to the primary.
///
/// Nothing is asked before the first read; it goes to the primary, and so does every read until a replica has said how
/// fresh it is.
final class ReplicaTopology: RoutedTopology {
    let primary: Node
    private let readers: ReplicaReaders

    /// How long the primary has to say which replicas there are.
    private static let timeToAnswer = Timeout(.seconds(2))

    init(_ primary: Node, _ readers: ReplicaReaders) {
        self.primary = primary
        self.readers = readers
    }

    var nodes: [Node] { [primary] + readers.nodes }

    /// Scans are the primary's.
    func scanMark(of slot: HashSlot?, _ form: ScanMark.Form) -> ScanMark { ScanMark(of: [primary], form) }

    func refuseRequests() { readers.refuseRequests() }

    func renew(since moment: Moment) -> Bool { primary.renew(since: moment) }

    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { primary.explained(failure) }

    /// The replica for a request, if it may be answered by one and there is one.
    private func reader(for request: some Request, of binding: DatabaseBinding) -> ReplicaReaders.Reader? {
        guard binding.permitsReplicas, request.onlyReadsKeys else { return nil }
        return readers.next { [primary] in await Self.replicas(of: primary) }
    }

    private static func replicas(of primary: Node) async -> [Endpoint]? {
        let reply = try? await primary.send(
            ReplicaReaders.encoded("ROLE"), on: .shared, until: Deadline(after: timeToAnswer))
        let role = reply.flatMap { try? RedisRole(redis: $0) }
        return role?.name == "master" ? role?.replicas.map { .tcp(host: $0.host, port: $0.port) } : nil
    }
}

extension ReplicaTopology {
    func lease(
        of question: SlotQuestion?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> (AsyncConnection, Node) {
        (try await primary.lease(until: deadline), primary)
    }

    func leaseBlocking(
        of question: SlotQuestion?, until deadline: Deadline
    ) throws(ConnectionFailure) -> (BlockingConnection, Node) {
        (try primary.blocking.lease(until: deadline), primary)
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        guard case .lane(let lane) = way else {
            return try await database.attemptOnLease(request, of: primary, until: deadline)
        }
        if let reader = reader(for: request, of: database.binding) {
            do {
                let replies = try await readers.read(at: reader) { () async throws(ConnectionFailure) in
                    try await request.send(over: reader.node, on: lane, until: ReplicaReaders.share(of: deadline))
                }
                if !replies.mayBeBetterElsewhere { return replies }
            } catch {
                if error.reason == .cancelled || deadline.isOver { throw error }
            }
            readers.failed(reader.endpoint)
        }
        return try await request.send(over: primary, on: lane, until: deadline)
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        if case .lane = way, let reader = reader(for: request, of: database.binding) {
            do {
                let replies = try readers.readBlocking(at: reader) { () throws(ConnectionFailure) in
                    try database.attempt(
                        request, by: way, over: reader.node.blocking, until: ReplicaReaders.share(of: deadline))
                }
                if !replies.mayBeBetterElsewhere { return replies }
            } catch {
                if deadline.isOver { throw error }
            }
            readers.failed(reader.endpoint)
        }
        return try database.attempt(request, by: way, over: primary.blocking, until: deadline)
    }
}
