import BulkheadRDB
import BulkheadRESP

/// What became of one key. Each key that was found has exactly one, so that the counts add up.
enum KeyOutcome: Sendable, Hashable {
    /// It is in the target, and with a move no longer in the source.
    case moved(Arrival)
    /// The target has a key of that name, and both are as they were.
    case conflict
    /// Somebody wrote it while it was moved: it stays in the source as the writer left it.
    case changed(String)
    /// It expired, or somebody deleted it, between the scan and its turn.
    case expired
    /// It stays where it is for a reason that is said.
    case failed(String)
    /// The same, and another run would end so again.
    case impossible(String)

    struct Arrival: Sendable, Hashable {
        /// A key of that name was there before.
        var hasReplaced = false
        /// What both sides were compared for; nil if they were not, empty if they are the same.
        var differences: String?
    }

    static let moved = KeyOutcome.moved(Arrival())
}

/// Some keys that go together, and what became of each so far.
struct MigrationSlice: Sendable {
    let keys: [RESPBytes]
    /// Nil for a key whose turn has not come, or whose reply has not.
    var outcomes: [KeyOutcome?]

    init(_ keys: [RESPBytes]) {
        self.keys = keys
        outcomes = Array(repeating: nil, count: keys.count)
    }

    /// Where the keys without an outcome stand.
    var open: [Int] { outcomes.indices.filter { outcomes[$0] == nil } }

    /// Of what was read at these places, what a target of this version can take; all else has its outcome.
    mutating func restorable(
        _ places: [Int], _ answers: [KeyDump?], on version: RDBVersion, _ largest: LargestPiece
    ) -> [(key: DumpedKey, dump: KeyDump)] {
        var dumped: [(key: DumpedKey, dump: KeyDump)] = []
        for (index, answer) in zip(places, answers) {
            guard let answer else {
                outcomes[index] = .expired
                continue
            }
            do {
                let payload = try answer.value.payload(for: version)
                if let obstacle = largest.obstacle(to: payload.count) {
                    outcomes[index] = .impossible("its value is \(obstacle)")
                    continue
                }
                dumped.append((DumpedKey(place: index, answer, restored: payload), answer))
            } catch {
                outcomes[index] = .impossible("the target cannot take it: \(error.message)")
            }
        }
        return dumped
    }
}
