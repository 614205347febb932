import Bulkhead
import BulkheadRDB
import BulkheadRESP

/// Keeps two runs of a migration between two servers from deleting one key, the one here and the other there.
///
/// In both databases a key names the run that may move keys: a fencing token. Every transaction of a move watches it,
/// after a look that it is the run's own, so that it commits only if nobody has claimed the database since. A run
/// claims the source, then the target, and only then reads notes, deletes, or takes anything back. So of an older run
/// that stands still, or whose EXEC is on its way though its client is dead, this holds:
///
/// - Between its copy and its deletion: the deletion was committed before the claim, with a note that is read after it,
///   or never will be. A copy that is taken back leaves its original.
/// - Between its failed deletion and taking back its copy: the copy goes before the target is claimed, when the new run
///   has deleted nothing yet, or never does. An original that is deleted leaves its copy.
///
/// Two names each: one of the addresses that were given, which outlives a restart, and one of the processes, which is
/// the same whatever an address is written like. Migrations between other pairs of databases have others.
struct MigrationFence: Sendable {
    /// The number of this run.
    let run: UInt64
    /// The keys that hold the token, of the addresses first.
    let names: [RESPBytes]

    /// In the source: the runs, newest first, each of which replaced the one before.
    static let chain = RESPBytes(HandoverNotes.prefix + Array("chain".utf8))
    /// Runs of a chain that are remembered; what older ones have left is looked at with more care.
    private static let longestChain = 16

    init(_ plan: MigrationPlan, from source: ServerFacts, to target: ServerFacts, _ notes: HandoverNotes) {
        run = plan.run ?? .random(in: .min ... .max)
        var names = [notes.ownerKey]
        if !source.runID.isEmpty, !target.runID.isEmpty {
            let process = HandoverNotes.identity(source.runID, plan.from.number, target.runID, plan.to.number)
            names.append("bulkhead:migration:\(process):process")
        }
        self.names = names.map { RESPBytes($0) }
    }

    /// What the keys hold: the run, and its name of the processes, to be removed when these are gone.
    var token: [UInt8] {
        var token = Array("\(String(run, radix: 16)) ".utf8)
        if let name = names.last { token.append(contentsOf: name) }
        return token
    }

    private var claim: [(key: RESPBytes, value: [UInt8])] {
        let token = token
        return names.map { (key: $0, value: token) }
    }

    /// Watches these keys and the claim, and none that were watched before; throws if another run has claimed it.
    func watch(_ keys: [RESPBytes], _ connection: RedisConnection) async throws(RedisError) {
        var batch = RedisBatch()
        batch.append(raw("UNWATCH"))
        batch.append(RedisCommand<RESPValue>.raw("WATCH", names + keys, as: RESPValue.self))
        for name in names { batch.append(raw("GET", name)) }
        let replies = try await connection.pipeline(batch)
        if let failure = replies.lazy.compactMap(\.failure).first { throw failure }
        let token = token
        guard replies.dropFirst(2).allSatisfy({ $0.bytes?.elementsEqual(token) == true }) else { throw Self.lost }
    }

    /// Whether another run has claimed the database and not given it up.
    func isClaimed(_ connection: RedisConnection) async throws(RedisError) -> Bool {
        try await connection.exist(names).contains(true)
    }

    /// Claims the source. The runs before this one whose notes are to be trusted: since the first of them nobody else
    /// has moved keys out of this database, by this or by any other name of it.
    func claimSource(_ connection: RedisConnection) async throws(RedisError) -> Set<UInt64> {
        try await Self.claimSource([self], connection)[0]
    }

    /// Claims the source for all targets of a run, in one step: the notes of a target that a killed run had not claimed
    /// yet would not be trusted by the next one.
    static func claimSource(
        _ fences: [MigrationFence], _ connection: RedisConnection
    ) async throws(RedisError) -> [Set<UInt64>] {
        guard let run = fences.first?.run else { return [] }
        for _ in 1...MigrationPlan.Limits.attempts {
            try await connection.watch(fences.flatMap(\.names) + [Self.chain])
            var formers: [UInt64?] = []
            var outlived: [RESPBytes] = []
            for fence in fences {
                let former = try await fence.holder(connection)
                formers.append(former?.run)
                outlived += fence.outlived(former)
            }
            let runs = Self.runs(try await connection.run(raw("GET", Self.chain)).bytes)
            let chain = Self.chain(runs, before: run, replacing: formers)
            let values = fences.flatMap(\.claim) + [(key: Self.chain, value: Self.chain(of: [run] + chain.kept))]
            if try await connection.write(values, removing: outlived) { return chain.trusted.map { Set($0) } }
        }
        throw Self.lost
    }

    /// Claims the target, after the source.
    func claimTarget(_ connection: RedisConnection) async throws(RedisError) {
        for _ in 1...MigrationPlan.Limits.attempts {
            try await connection.watch(names)
            let former = try await holder(connection)
            if try await connection.write(claim, removing: outlived(former)) { return }
        }
        throw Self.lost
    }

    /// Gives up both claims. A run that has claimed them since the look stops as if it had lost them.
    func release(_ lane: MigrationLane) async throws(RedisError) {
        for (connection, names) in [(lane.target, names), (lane.source, names + [Self.chain])] {
            try await watch([], connection)
            try await connection.run(RedisCommand<RESPValue>.raw("UNLINK", names))
        }
    }

    private func holder(_ connection: RedisConnection) async throws(RedisError) -> (run: UInt64, process: RESPBytes)? {
        guard let bytes = try await connection.run(raw("GET", names[0])).bytes else { return nil }
        let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard words.count == 2, let run = UInt64(String(decoding: words[0], as: UTF8.self), radix: 16) else {
            return nil
        }
        return (run, RESPBytes(words[1]))
    }

    /// The name of processes that a restart has ended.
    private func outlived(_ former: (run: UInt64, process: RESPBytes)?) -> [RESPBytes] {
        guard let name = former?.process, !names.contains(name), name.starts(with: HandoverNotes.prefix) else {
            return []
        }
        return [name]
    }

    /// What a run makes of the chain that it finds: which runs it leaves behind itself, and for each target the runs
    /// whose notes it trusts. `formers` are the runs that had its claims.
    ///
    /// A run whose targets are servers and clusters claims the source once for each kind, and finds itself in the chain
    /// the second time. The first claim for a target has no notes to trust, and the other targets need what the chain
    /// says. One that does not follow its former run breaks the chain.
    static func chain(
        _ runs: [UInt64], before run: UInt64, replacing formers: [UInt64?]
    ) -> (kept: [UInt64], trusted: [[UInt64]]) {
        let before = runs.first == run ? Array(runs.dropFirst()) : runs
        let trusted = formers.map { former in former != nil && former == before.first ? before : [] }
        let isBroken = formers.contains { former in former != nil && former != before.first }
        return (isBroken ? [] : before, trusted)
    }

    /// The number of a run that begins at this time of the source, in milliseconds: higher than those before it.
    /// Two runs that begin in the same millisecond get the same number once in four million times.
    static func number(at time: Int64) -> UInt64 {
        UInt64(max(1, time)) << randomBits | .random(in: 0..<(1 << randomBits))
    }

    /// Enough room is left for times until 2109.
    private static let randomBits: UInt64 = 22

    /// The chain as it is written.
    static func chain(of runs: [UInt64]) -> [UInt8] {
        Array(runs.prefix(longestChain).map { String($0, radix: 16) }.joined(separator: " ").utf8)
    }

    static func runs(_ bytes: RESPBytes?) -> [UInt64] {
        String(decoding: bytes ?? [], as: UTF8.self).split(separator: " ").compactMap { UInt64($0, radix: 16) }
    }

    static let lost = RedisError(
        code: .commandRefused,
        message: "another migration between these databases has begun and taken the place of this one: wait until that "
            + "has ended, because going on now ends it",
        stage: .refused)

    /// Where a side is a cluster.
    static let missing = RedisError(
        code: .commandRefused,
        message: "notes of this migration are gone: another migration has taken its place and has ended, or they were "
            + "evicted, flushed, or lost in a failover",
        stage: .refused)
}
