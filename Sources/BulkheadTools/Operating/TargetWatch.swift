import Bulkhead
import BulkheadRESP
import Synchronization

/// Asks the server that keys are brought to whether they are safe there: before the first one, before each slice, and
/// before the source deletes what has arrived.
///
/// A server that evicts nothing is asked every tenth of a second only, one that may evict each time: INFO takes it some
/// 10 µs. Where INFO is denied the tools end before the first key.
final class TargetWatch: Sendable {
    private let judge: TargetJudge
    /// Of each primary, where the name lives in a cluster.
    private let primaries: [(part: RedisDatabase, judge: TargetJudge)]
    /// False where the server does not let us ask.
    private let canAsk: Bool
    private let state: Mutex<State>

    private struct State {
        var asked: ContinuousClock.Instant
        var evicts: Bool
        var mayHaveLost = false
    }

    /// Between two looks at a server that evicts nothing.
    private static let interval = Duration.milliseconds(100)

    init(_ name: DatabaseName, _ facts: ServerFacts) {
        judge = TargetJudge(name: name.text, first: TargetReading(info: facts.info))
        primaries = facts.primaries.map { primary in
            let label = "\(name.text) at \(primary.part.address)"
            return (primary.part, TargetJudge(name: label, first: TargetReading(info: primary.info)))
        }
        canAsk = !facts.info.isEmpty
        let evicts = ([judge] + primaries.map(\.judge)).contains { $0.first.evicts }
        state = Mutex(State(asked: .now, evicts: evicts))
    }

    /// True if the server has a limit of memory, so that an estimate of what comes is of use.
    var isLimited: Bool { ([judge] + primaries.map(\.judge)).contains { $0.first.limit != nil } }

    /// True if the server may remove keys when its memory is used up.
    var evicts: Bool { state.withLock { $0.evicts } }

    /// True if keys that were brought may be gone.
    var mayHaveLost: Bool { state.withLock { $0.mayHaveLost } }

    /// Throws the reason why keys of `coming` bytes must not be brought; nil if their size is not known.
    func begin(coming: Int?, slice: Int) throws(RedisError) {
        // Each primary gets its share of what comes, about.
        let judges = primaries.isEmpty ? [judge] : primaries.map(\.judge)
        let share = coming.map { $0 / judges.count }
        if let obstacle = judges.lazy.compactMap({ $0.obstacle(coming: share, slice: slice) }).first {
            throw RedisError(code: .commandRefused, message: obstacle, stage: .refused)
        }
    }

    /// Throws if something speaks against bringing `bytes` more, or against what was brought until now.
    ///
    /// - Parameter always: asks in any case; before a deletion, and at the end.
    func look(
        coming bytes: Int = 0, always: Bool = false, _ connection: some RedisExecutor
    ) async throws(RedisError) {
        guard canAsk else { return }
        let isDue = state.withLock { $0.evicts || ContinuousClock.now - $0.asked >= Self.interval }
        guard always || isDue else { return }
        if primaries.isEmpty { return try await look(coming: bytes, at: connection, judge) }
        for primary in primaries { try await look(coming: bytes, at: primary.part, primary.judge) }
    }

    private func look(
        coming bytes: Int, at server: some RedisExecutor, _ judge: TargetJudge
    ) async throws(RedisError) {
        let info = try await server.run(.info([]))
        let now = TargetReading(info: ServerFacts.fields(of: info.text))
        state.withLock {
            $0.evicts = primaries.isEmpty ? now.evicts : $0.evicts || now.evicts
            $0.asked = .now
            $0.mayHaveLost = $0.mayHaveLost || judge.mayHaveLost(in: now)
        }
        if let sign = judge.sign(in: now, coming: bytes) {
            throw RedisError(code: .commandRefused, message: sign, stage: .refused)
        }
    }
}
