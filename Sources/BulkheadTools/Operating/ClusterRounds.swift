/// What one primary of a cluster says of its own slots.
struct ClusterShare: Sendable, Hashable {
    /// The primary, whatever its address.
    let id: String
    let slots: Set<Int>
    /// It has taken over slots since, if this grows.
    let epoch: Int
    /// Keys of others' slots may be on their way to it.
    let isImporting: Bool
    /// The servers that its own slots are on their way to.
    let takers: Set<String>
    /// How many MIGRATEs of others have brought keys to it; nil where it does not say.
    let arrivals: Int?

    /// Reads the server's own line of CLUSTER NODES, and INFO's statistics of commands; nil where there is no line.
    init?(nodes: String, commands: [String: String] = [:]) {
        guard let line = nodes.split(separator: "\n").first(where: { $0.contains("myself") }) else { return nil }
        let words = line.split(separator: " ")
        guard words.count >= 8, let epoch = Int(words[6]) else { return nil }
        var slots: Set<Int> = []
        var takers: Set<String> = []
        for word in words.dropFirst(8) {
            if word.hasPrefix("[") {
                // `[slot->-node]`
                if word.contains("->-"), let end = word.lastIndex(of: "-") {
                    takers.insert(String(word[word.index(after: end)...].dropLast()))
                }
                continue
            }
            let ends = word.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, first >= 0, last < ClusterFacts.allSlots
            else { continue }
            slots.formUnion(first...last)
        }
        let isImporting = words.dropFirst(8).contains { $0.contains("-<-") }
        // MIGRATE speaks it to a server of a cluster, and nobody else does.
        let calls = commands["cmdstat_restore-asking"]?.split(separator: ",").first?.split(separator: "=").last
        self.init(
            id: String(words[0]), slots: slots, epoch: epoch, isImporting: isImporting, takers: takers,
            arrivals: commands.isEmpty ? nil : calls.flatMap { Int($0) } ?? 0)
    }

    init(
        id: String, slots: Set<Int>, epoch: Int = 0, isImporting: Bool = false, takers: Set<String> = [],
        arrivals: Int? = nil
    ) {
        self.id = id
        self.slots = slots
        self.epoch = epoch
        self.isImporting = isImporting
        self.takers = takers
        self.arrivals = arrivals
    }

    /// True if keys may have come to it since it said `before`.
    fileprivate func mayHaveBeenGivenKeys(since before: ClusterShare) -> Bool {
        isImporting || before.isImporting || epoch != before.epoch || arrivals != before.arrivals
            || !slots.isSubset(of: before.slots)
    }
}

/// Which primaries of a cluster a walk over all keys scans, and which it scans once more.
///
/// A key that moves from a primary that is still to be scanned to one that was scanned already is in neither scan. So
/// every primary that may have been given keys since the last round began is scanned again, in another round, until
/// none was: a key that is at one of the others was there for all of its scan. Nothing ends the walk before, but
/// ``most`` rounds in which slots moved: then not all keys are known to have been found, and the walk fails. A key may
/// be found more than once.
struct ClusterRounds: Sendable {
    enum Step: Equatable {
        /// Another round, after a pause.
        case again
        /// Every key has been found.
        case over
        /// Slots move without end.
        case neverAtRest
    }

    private var shares: [String: ClusterShare]
    /// The primaries of this round that are still to be scanned.
    private var left: [String]
    private(set) var round = 1

    /// With the pauses between them about half a minute, and the time of the scans.
    static let most = 20

    init(_ shares: [ClusterShare]) {
        self.shares = Self.byID(shares)
        left = shares.map(\.id)
    }

    /// The next primary to scan; nil at the end of the round.
    mutating func next() -> String? { left.isEmpty ? nil : left.removeFirst() }

    /// The round is over, and this is what the primaries say now.
    mutating func step(_ now: [ClusterShare]) -> Step {
        let given = now.filter { share in shares[share.id].map(share.mayHaveBeenGivenKeys) ?? true }
        shares = Self.byID(now)
        // A server without any slot has no place in the map until its first one has come.
        let isGivenToUnknown = now.contains { !$0.takers.isSubset(of: shares.keys) }
        if given.isEmpty, !isGivenToUnknown { return .over }
        round += 1
        if round > Self.most { return .neverAtRest }
        left = given.map(\.id)
        return .again
    }

    /// Before the next round: slots that move may come to rest.
    var pause: Duration { .milliseconds(min(50 << min(round, 6), 2_000)) }

    private static func byID(_ shares: [ClusterShare]) -> [String: ClusterShare] {
        Dictionary(shares.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
