import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// The replicas that answer reads, and the connections to them: does what ``ReplicaMachine`` decides.
final class ReplicaReaders: Sendable {
    private struct State: Sendable {
        var machine: ReplicaMachine
        var nodes: [Endpoint: Node] = [:]
        var isClosed = false
    }

    /// A replica, and the connections that read there.
    struct Reader: Sendable {
        let endpoint: Endpoint
        let node: Node
    }

    private let makeNode: @Sendable (Endpoint) -> Node
    private let state: Mutex<State>
    private let question: [UInt8]
    private let questions: Int

    /// How long a replica has to say how fresh it is.
    private static let timeToAnswer = Timeout(.seconds(2))

    /// `zone` is that of the replicas that may answer, and nil does not matter.
    init(_ reads: RedisReads, zone: String?, _ makeNode: @escaping @Sendable (Endpoint) -> Node) {
        self.makeNode = makeNode
        state = Mutex(
            State(
                machine: ReplicaMachine(
                    reads.servers.map(\.endpoint), bound: reads.staleness, zone: reads.areOfZone ? zone : nil)))
        let isZoneOfInterest = reads.areOfZone
        questions = isZoneOfInterest ? 2 : 1
        question =
            Self.encoded("INFO", "replication") + (isZoneOfInterest ? Self.encoded("INFO", "server") : [])
    }

    var nodes: [Node] { state.withLock { Array($0.nodes.values) } }

    func refuseRequests() { state.withLock { $0.isClosed = true } }

    /// Who answers the next read; nil is the primary. `group` are those that have its keys, if not all have, and
    /// `tried` those that failed it. `discover` asks somebody which replicas there are, where that is to be known.
    func next(
        of group: [Endpoint]? = nil, besides tried: [Endpoint] = [],
        discover: @escaping @Sendable () async -> [Endpoint]?
    ) -> Reader? {
        let (choice, nodes) = state.withLock { state in
            if state.isClosed { return (ReplicaMachine.Choice(), [Endpoint: Node]()) }
            let choice = state.machine.choose(at: .now, of: group, besides: tried)
            for endpoint in choice.checks where state.nodes[endpoint] == nil {
                state.nodes[endpoint] = makeNode(endpoint)
            }
            return (choice, state.nodes)
        }
        if choice.mustDiscover {
            Task.detached { [weak self] in
                let found = await discover()
                self?.discovered(found)
            }
        }
        for endpoint in choice.checks { if let node = nodes[endpoint] { check(endpoint, node) } }
        guard let endpoint = choice.replica, let node = nodes[endpoint] else { return nil }
        return Reader(endpoint: endpoint, node: node)
    }

    /// A read could not be had from it.
    func failed(_ endpoint: Endpoint) { state.withLock { $0.machine.failed(endpoint) } }

    /// These are all there are; nil is not known.
    func discovered(_ found: [Endpoint]?) {
        let gone = state.withLock { state in
            state.machine.discovered(found, at: .now).compactMap { state.nodes.removeValue(forKey: $0) }
        }
        for node in gone { node.leave(grace: .seconds(5)) }
    }

    /// There may be others by now.
    func doubt() { state.withLock { $0.machine.doubt(at: .now) } }

    /// One that hangs gets half of the time, so that others have the other half.
    static func share(of deadline: Deadline) -> Deadline {
        deadline.end == Deadline.none.end ? deadline : Deadline(after: Timeout(deadline.left / 2))
    }

    private func check(_ endpoint: Endpoint, _ node: Node) {
        Task.detached { [weak self, question, questions] in
            let start = Moment.now
            let replies = try? await node.sendAll(
                question, count: questions, on: .shared, until: Deadline(after: Self.timeToAnswer))
            self?.state.withLock { state in
                state.machine.answered(endpoint, ReplicaMachine.Word(replies), askedAt: start, at: .now)
            }
        }
    }

    static func encoded(_ words: String...) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }
}

extension ReplicaMachine.Word {
    /// The replies to `INFO replication` and, where it was asked, `INFO server`, if any came.
    init(_ replies: [RESPValue]?) {
        self = .useless
        guard let info = replies?.first.flatMap({ try? RedisInfo(redis: $0) }), info["role"] == "slave",
            info["master_sync_in_progress"] != "1"
        else { return }
        let field = info["master_link_status"] == "up" ? "master_last_io_seconds_ago" : "master_link_down_since_seconds"
        // It counts below zero where it has never heard anything.
        guard let seconds = info[field].flatMap({ Int($0) }), seconds >= 0 else { return }
        let server = replies?.dropFirst().first.flatMap { try? RedisInfo(redis: $0) }
        self = .follows(lastHeard: seconds, zone: server?["availability_zone"])
    }
}

extension Request {
    /// True if all it does is to read keys that it names, in one step each.
    var onlyReadsKeys: Bool {
        guard RedisSideEffect(encoded: bytes) == .read else { return false }
        return EncodedCommand.commands(of: bytes).allSatisfy { command in
            !Self.scans.contains(command.name) && !command.keys.isEmpty
        }
    }

    /// A cursor is one server's.
    private static var scans: Set<String> { ["SSCAN", "HSCAN", "ZSCAN"] }
}
