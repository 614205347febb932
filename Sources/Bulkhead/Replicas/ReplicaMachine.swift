import BulkheadNetworking

/// Which replica answers the next read, and which must be asked how far behind it is; its clock is its caller's.
///
/// What a replica said is believed for a while only: it was heard from its primary at a moment, and serves until that
/// is longer ago than the bound. So one that cannot be asked any more drops out by itself.
struct ReplicaMachine: Sendable {
    private struct Replica: Sendable {
        let endpoint: Endpoint
        /// Until then it is known to be fresh enough; nil is not known.
        var freshUntil: Moment?
        /// Where it is, as it says.
        var zone: String?
        /// When it had its turn.
        var turn = 0
        /// When it may be asked again.
        var nextCheck: Moment?
        var isAsked = false
    }

    /// What is to be done for one read.
    struct Choice: Sendable {
        /// Who answers; nil is the primary.
        var replica: Endpoint?
        /// Replicas to be asked beside it.
        var checks: [Endpoint] = []
        /// The primary is to be asked which replicas there are.
        var mustDiscover = false
    }

    /// What a replica said of itself.
    enum Word: Sendable {
        /// It follows a primary, and last heard from it so many seconds ago. It may say in which zone it is.
        case follows(lastHeard: Int, zone: String? = nil)
        /// It is no replica, reads its data, or did not answer.
        case useless
    }

    private let bound: Duration
    private let isDiscovering: Bool
    private var replicas: [Replica]
    /// The one in which a replica must be; nil is any.
    private let zone: String?
    private var turn = 0
    private var lastDiscovery: Moment?
    private var nextDiscovery: Moment?
    private var isDiscoveryOpen = false

    /// Between two questions for the replicas that there are.
    private static let discoveryInterval = Duration.seconds(10)
    private static let shortestCheckInterval = Duration.milliseconds(100)
    private static let longestCheckInterval = Duration.seconds(1)

    /// No replicas means that somebody else knows them.
    init(_ replicas: [Endpoint], bound: Duration, zone: String? = nil) {
        self.bound = bound
        self.zone = zone
        isDiscovering = replicas.isEmpty
        self.replicas = replicas.map { Replica(endpoint: $0) }
    }

    var endpoints: [Endpoint] { replicas.map(\.endpoint) }

    private var checkInterval: Duration {
        min(max(bound / 4, Self.shortestCheckInterval), Self.longestCheckInterval)
    }

    /// Somebody reads. `group` are those that have the keys, if not all have; those of `tried` are not to answer.
    mutating func choose(at now: Moment, of group: [Endpoint]? = nil, besides tried: [Endpoint] = []) -> Choice {
        var choice = Choice()
        if isDiscovering, !isDiscoveryOpen, nextDiscovery.map({ $0 <= now }) ?? true {
            isDiscoveryOpen = true
            choice.mustDiscover = true
        }
        let members = replicas.indices.filter { group?.contains(replicas[$0].endpoint) ?? true }
        for index in members where beginCheck(index, at: now) { choice.checks.append(replicas[index].endpoint) }
        let able = members.filter { index in
            let replica = replicas[index]
            guard let end = replica.freshUntil, now < end else { return false }
            return (zone == nil || replica.zone == zone) && !tried.contains(replica.endpoint)
        }
        if let index = able.min(by: { replicas[$0].turn < replicas[$1].turn }) {
            turn += 1
            replicas[index].turn = turn
            choice.replica = replicas[index].endpoint
        }
        return choice
    }

    /// True if a replica is to be asked now; nobody else asks it until it has answered.
    mutating func beginCheck(_ endpoint: Endpoint, at now: Moment) -> Bool {
        replicas.firstIndex { $0.endpoint == endpoint }.map { beginCheck($0, at: now) } ?? false
    }

    private mutating func beginCheck(_ index: Int, at now: Moment) -> Bool {
        guard !replicas[index].isAsked, replicas[index].nextCheck.map({ $0 <= now }) ?? true else { return false }
        replicas[index].isAsked = true
        return true
    }

    /// A replica has answered a question that was sent at `moment`.
    mutating func answered(_ endpoint: Endpoint, _ word: Word, askedAt moment: Moment, at now: Moment) {
        guard let index = replicas.firstIndex(where: { $0.endpoint == endpoint }) else { return }
        replicas[index].isAsked = false
        replicas[index].nextCheck = now + checkInterval
        switch word {
        case .follows(let seconds, let zone):
            replicas[index].zone = zone
            // They are counted whole: it may be nearly one more.
            let end = moment + (bound - .seconds(seconds) - .seconds(1))
            replicas[index].freshUntil = end
        case .useless: replicas[index].freshUntil = nil
        }
    }

    /// A read could not be had from it: it serves no more until it has said anew that it can.
    mutating func failed(_ endpoint: Endpoint) {
        guard let index = replicas.firstIndex(where: { $0.endpoint == endpoint }) else { return }
        replicas[index].freshUntil = nil
    }

    /// There may be others than those that are known.
    mutating func doubt(at now: Moment) {
        let soon = max(lastDiscovery.map { $0 + Self.longestCheckInterval } ?? now, now)
        nextDiscovery = min(nextDiscovery ?? now, soon)
    }

    /// Somebody has said which replicas there are; nil if nobody has. The result is those that are gone.
    mutating func discovered(_ found: [Endpoint]?, at now: Moment) -> [Endpoint] {
        isDiscoveryOpen = false
        lastDiscovery = now
        nextDiscovery = now + (found == nil ? Self.longestCheckInterval : Self.discoveryInterval)
        guard let found else { return [] }
        let gone = endpoints.filter { !found.contains($0) }
        replicas.removeAll { gone.contains($0.endpoint) }
        for endpoint in found where !endpoints.contains(endpoint) { replicas.append(Replica(endpoint: endpoint)) }
        return gone
    }
}
