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
    /// The claim to the source; the keys in the target have the same names and values.
    let claim: SourceClaim
    /// The keys that hold the token, of the addresses first.
    var names: [RESPBytes] { claim.names }
    /// The number of this run.
    var run: UInt64 { claim.run }
    /// What the keys hold.
    var token: [UInt8] { claim.token }

    /// In the source: the runs, newest first, each of which replaced the one before.
    static let chain = RESPBytes(HandoverNotes.prefix + Array("chain".utf8))
    /// Runs of a chain that are remembered; what older ones have left is looked at with more care.
    private static let longestChain = 16

    init(_ plan: MigrationPlan, from source: ServerFacts, to target: ServerFacts, _ notes: HandoverNotes) {
        var names = [notes.ownerKey]
        if !source.runID.isEmpty, !target.runID.isEmpty {
            let process = HandoverNotes.identity(source.runID, plan.from.number, target.runID, plan.to.number)
            names.append("bulkhead:migration:\(process):process")
        }
        claim = SourceClaim(names.map { RESPBytes($0) }, isMisplaced: plan.keys.isMisplaced)
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

    /// Claims the target, after the source.
    func claimTarget(_ connection: RedisConnection) async throws(RedisError) {
        for _ in 1...MigrationPlan.Limits.attempts {
            let held = try await SourceClaim.held(names, [claim], in: connection, watching: connection)
            if try await connection.swap(claim.taking(of: held, as: run)) { return }
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

    /// What a run makes of the chain that it finds: which runs it leaves behind itself, and for each target the runs
    /// whose notes it trusts. `formers` are the runs that had its claims.
    ///
    /// The first claim for a target has no notes to trust, and the other targets need what the chain says. One that
    /// does not follow its former run breaks the chain.
    static func chain(
        _ runs: [UInt64], replacing formers: [UInt64?]
    ) -> (kept: [UInt64], trusted: [[UInt64]]) {
        let trusted = formers.map { former in former != nil && former == runs.first ? runs : [] }
        let isBroken = formers.contains { former in former != nil && former != runs.first }
        return (isBroken ? [] : runs, trusted)
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
