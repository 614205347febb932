import Bulkhead
import BulkheadBenchmarkSupport
import Synchronization

/// What became of every INCR.
final class Ledger: Sendable {
    enum Fate: Sendable {
        case underWay, acknowledged, ambiguous, unsent
    }

    struct Acknowledgement: Sendable {
        /// Nanoseconds of the monotonic clock.
        let instant: Int64
        /// The port of the server that ran it, where that was asked.
        let port: Int
    }

    private struct State {
        var fates: [Fate] = []
        var acknowledgements: [Acknowledgement] = []
        var codes: [String: Int] = [:]
        var latestOf: [String: RedisError] = [:]
        var roles: Set<String> = []
        var isOver = false
    }

    private let state = Mutex(State())

    var isOver: Bool { state.withLock { $0.isOver } }
    var acknowledged: Int { state.withLock { $0.acknowledgements.count } }
    var latest: Acknowledgement? { state.withLock { $0.acknowledgements.last } }
    /// Those behind the first so many, in their order.
    func acknowledgements(from first: Int) -> [Acknowledgement] {
        state.withLock { Array($0.acknowledgements[first...]) }
    }
    var fates: [Fate] { state.withLock { $0.fates } }
    /// The codes of all errors, with how often each came.
    var codes: [String: Int] { state.withLock { $0.codes } }
    /// The latest error of each code and stage, for whoever asks why nothing goes on.
    var latestErrors: [String] { state.withLock { $0.latestOf.values.map(\.description).sorted() } }
    /// What the servers said they were that ran something.
    var roles: Set<String> { state.withLock { $0.roles } }

    func end() { state.withLock { $0.isOver = true } }

    /// The number of the next one.
    func begin() -> Int {
        state.withLock { state in
            state.fates.append(.underWay)
            return state.fates.count - 1
        }
    }

    /// - Parameter reply: `role port value` of a script, or the value alone.
    func ended(_ number: Int, _ result: Result<String, RedisError>) {
        let now = MonotonicClock.now()
        state.withLock { state in
            switch result {
            case .success(let reply):
                let words = reply.split(separator: " ")
                state.fates[number] = .acknowledged
                if words.count == 3 { state.roles.insert(String(words[0])) }
                state.acknowledgements.append(
                    Acknowledgement(instant: now, port: words.count == 3 ? Int(words[1]) ?? 0 : 0))
            case .failure(let error):
                state.fates[number] = error.isAmbiguous ? .ambiguous : .unsent
                state.codes["\(error.code)", default: 0] += 1
                state.latestOf["\(error.code) \(error.stage)"] = error
            }
        }
    }

    /// The longest time without an acknowledgement that had not ended at that instant.
    func longestPause(since start: Int64) -> Int64 {
        let instants = acknowledgements(from: 0).map(\.instant).sorted()
        return zip(instants, instants.dropFirst()).filter { $0.1 > start }.map { $0.1 - $0.0 }.max() ?? 0
    }
}

/// What one fault cost.
struct Cost: Sendable {
    /// Nanoseconds.
    var pauses: [Int64] = []
    var acknowledged = 0
    var unsent = 0
    var ambiguous = 0
    var ambiguousThatRan = 0
    /// Acknowledged, and not there afterwards.
    var lost = 0
    /// Must be zero: ran twice, or ran although the error said that it was not sent.
    var twice = 0
    var unsentThatRan = 0
    /// Must be zero behind sentinels: writes that a replica refused.
    var atReplicas = 0
    var codes: [String: Int] = [:]
    var roles: Set<String> = []

    /// Compares what the callers were told with what is there.
    ///
    /// - Parameter counts: of each INCR, by its number; nil where its key is not there.
    init(_ ledger: Ledger, _ counts: [Int?], since start: Int64) {
        pauses = [ledger.longestPause(since: start)]
        for (fate, count) in zip(ledger.fates, counts) {
            if let count, count > 1 { twice += 1 }
            switch fate {
            case .acknowledged:
                acknowledged += 1
                if count == nil { lost += 1 }
            case .ambiguous:
                ambiguous += 1
                if count != nil { ambiguousThatRan += 1 }
            case .unsent, .underWay:
                unsent += 1
                if count != nil { unsentThatRan += 1 }
            }
        }
        codes = ledger.codes
        roles = ledger.roles
    }

    static func + (left: Cost, right: Cost) -> Cost {
        var sum = left
        sum.pauses += right.pauses
        sum.acknowledged += right.acknowledged
        sum.unsent += right.unsent
        sum.ambiguous += right.ambiguous
        sum.ambiguousThatRan += right.ambiguousThatRan
        sum.lost += right.lost
        sum.twice += right.twice
        sum.unsentThatRan += right.unsentThatRan
        sum.atReplicas += right.atReplicas
        sum.codes.merge(right.codes, uniquingKeysWith: +)
        sum.roles.formUnion(right.roles)
        return sum
    }
}
