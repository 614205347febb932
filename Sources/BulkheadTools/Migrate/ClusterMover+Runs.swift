import Bulkhead
import BulkheadRDB
import BulkheadRESP
import Synchronization

/// How a run takes the place of an earlier one, and gives up its own.
///
/// Runs have numbers that grow. A run claims the whole source (``SourceClaim``), a slot of it, then the target's, and
/// only then reads the notes there, copies or deletes. A claim replaces an older number, and is refused by a newer one.
/// So of an older run that stands still, or whose script is on its way though it is dead, no step is done in a slot
/// after the claim; and what it has done there before is in the notes.
extension ClusterMover {
    func refuseUnfinished(_ lanes: [MigrationLane]) async throws(RedisError) {
        guard !plan.copies else { return }
        try await requireRest()
        if plan.resumes { return }
        guard try await source.values(of: notes.runKeys).isEmpty else { throw CrossServerMover.unfinished }
    }

    func begin(_ lanes: [MigrationLane]) async throws(RedisError) {
        if !plan.copies, plan.resumes { try await settleNotes() }
    }

    /// Settles what an earlier run has left, also in slots that have no key any more.
    private func settleNotes() async throws(RedisError) {
        let left = try await slotsWithNotes(in: source)
        let leftInTarget = try await slotsWithNotes(in: target)
        try await claimSource(left)
        try await claimTarget(leftInTarget)
    }

    /// The number of a run.
    private static func number(_ bytes: RESPBytes?) -> UInt64? {
        guard let text = bytes?.text else { return nil }
        return UInt64(text)
    }

    private func slotsWithNotes(in database: RedisDatabase) async throws(RedisError) -> Set<HashSlot> {
        var found: Set<HashSlot> = []
        for first in stride(from: 0, to: HashSlot.count, by: Self.slotsAtOnce) {
            let slots = (first..<min(first + Self.slotsAtOnce, HashSlot.count)).compactMap { HashSlot($0) }
            let isThere = try await database.exist(slots.map { notes.keys(of: $0)[0] })
            for (slot, isThere) in zip(slots, isThere) where isThere { found.insert(slot) }
        }
        return found
    }

    private static let slotsAtOnce = 1_024

    // MARK: Claims

    func claimSource(_ slots: Set<HashSlot>) async throws(RedisError) {
        let claimed = run.state.withLock { $0.source }
        let open = slots.filter { claimed[$0] == nil }
        for (slot, fields) in try await claim(open, in: source, isFull: true) {
            let since = Self.number(fields["since"]) ?? .max
            run.state.withLock { $0.source[slot] = since }
        }
    }

    /// Claims slots of the target, whose sources were claimed before, and settles what an earlier run has left there.
    ///
    /// One at a time: a lane that settled a slot once more would take back what the other has copied there since.
    func claimTarget(_ slots: Set<HashSlot>) async throws(RedisError) {
        if run.state.withLock({ slots.isSubset(of: $0.target) }) { return }
        await run.turns.take()
        defer { run.turns.give() }
        let open = run.state.withLock { slots.subtracting($0.target) }
        let fields = try await claim(open, in: target, isFull: plan.settles)
        for (slot, fields) in fields { try await settle(fields, of: slot) }
        run.state.withLock { $0.target.formUnion(open) }
    }

    /// The fields of each slot's notes.
    private func claim(
        _ slots: Set<HashSlot>, in database: RedisDatabase, isFull: Bool
    ) async throws(RedisError) -> [HashSlot: [RESPBytes: RESPBytes]] {
        var open = slots.map { (slot: $0, ended: RESPBytes?.none) }
        var found: [HashSlot: [RESPBytes: RESPBytes]] = [:]
        // More than once where a restart of a single server has ended the process that an earlier run knew.
        while !open.isEmpty {
            var batch = RedisBatch()
            for (slot, ended) in open {
                batch.append(
                    SlotScript.claim(
                        notes.keys(of: slot), run.number, notes.process, isFull: isFull,
                        replacing: ended.map { ($0, notes.key(of: slot, process: $0)) }))
            }
            var again: [(slot: HashSlot, ended: RESPBytes?)] = []
            for (slot, reply) in zip(open.map(\.slot), try await database.pipeline(batch)) {
                if let failure = reply.failure { throw failure }
                if case .null = reply { throw MigrationFence.lost }
                if let ended = reply.bytes {
                    again.append((slot, ended))
                } else {
                    guard let fields = try? [RESPBytes: RESPBytes](redis: reply) else { throw .strangeReply }
                    found[slot] = fields
                }
            }
            open = again
        }
        return found
    }

    // MARK: An earlier run

    /// Takes copies of an earlier run back where the source has the original: the very value, or any where nobody but
    /// this run can have moved keys since that one. All others stay: each may be the only one.
    private func settle(_ fields: [RESPBytes: RESPBytes], of slot: HashSlot) async throws(RedisError) {
        let (number, trusted) = (run.number, run.claim.trusted)
        for (field, value) in fields where SlotNotes.isNote(field) {
            let note = HandoverNotes.Note(bytes: Array(value))
            if note?.run == number { continue }
            if let note, let copied = note.keys.first {
                try await takeBack(copied, of: note, isTrusted: trusted.contains(note.run))
            }
            try await forget([(slot, Array(field))], in: target)
        }
    }

    private func takeBack(
        _ copied: HandoverNotes.Copied, of note: HandoverNotes.Note, isTrusted: Bool
    ) async throws(RedisError) {
        let slot = HashSlot(ofKey: copied.key)
        try await claimSource([slot])
        let mark = try await source.run(raw("HGET", notes.keys(of: slot)[0], SlotNotes.markField(copied.key))).bytes
        if mark?.elementsEqual(note.mark) == true { return }
        // Where the source has lost its notes since, it may have lost the mark as well.
        let since = run.state.withLock { $0.source[slot] } ?? .max
        let isWhole = since <= note.run
        guard let mine = try await reader.read([copied.key], source)[0],
            (isTrusted && isWhole) || copied.isSame(as: mine.value, mine.expiry),
            let found = try await targetReader.read([copied.name], target)[0],
            copied.isSame(as: found.value, found.expiry)
        else { return }
        let notes = notes.keys(of: HashSlot(ofKey: copied.name))
        _ = try await target.run(SlotScript.remove(copied.name, as: found, notes, run.number)).step()
    }

    // MARK: The end

    func finish(_ lanes: [MigrationLane]) async throws(RedisError) {
        guard !plan.copies else { return }
        // A run that stood still may have worked in slots that this one has not come by, until it lost the others.
        if plan.resumes { try await settleNotes() }
        let (mine, theirs) = run.state.withLock { (Set($0.source.keys), $0.target) }
        // A newer run needs what this one has not settled: it is the owner then, and nothing is removed.
        for (database, slots) in [(target, theirs), (source, mine)] {
            let slots = Array(slots)
            for first in stride(from: 0, to: slots.count, by: Self.slotsAtOnce) {
                var batch = RedisBatch()
                for slot in slots[first..<min(first + Self.slotsAtOnce, slots.count)] {
                    batch.append(SlotScript.release(notes.keys(of: slot), run.number))
                }
                if let failure = try await database.pipeline(batch).lazy.compactMap(\.failure).first { throw failure }
            }
        }
        let names = [MigrationFence.chain] + run.claim.names
        _ = try await source.run(SlotScript.end(names, owner: run.claim.token)).step()
    }
}
