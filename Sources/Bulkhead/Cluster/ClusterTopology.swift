import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// One numbered database of a cluster: a node for every server that a request has needed, and the map that says which
/// slots each of them has.
///
/// Nothing is asked before the first request. The map is asked for then, and again where a server could not be reached,
/// kept a request waiting, or says that the cluster is down; one question at a time. MOVED corrects one slot.
final class ClusterTopology: RoutedTopology, ServerKeeper {
    private struct State: Sendable {
        var map: SlotMap?
        /// When it came.
        var mapMoment: Moment?
        var servers: [Endpoint: ClusterServer] = [:]
        /// What requests have found by these two.
        var routes = SlotRoutes()
        /// Those that have left the map, and may have requests under way.
        var left: [ClusterServer] = []
        /// Primaries of earlier maps that have no slots by now.
        var former: Set<Endpoint> = []
        /// When the map may be asked for because a server is silent.
        var nextQuestion: Moment?
        var isClosed = false
        var isRefreshing = false
        /// A server has kept a request waiting for too long, or has gone: its slots may be another one's since.
        var isDoubtful = false
        /// How many maps have come.
        var version = 0
        /// What hears that slots have moved; whoever says so refers to it weakly.
        var announcements: MaintenanceWatch.Callback?
    }

    private let seeds: [Endpoint]
    private let makeNode: @Sendable (Endpoint) -> Node
    /// Nil where no replica may answer.
    let readers: ReplicaReaders?
    private let state = Mutex(State())
    let lookout = Lookout()

    /// `makeNode` makes the connections to a server, and connects nothing.
    init(
        seeds: [Endpoint], readers: ReplicaReaders? = nil, _ makeNode: @escaping @Sendable (Endpoint) -> Node
    ) {
        self.seeds = seeds
        self.readers = readers
        self.makeNode = makeNode
    }

    /// Asks for the map when a server announces that slots have moved. Calls go on by the old one until then.
    func follow(_ maintenance: MaintenanceWatch) {
        let announcements = MaintenanceWatch.Callback { [weak self] consequence in
            guard case .askForMap = consequence, let self else { return }
            let (isKnown, isAsked) = state.withLock { ($0.map != nil, $0.isRefreshing) }
            // A name that nobody uses asks nothing.
            guard isKnown else { return }
            Task.detached {
                // A question that is under way may be answered by the old map.
                if isAsked { await self.refresh(until: Deadline(after: Self.timeToAnswer)) }
                await self.refresh(until: Deadline(after: Self.timeToAnswer))
            }
        }
        state.withLock { $0.announcements = announcements }
        maintenance.watch(announcements)
    }

    /// The newest map; nil until there is one.
    var map: SlotMap? { state.withLock { $0.map } }

    var nodes: [Node] { watchedServers.map(\.node) + (readers?.nodes ?? []) }

    func refuseRequests() {
        state.withLock { $0.isClosed = true }
        readers?.refuseRequests()
    }

    /// Replies that need new connections are rare in a cluster: its servers redirect. What has no key is redirected by
    /// none: a server that refuses it as a replica does is no primary any more, and the next map says who is.
    func renew(since moment: Moment) -> Bool {
        let isRenewed = nodes.reduce(false) { $1.renew(since: moment) || $0 }
        if isRenewed { doubtMap() }
        return isRenewed
    }

    // MARK: Servers

    func server(at endpoint: Endpoint) throws(ConnectionFailure) -> ClusterServer {
        try state.withLock { state throws(ConnectionFailure) in try server(at: endpoint, &state) }
    }

    private func server(at endpoint: Endpoint, _ state: inout State) throws(ConnectionFailure) -> ClusterServer {
        if let server = state.servers[endpoint] { return server }
        if state.isClosed { throw .databasesClosed }
        let server = ClusterServer(endpoint, makeNode(endpoint))
        state.servers[endpoint] = server
        return server
    }

    /// Where requests of this slot went last; nil where that is not known any more, or in doubt.
    func knownServer(of slot: HashSlot) -> ClusterServer? {
        state.withLock { state in state.isDoubtful && !state.isRefreshing ? nil : state.routes[slot] }
    }

    /// Where a request of this slot goes, or one that any server will do for; nil until there is a map.
    ///
    /// Throws where the cluster has no server for the slot.
    func target(of slot: HashSlot?) throws(ConnectionFailure) -> ClusterServer? {
        guard let slot else { return try map.map(randomPrimary) }
        return try state.withLock { state throws(ConnectionFailure) in
            if let known = state.routes[slot] { return known }
            guard let map = state.map else { return nil }
            guard let endpoint = map.primary(of: slot) else { throw Self.nobodyHas(slot.description) }
            let server = try server(at: endpoint, &state)
            state.routes.found(server, of: slot)
            return server
        }
    }

    private func randomPrimary(_ map: SlotMap) throws(ConnectionFailure) -> ClusterServer {
        guard let endpoint = map.primaries.randomElement() else { throw Self.nobodyHas("slots") }
        return try server(at: endpoint)
    }

    private static func nobodyHas(_ what: String) -> ConnectionFailure {
        ConnectionFailure(.connectFailed, "no server of the cluster has \(what) now")
    }

    /// All servers with slots, in the order of these; nil until there is a map.
    func primaries() throws(ConnectionFailure) -> [ClusterServer]? {
        guard let map = state.withLock({ $0.map }) else { return nil }
        var primaries: [ClusterServer] = []
        for endpoint in map.primaries { primaries.append(try server(at: endpoint)) }
        return primaries
    }

    /// The server of a scan's step, and how many there are; nil until there is a map, and where it has fewer now.
    func target(of scan: ClusterScan) throws(ConnectionFailure) -> (ClusterServer, count: Int)? {
        guard let primaries = try primaries() else { return nil }
        guard primaries.indices.contains(scan.place) else {
            throw ConnectionFailure(
                .connectFailed, "the cluster has fewer servers than when the scan began: begin it again",
                stage: .refused)
        }
        return (primaries[scan.place], primaries.count)
    }

    /// Where the pages of a scan come from: every primary, or the server of a key's slot.
    func scannedServers(of slot: HashSlot?) throws(ConnectionFailure) -> [ClusterServer] {
        guard let slot else { return try primaries() ?? [] }
        return try target(of: slot).map { [$0] } ?? []
    }

    func scanMark(of slot: HashSlot?, _ form: ScanMark.Form) -> ScanMark {
        let servers = (try? scannedServers(of: slot)) ?? []
        return ScanMark(of: servers.map(\.node), form, at: servers.map(\.endpoint).hashValue)
    }

    func moved(_ slot: HashSlot, to endpoint: Endpoint) {
        state.withLock { state in
            state.map?.move(slot, to: endpoint)
            state.routes.forget(slot)
            state.former.remove(endpoint)
        }
        // The next map says which replicas the slot has there.
        readers?.doubt()
    }

    // MARK: The map

    /// Has the next request ask for the map first: a server that hangs says nothing, and others may have taken its
    /// place.
    func doubt(after failure: ConnectionFailure) {
        switch failure.reason {
        case .timedOut, .closedByServer, .inputOutput, .connectFailed, .connectTimedOut: doubtMap()
        default: break
        }
    }

    /// The next request asks for the map first.
    func doubtMap() { state.withLock { $0.isDoubtful = true } }

    var isDoubtful: Bool { state.withLock { $0.isDoubtful && !$0.isRefreshing } }

    /// How many maps there have been; whoever waits for a newer one than `version` asks, or waits for who asks.
    var version: Int { state.withLock { $0.version } }

    /// The newest map, and how many there have been.
    var numberedMap: (SlotMap?, Int) { state.withLock { ($0.map, $0.version) } }

    /// Who is to be asked for the map, the servers that are known and answer first; nil while another request asks.
    /// Whoever gets them says by `endRefresh` how it went.
    func beginRefresh() -> [Endpoint]? {
        state.withLock { state in
            if state.isRefreshing { return nil }
            state.isRefreshing = true
            state.isDoubtful = false
            let known = (state.map?.primaries ?? []).shuffled()
            let servers = known + seeds.filter { !known.contains($0) }
            let silent = state.servers.filter(\.value.isSilent)
            return servers.filter { silent[$0] == nil } + servers.filter { silent[$0] != nil }
        }
    }

    /// Nil is no map; then the question is open where not all servers could be asked.
    ///
    /// Servers that have left the map take no more requests. They have a while to answer what they were sent before.
    func endRefresh(_ map: SlotMap?, isOpen: Bool = false) {
        let left = state.withLock { state in
            state.isRefreshing = false
            guard let map else {
                if isOpen { state.isDoubtful = true }
                return [ClusterServer]()
            }
            state.former.formUnion(state.map?.primaries ?? [])
            state.former.subtract(map.primaries)
            state.map = map
            state.routes.forgetAll()
            state.mapMoment = .now
            state.version += 1
            let servers = map.servers.union(seeds)
            let left = state.servers.filter { !servers.contains($0.key) }
            for endpoint in left.keys { state.servers[endpoint] = nil }
            state.left = state.left.filter(\.isAsked) + left.values
            return Array(left.values)
        }
        for server in left { server.node.leave(grace: .seconds(5)) }
        if let map { readers?.discovered(map.replicas) }
    }

    // MARK: Servers that hang

    /// Requests are under way somewhere.
    var isAsked: Bool { watchedServers.contains(where: \.isAsked) }

    var watchedServers: [ClusterServer] { state.withLock { $0.servers.values + $0.left } }

    /// The server of a node, for the holder of one of its leases; nil if it has gone.
    func server(of node: Node) -> ClusterServer? { watchedServers.first { $0.node === node } }

    /// Ends what waits at a server that has lost its slots to another one; false of one that has not, or of which that
    /// was said before it fell silent: it may have its slots back.
    func abandon(_ server: ClusterServer, after silence: Duration, at now: Moment) -> Bool {
        let isGone = state.withLock { state in
            if let index = state.left.firstIndex(where: { $0 === server }) {
                state.left.remove(at: index)
                return true
            }
            let endpoint = server.endpoint
            guard state.former.contains(endpoint), state.servers[endpoint] === server,
                let said = state.mapMoment, now - said <= silence
            else { return false }
            state.servers[endpoint] = nil
            state.routes.forgetAll()
            return true
        }
        if isGone { server.node.abandon() }
        return isGone
    }

    /// True, and then not before `pause` is over, if the map may be asked for because a server is silent.
    func isQuestionDue(at now: Moment, _ pause: Duration) -> Bool {
        state.withLock { state in
            if let next = state.nextQuestion, next > now { return false }
            state.nextQuestion = now + pause
            return true
        }
    }

    static let question: [UInt8] = {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command("CLUSTER", argumentCount: 2)
        encoder.argument("SLOTS")
        return encoder.bytes
    }()

    static let asking: [UInt8] = {
        var encoder = RESPEncoder(capacity: 32)
        encoder.command("ASKING", argumentCount: 1)
        return encoder.bytes
    }()

    /// How long one server has to say its map while others could be asked.
    static let timeToAnswer = Timeout(.seconds(1))
    /// Pauses of those who wait for another one's question.
    static let pauseWhileOthersAsk = Duration.milliseconds(2)

    /// What the server at `endpoint` has answered.
    func map(in reply: RESPValue, from endpoint: Endpoint) throws(ConnectionFailure) -> SlotMap {
        if let map = SlotMap(reply, from: endpoint) { return map }
        let words = reply.errorMessage.map { String(decoding: $0, as: UTF8.self) } ?? "no map of slots"
        throw ConnectionFailure(
            .connectFailed, "\(endpoint) is not a server of a working cluster: it answered CLUSTER SLOTS by: \(words)")
    }
}
