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
    private let name: DatabaseName
    /// The name, where it lives in a cluster; and each primary that was there before the first key.
    private let whole: RedisDatabase?
    private let primaries: [(address: String, judge: TargetJudge)]
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
        self.name = name
        whole = facts.whole
        let place = facts.address.isEmpty ? name.text : "\(name.text) at \(facts.address)"
        judge = TargetJudge(name: place, first: TargetReading(info: facts.info))
        primaries = facts.primaries.map { primary in
            let label = "\(name.text) at \(primary.part.address)"
            return (primary.part.address, TargetJudge(name: label, first: TargetReading(info: primary.info)))
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
        guard let whole else { return try require(try await reading(of: connection), by: judge, coming: bytes) }
        try await whole.withParts { (parts: [RedisDatabase]) async throws(RedisError) in
            var readings: [(address: String, now: TargetReading)] = []
            for part in parts { readings.append((address: part.address, now: try await reading(of: part))) }
            try require(readings, coming: bytes)
        }
    }

    private func reading(of server: some RedisExecutor) async throws(RedisError) -> TargetReading {
        TargetReading(info: ServerFacts.fields(of: try await server.run(.info([])).text))
    }

    /// Throws if there is a primary that was none before the first key: nobody has asked it whether it keeps what it
    /// gets. One that has left its slots to others that are known may be missing.
    private func require(
        _ readings: [(address: String, now: TargetReading)], coming bytes: Int
    ) throws(RedisError) {
        for (address, now) in readings {
            if let judge = known(at: address, now.runID) {
                try require(now, by: judge, coming: bytes)
                continue
            }
            // A replica that has taken the place of its primary may lack what that had acknowledged.
            let isReplacement = primaries.contains { primary in
                !readings.contains { $0.address == primary.address || $0.now.runID == primary.judge.first.runID }
            }
            state.withLock { $0.mayHaveLost = $0.mayHaveLost || isReplacement }
            throw RedisError(
                code: .commandRefused,
                message: "\(address) has become a primary of \(name)'s cluster meanwhile, and was not asked before the "
                    + "first key whether it keeps what it gets: another run asks it",
                stage: .refused)
        }
    }

    /// What was said by this process before the first key, or by the one before it at this address.
    private func known(at address: String, _ runID: String?) -> TargetJudge? {
        let same = runID == nil ? nil : primaries.first(where: { $0.judge.first.runID == runID })
        return (same ?? primaries.first(where: { $0.address == address }))?.judge
    }

    private func require(_ now: TargetReading, by judge: TargetJudge, coming bytes: Int) throws(RedisError) {
        state.withLock {
            $0.evicts = whole == nil ? now.evicts : $0.evicts || now.evicts
            $0.asked = .now
            $0.mayHaveLost = $0.mayHaveLost || judge.mayHaveLost(in: now)
        }
        if let sign = judge.sign(in: now, coming: bytes) {
            throw RedisError(code: .commandRefused, message: sign, stage: .refused)
        }
    }
}
