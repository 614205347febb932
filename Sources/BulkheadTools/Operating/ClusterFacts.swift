import Bulkhead

/// The cluster that a server is a node of: a part of the keys is on each of its primaries.
package struct ClusterFacts: Sendable, Hashable {
    /// Where its primaries with slots listen, as the node says; empty if it does not.
    package var primaries: [String] = []
    /// Slots that some primary has.
    package var slots = 0
    /// The identifiers of its servers, by which a cluster is known whatever its addresses are; none if the node does
    /// not say.
    package var servers: Set<String> = []
    /// A slot of the node is on its way to or from another one, key by key (CLUSTER SETSLOT).
    package var movesKeyByKey = false

    /// Slots of every cluster.
    static let allSlots = 16_384

    package init(primaries: [String] = [], slots: Int = 0) {
        self.primaries = primaries
        self.slots = slots
    }

    /// What the cluster is called: the lowest identifier of its servers. Another one if that server is replaced, or if
    /// one with a lower identifier joins.
    var id: String? { servers.min() }

    /// One primary has every slot, so that a node has every key.
    var isOfOnePrimary: Bool { primaries.count == 1 && slots == Self.allSlots }

    /// Asks a node; nil if the server is not a node, or if the commands are denied.
    init?(of database: RedisDatabase) async {
        guard let reply = try? await database.send("CLUSTER", "SLOTS") else { return nil }
        for range in reply.elements ?? [] {
            guard let fields = range.elements, fields.count >= 3, let first = fields[0].integer,
                let last = fields[1].integer, let node = fields[2].elements, node.count >= 2,
                let port = node[1].integer
            else { continue }
            // A node that does not know its own address is the one that was asked.
            let host = node[0].bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let address = host.isEmpty || host == "?" ? database.address : "\(host):\(port)"
            if !primaries.contains(address) { primaries.append(address) }
            // There are no others.
            guard first >= 0, first <= last, last < Self.allSlots else { continue }
            slots += Int(last - first) + 1
        }
        // The node's own line ends with `[slot->-node]` and `[slot-<-node]`.
        let nodes = try? await database.send("CLUSTER", "NODES", as: String.self)
        movesKeyByKey = nodes?.contains { $0 == "[" } == true
        servers = nodes.map { Self.servers(inNodes: $0) } ?? []
    }

    /// The identifiers in a reply of CLUSTER NODES. A server that is still met has one for the moment only.
    static func servers(inNodes nodes: String) -> Set<String> {
        let known = nodes.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            guard words.count > 2, !words[2].split(separator: ",").contains("handshake") else { return nil }
            return String(words[0])
        }
        return Set(known)
    }
}

extension ServerFacts {
    /// True if the name lives in a cluster, so that its commands go to all primaries.
    var isWholeCluster: Bool { !primaries.isEmpty }

    /// True if both are nodes of one cluster, by what they say.
    func isSameCluster(as other: ServerFacts) -> Bool {
        guard let mine = cluster?.servers, let theirs = other.cluster?.servers else { return false }
        return !mine.isDisjoint(with: theirs)
    }

    /// True if another node has keys of the same database, or may have.
    var hasPartOfKeys: Bool { isCluster && !isWholeCluster && cluster?.isOfOnePrimary != true }

    /// What this node is, behind the name of a database: `a node of a cluster, whose keys are on …`.
    var partInWords: String {
        guard let primaries = cluster?.primaries, !primaries.isEmpty else {
            return "a node of a cluster, which has a part of the keys only"
        }
        return "a node of a cluster, whose keys are on \(primaries.joined(separator: ", "))"
    }

    /// Why a tool that takes all keys of a database has no business here, and what to do; nil if it has.
    ///
    /// - Parameter what: what would come of it: `a backup of it`.
    func clusterObstacle(_ name: DatabaseName, at address: String, _ what: String, remedy: String) -> RedisError? {
        guard hasPartOfKeys else { return nil }
        return RedisError(
            code: .commandRefused,
            message: "\(name) is on \(partInWords): \(what) would be a part. "
                + remedy.replacing("ADDRESS", with: cluster?.primaries.first ?? address),
            stage: .refused)
    }
}
