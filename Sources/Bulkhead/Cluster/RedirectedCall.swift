import BulkheadNetworking
import BulkheadRESP

/// A request on its way to the server of its slot: what its last attempt came to, and what is next. It sends nothing.
struct RedirectedCall<Received: Replies> {
    private let topology: ClusterTopology
    private let bytes: [UInt8]
    private var redirections: RedirectionMachine
    private var outcome: Result<Received, ConnectionFailure> = .failure(ClusterTopology.noMapInTime)
    private(set) var slot: HashSlot?
    /// Who is asked next, behind ASKING; nil for the server of the slot.
    private(set) var asked: Endpoint?

    init(_ bytes: [UInt8], to slot: HashSlot?, in topology: ClusterTopology, until deadline: Deadline) {
        self.bytes = bytes
        self.slot = slot
        self.topology = topology
        redirections = RedirectionMachine(until: deadline)
    }

    /// A slot that is on its way is not asked for out of turn, if `inTurn`.
    mutating func answered(
        _ replies: Received, by server: ClusterServer, inTurn: Bool = false
    ) -> RedirectionMachine.Step {
        outcome = .success(replies)
        asked = nil
        let redirection = replies.redirection(from: server.endpoint, of: bytes, to: slot)
        if case .moved(let slot, let endpoint) = redirection { topology.moved(slot, to: endpoint) }
        // A command whose keys are not known here: the server knows them.
        slot = slot ?? redirection?.slot
        let step = inTurn ? redirections.stepInTurn(after: redirection) : redirections.step(after: redirection)
        if case .ask(let endpoint, _) = step { asked = endpoint }
        return step
    }

    mutating func failed(_ failure: ConnectionFailure) -> RedirectionMachine.Step {
        topology.doubt(after: failure)
        outcome = .failure(failure)
        asked = nil
        return redirections.step(after: failure)
    }

    /// What the last attempt came to, where no other follows.
    func result() throws(ConnectionFailure) -> Received {
        try redirections.refuse(of: slot)
        return try outcome.get()
    }
}

/// The replies to the parts that one server got together. Those that have not run there are sent again one by one: they
/// were redirected, or call a script whose text, which stood before them, was.
struct GroupReplies {
    private var replies: [RESPValue?]

    /// `received` are those to all parts, or none.
    init(
        _ received: [RESPValue], of group: ClusterGroup, in parts: [ClusterPlan.Part] = [],
        _ scripts: ScriptTexts = ScriptTexts()
    ) {
        replies = group.indices.indices.map { place in
            guard place < received.count else { return nil }
            let (reply, part) = (received[place], parts[group.indices[place]])
            if reply.errorMessage == nil { return reply }
            let redirection = reply.redirection(
                from: group.server.endpoint, of: Array(part.bytes), to: part.slot)
            let isOfUnknownScript = reply.isOfUnknownScript && scripts.call(part.bytes)?.isByDigest == true
            return redirection == nil && !isOfUnknownScript ? reply : nil
        }
    }

    /// Where none of it left, each command finds its server by itself; else the failure is that of all of them.
    init(unsentBy failure: ConnectionFailure, of group: ClusterGroup) throws(ConnectionFailure) {
        guard failure.stage.isSafeToRetry else { throw failure }
        self.init([], of: group)
    }

    /// The places of the parts that have not run.
    var missing: [Int] { replies.indices.filter { replies[$0] == nil } }
    /// What a missing part's failure means for all of them.
    func failure(by failure: ConnectionFailure) -> ConnectionFailure {
        replies.contains { $0 != nil } ? failure.ofRequestRunInPart : failure
    }
    /// All of them, when none is missing.
    var all: [RESPValue] { replies.compactMap(\.self) }

    mutating func put(_ reply: RESPValue, at place: Int) { replies[place] = reply }
}
