import Synchronization

/// What the server has acknowledged, so that a read can be judged: which values it may return.
///
/// A value says its home, a number that it was written in, and its place in the history of its key. SWAPDB moves homes
/// from one database to another; a flush makes a place in the history that is nothing.
final class Ledger: Sendable {
    static let keys = 64
    static let homes = 4

    private struct Key {
        /// The latest change that was sent, and that was acknowledged.
        var sent = 0
        var acknowledged = 0
        /// The latest change that removed the key.
        var removed = 0
    }

    private struct State {
        var keys = Array(repeating: Array(repeating: Key(), count: Ledger.keys), count: Ledger.homes)
        /// Swaps of the databases 0 and 1 that were sent, and that were acknowledged.
        var swapsSent = 0
        var swapsAcknowledged = 0
    }

    private let state = Mutex(State())

    /// What held when a reader looked: nothing older may be read from then on.
    struct Floor: Sendable {
        fileprivate let acknowledged: [[Int]]
        fileprivate let swaps: Int
    }

    func floor() -> Floor {
        state.withLock { state in
            Floor(acknowledged: state.keys.map { $0.map(\.acknowledged) }, swaps: state.swapsAcknowledged)
        }
    }

    /// The home that is in a database after so many swaps.
    static func home(in database: Int, after swaps: Int) -> Int {
        database < 2 && swaps % 2 == 1 ? 1 - database : database
    }

    /// The database that holds a home while nothing is swapped.
    func database(of home: Int) -> Int { state.withLock { Self.home(in: home, after: $0.swapsSent) } }

    /// A change is about to be sent; its place in the key's history.
    func sending(_ home: Int, _ key: Int, isRemoval: Bool) -> Int {
        state.withLock { state in
            state.keys[home][key].sent += 1
            if isRemoval { state.keys[home][key].removed = state.keys[home][key].sent }
            return state.keys[home][key].sent
        }
    }

    func acknowledged(_ home: Int, _ key: Int, _ place: Int) {
        state.withLock { $0.keys[home][key].acknowledged = max($0.keys[home][key].acknowledged, place) }
    }

    /// All keys of these homes are about to be removed; nothing else is written meanwhile.
    func sendingFlush(of homes: Range<Int>) {
        for home in homes { for key in 0..<Self.keys { _ = sending(home, key, isRemoval: true) } }
    }

    func flushed(_ homes: Range<Int>) {
        state.withLock { state in
            for home in homes {
                for key in 0..<Self.keys { state.keys[home][key].acknowledged = state.keys[home][key].sent }
            }
        }
    }

    func sendingSwap() { state.withLock { $0.swapsSent += 1 } }
    func swapped() { state.withLock { $0.swapsAcknowledged += 1 } }

    enum Verdict: Sendable { case current, behind, stale }

    /// Judges what was read from a database. It is stale if it was not the server's any more when the reader looked;
    /// behind, if the server had acknowledged a newer one when the read began, whose invalidation was under way.
    func judge(_ value: String?, of key: Int, in database: Int, _ floor: Floor, _ start: Floor) -> Verdict {
        if !isPossible(value, of: key, in: database, since: floor) { return .stale }
        return isPossible(value, of: key, in: database, since: start) ? .current : .behind
    }

    private func isPossible(_ value: String?, of key: Int, in database: Int, since floor: Floor) -> Bool {
        state.withLock { state in
            (floor.swaps...max(floor.swaps, state.swapsSent)).prefix(2).contains { swaps in
                let home = Self.home(in: database, after: swaps)
                let least = floor.acknowledged[home][key]
                guard let value else {
                    // Nothing: it was never written by then, or was removed since.
                    return least == 0 || state.keys[home][key].removed >= least
                }
                let parts = value.split(separator: ":").compactMap { Int($0) }
                return parts.count == 2 && parts[0] == home && parts[1] >= least
            }
        }
    }
}
