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
        canAsk = !facts.info.isEmpty
        state = Mutex(State(asked: .now, evicts: judge.first.evicts))
    }

    /// True if the server has a limit of memory, so that an estimate of what comes is of use.
    var isLimited: Bool { judge.first.limit != nil }

    /// True if the server may remove keys when its memory is used up.
    var evicts: Bool { state.withLock { $0.evicts } }

    /// True if keys that were brought may be gone.
    var mayHaveLost: Bool { state.withLock { $0.mayHaveLost } }

    /// Throws the reason why keys of `coming` bytes must not be brought; nil if their size is not known.
    func begin(coming: Int?, slice: Int) throws(RedisError) {
        if let obstacle = judge.obstacle(coming: coming, slice: slice) {
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
        let info = try await connection.run(.info([]))
        let now = TargetReading(info: ServerFacts.fields(of: info.text))
        state.withLock {
            $0.evicts = now.evicts
            $0.asked = .now
            $0.mayHaveLost = $0.mayHaveLost || judge.mayHaveLost(in: now)
        }
        if let sign = judge.sign(in: now, coming: bytes) {
            throw RedisError(code: .commandRefused, message: sign, stage: .refused)
        }
    }
}
