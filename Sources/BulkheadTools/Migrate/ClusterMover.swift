import Bulkhead
import BulkheadRDB
import BulkheadRESP
import Synchronization

/// Moves or copies keys into, out of, between and within clusters: what ``CrossServerMover`` does, by scripts.
///
/// ```
/// source   claim the slots, then                            a later run that claims them ends this one
/// target   claim the slots                                  and finishes what an earlier one has left there
/// source   script: idle time, expiry, DUMP                  each key by itself, through the cluster's own routing
/// target   script: only if the name is free: RESTORE, note  atomic
/// target   script: DUMP, expiry                             compared with what the source gave
/// target   INFO of all primaries                            none has begun to evict, or to lose what it has
/// source   script: only if it is as it was: UNLINK, mark    atomic
/// both     the notes of the slice are forgotten
/// ```
/// A connection of a cluster leads to one server, and WATCH ends where a slot moves. So nothing here holds state in a
/// connection: each script compares in itself what it depends on, and is redirected as any command. Two values of one
/// key count as the same if length, checksum and expiry are.
struct ClusterMover: KeyMover {
    let plan: MigrationPlan
    let source: RedisDatabase
    let target: RedisDatabase
    let notes: SlotNotes
    let targetFacts: ServerFacts
    let targetWatch: TargetWatch
    let reader: DumpReader
    let targetReader: DumpReader
    let largest: LargestPiece
    /// Both databases are of one cluster, whose slots must rest meanwhile.
    let isOneCluster: Bool
    let run: Run

    /// What is known of this run since it began.
    final class Run: Sendable {
        struct State {
            /// The slots of the source that are claimed, each with the run that made its notes.
            var source: [HashSlot: UInt64] = [:]
            var target: Set<HashSlot> = []
        }

        let claim: SourceClaim
        let state = Mutex(State())
        let turns = Turns()
        var number: UInt64 { claim.run }

        init(_ claim: SourceClaim) { self.claim = claim }
    }

    init(
        _ plan: MigrationPlan, from source: RedisDatabase, _ sourceFacts: ServerFacts, to target: RedisDatabase,
        _ targetFacts: ServerFacts, watching targetWatch: TargetWatch? = nil
    ) {
        self.plan = plan
        self.source = source
        self.target = target
        self.targetFacts = targetFacts
        self.targetWatch = targetWatch ?? TargetWatch(plan.to.name, targetFacts)
        notes = SlotNotes(
            plan, from: MigrationPlace(sourceFacts, at: source.address),
            to: MigrationPlace(targetFacts, at: target.address))
        run = Run(SourceClaim(notes.runKeys, isOrdered: true, isMisplaced: plan.keys.isMisplaced))
        reader = DumpReader(of: sourceFacts, isAtomic: true, usesScript: true)
        targetReader = DumpReader(of: targetFacts, isAtomic: true, usesScript: true)
        largest = LargestPiece(targetFacts)
        isOneCluster = sourceFacts.isSameCluster(as: targetFacts)
    }

    /// A step is a dozen round trips, and its keys are of several servers.
    var leastKeys: Int { 32 }

    var claims: [SourceClaim] { plan.copies ? [] : [run.claim] }

    /// With REPLACE the target's own keys are given up anyway, and a copy takes nothing from the source.
    var keepsNotes: Bool { !plan.copies && plan.conflicts != .replace }

    /// A key that has arrived, and how it was found there.
    struct Arrived: Sendable {
        let key: DumpedKey
        let dump: KeyDump
        let found: KeyDump?
        let note: HandoverNotes.Note
    }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        try await requireRest()
        if !plan.copies {
            try await claimSource(Set(slice.keys.map { HashSlot(ofKey: $0) }))
            try await claimTarget(Set(slice.keys.map { HashSlot(ofKey: plan.name(for: $0)) }))
        }
        let sizes = try await source.sizes(of: slice.keys)
        var part: [Int] = []
        var bytes = 0
        for index in slice.keys.indices {
            if !part.isEmpty, bytes + sizes[index] > MigrationPlan.Limits.bytesOfSlice {
                try await move(part, bytes, &slice)
                part = []
                bytes = 0
            }
            part.append(index)
            bytes += sizes[index]
        }
        try await move(part, bytes, &slice)
    }

    /// Within one cluster no slot may be on its way.
    func requireRest() async throws(RedisError) {
        if isOneCluster { try await source.requireSlotsAtRest() }
    }

    /// Before a deletion in the source: what was compared is there still if nothing has been evicted and no slot moves.
    private func lookBeforeDeletion() async throws(RedisError) {
        try await targetWatch.look(always: true, target)
        try await requireRest()
    }

    /// Moves the keys at these places; those that change meanwhile a few times.
    private func move(_ part: [Int], _ bytes: Int, _ slice: inout MigrationSlice) async throws(RedisError) {
        try await targetWatch.look(coming: bytes, target)
        for _ in 1...MigrationPlan.Limits.attempts {
            let open = part.filter { slice.outcomes[$0] == nil }
            if open.isEmpty { return }
            let copied = try await copy(try await read(open, &slice), &slice)
            let same = try await verify(copied, &slice)
            if plan.copies { continue }
            if !same.isEmpty {
                try await lookBeforeDeletion()
                try await takeBack(try await delete(same, &slice), &slice)
            }
            try await forget(copied, slice)
        }
        for index in part where slice.outcomes[index] == nil {
            let rest = keepsNotes ? "" : ", and the target has an older copy of it"
            slice.outcomes[index] = .changed("it keeps being written to: it stays in the source\(rest)")
        }
    }

    // MARK: Steps

    func read(
        _ places: [Int], _ slice: inout MigrationSlice
    ) async throws(RedisError) -> [(key: DumpedKey, dump: KeyDump)] {
        let answers = try await reader.read(places.map { slice.keys[$0] }, source)
        return slice.restorable(places, answers, on: targetFacts.dumpVersion, largest)
    }

    /// Writes the keys to the target; those that arrived. Of the names that are taken, those whose key is the same are
    /// finished by a run that resumes.
    func copy(
        _ keys: [(key: DumpedKey, dump: KeyDump)], _ slice: inout MigrationSlice
    ) async throws(RedisError) -> [Arrived] {
        if keys.isEmpty { return [] }
        let number = run.number
        var batch = RedisBatch()
        var arrived: [Arrived] = []
        for (key, dump) in keys {
            let (original, name) = (slice.keys[key.place], plan.name(for: slice.keys[key.place]))
            let copied = HandoverNotes.Copied(original, as: name, key.value.digest, key.expiry)
            let note = HandoverNotes.Note(run: number, keys: [copied])
            arrived.append(Arrived(key: key, dump: dump, found: nil, note: note))
            batch.append(
                SlotScript.copy(
                    key, as: name, plan.copies ? [] : notes.keys(of: HashSlot(ofKey: name)), number,
                    keepsNotes ? (SlotNotes.noteField(name), note.bytes) : nil,
                    replacing: plan.conflicts == .replace))
        }
        let replies: [RESPValue]
        do throws(RedisError) {
            replies = try await target.pipeline(batch)
        } catch {
            throw largest.explained(error, sending: keys.reduce(0) { $0 + $1.key.bytes })
        }
        var taken: [Arrived] = []
        var failure: RedisError?
        var rest: [Arrived] = []
        for (one, reply) in zip(arrived, replies) {
            if let error = reply.failure {
                if error.concernsEveryKey { failure = error }
                slice.outcomes[one.key.place] = .failed("the target refuses it: \(error.message)")
            } else {
                switch try reply.step() {
                case 1: rest.append(one)
                case 0: taken.append(one)
                default: throw .strangeReply
                }
            }
        }
        if let failure { throw failure }
        try await finishEqual(taken, &slice)
        return rest
    }

    /// An earlier run may have copied a key and not deleted it: if both sides are the same, this does the rest.
    private func finishEqual(_ taken: [Arrived], _ slice: inout MigrationSlice) async throws(RedisError) {
        for one in taken { slice.outcomes[one.key.place] = .conflict }
        guard plan.resumes, !taken.isEmpty else { return }
        let found = try await found(taken, slice)
        let differences = try await differences(found)
        if !plan.copies { try await lookBeforeDeletion() }
        for (one, difference) in zip(found, differences) where difference == nil && one.found != nil {
            if plan.copies {
                slice.outcomes[one.key.place] = .moved
            } else if try await remove(one, slice) == 1 {
                slice.outcomes[one.key.place] = .moved
            }
        }
    }

    /// The keys with what the target has of them now.
    private func found(_ keys: [Arrived], _ slice: MigrationSlice) async throws(RedisError) -> [Arrived] {
        let found = try await targetReader.read(keys.map { plan.name(for: slice.keys[$0.key.place]) }, target)
        return zip(keys, found).map { Arrived(key: $0.key, dump: $0.dump, found: $1, note: $0.note) }
    }

    /// Compares what arrived; those that are the same on both sides.
    func verify(_ keys: [Arrived], _ slice: inout MigrationSlice) async throws(RedisError) -> [Arrived] {
        if keys.isEmpty { return [] }
        guard !plan.copies || plan.verifies else {
            for key in keys { slice.outcomes[key.key.place] = .moved }
            return keys
        }
        let found = try await found(keys, slice)
        for (one, difference) in zip(found, try await differences(found)) {
            if plan.copies {
                slice.outcomes[one.key.place] = .moved(KeyOutcome.Arrival(differences: difference ?? ""))
            } else if let difference {
                slice.outcomes[one.key.place] =
                    .failed("its copy is not the same, so the source keeps it: \(difference)")
            }
        }
        return found.filter { slice.outcomes[$0.key.place] == nil }
    }

    /// What differs in the target, a word for each key. The time is asked for only if something does.
    private func differences(_ keys: [Arrived]) async throws(RedisError) -> [String?] {
        let never = (source: Int64.min, target: Int64.min)
        func differences(_ now: (source: Int64, target: Int64)) -> [String?] {
            keys.map { $0.key.difference(from: $0.found, now, reader.expiry, targetReader.expiry) }
        }
        let first = differences(never)
        if first.allSatisfy({ $0 == nil }) { return first }
        return differences((try await source.clocks().first, try await target.clocks().first))
    }

    /// Deletes the keys in the source; those that have changed.
    func delete(_ keys: [Arrived], _ slice: inout MigrationSlice) async throws(RedisError) -> [Arrived] {
        var batch = RedisBatch()
        for one in keys { batch.append(removal(of: one, slice)) }
        var changed: [Arrived] = []
        var gone: [Arrived] = []
        for (one, reply) in zip(keys, try await source.pipeline(batch)) {
            switch try reply.step() {
            case 1: slice.outcomes[one.key.place] = .moved(KeyOutcome.Arrival(differences: ""))
            case 0: changed.append(one)
            default: gone.append(one)
            }
        }
        if gone.isEmpty { return changed }
        let now = try await source.clocks().first
        for one in gone {
            let words = "it was deleted in the source meanwhile, and the target has it"
            slice.outcomes[one.key.place] =
                one.key.isOver(at: now) ? .expired : .moved(KeyOutcome.Arrival(differences: words))
        }
        return changed
    }

    private func removal(of one: Arrived, _ slice: MigrationSlice) -> RedisCommand<RESPValue> {
        let key = slice.keys[one.key.place]
        return SlotScript.remove(
            key, as: one.dump, notes.keys(of: HashSlot(ofKey: key)), run.number,
            keepsNotes ? (SlotNotes.markField(key), one.note.mark) : nil)
    }

    private func remove(_ one: Arrived, _ slice: MigrationSlice) async throws(RedisError) -> Int64 {
        try await source.run(removal(of: one, slice)).step()
    }

    /// Removes copies of keys that have changed since, unless somebody has written to a copy: that one stays.
    func takeBack(_ keys: [Arrived], _ slice: inout MigrationSlice) async throws(RedisError) {
        guard keepsNotes else { return }
        var batch = RedisBatch()
        var asked: [Arrived] = []
        for one in keys {
            guard let found = one.found else { continue }
            let name = plan.name(for: slice.keys[one.key.place])
            batch.append(SlotScript.remove(name, as: found, notes.keys(of: HashSlot(ofKey: name)), run.number))
            asked.append(one)
        }
        if asked.isEmpty { return }
        for (one, reply) in zip(asked, try await target.pipeline(batch)) where try reply.step() == 0 {
            if try await takeBackAgain(one, plan.name(for: slice.keys[one.key.place])) { continue }
            slice.outcomes[one.key.place] = .changed("it was written on both sides: each keeps its own")
        }
    }

    /// The bytes of a dump may change though the value does not: a copy whose value is the same is removed as well.
    /// False if it stays.
    private func takeBackAgain(_ one: Arrived, _ name: RESPBytes) async throws(RedisError) -> Bool {
        guard let found = try await targetReader.read([name], target)[0] else { return true }
        guard one.note.keys.first?.isSame(as: found.value, found.expiry) == true else { return false }
        let notes = notes.keys(of: HashSlot(ofKey: name))
        return try await target.run(SlotScript.remove(name, as: found, notes, run.number)).step() > 0
    }

    /// Removes the notes of keys that are settled: in the target first, because a mark without a note says nothing.
    private func forget(_ keys: [Arrived], _ slice: MigrationSlice) async throws(RedisError) {
        guard keepsNotes, !keys.isEmpty else { return }
        let originals = keys.map { slice.keys[$0.key.place] }
        let names = originals.map { plan.name(for: $0) }
        try await forget(names.map { (HashSlot(ofKey: $0), SlotNotes.noteField($0)) }, in: target)
        try await forget(originals.map { (HashSlot(ofKey: $0), SlotNotes.markField($0)) }, in: source)
    }

    func forget(
        _ fields: [(slot: HashSlot, field: [UInt8])], in database: RedisDatabase
    ) async throws(RedisError) {
        var batch = RedisBatch()
        for (slot, own) in Dictionary(grouping: fields, by: \.slot) {
            batch.append(SlotScript.forget(own.map(\.field), notes.keys(of: slot), run.number))
        }
        for reply in try await database.pipeline(batch) { _ = try reply.step() }
    }
}

extension HandoverNotes.Note {
    /// What the source notes when the key is deleted.
    var mark: [UInt8] { Array(String(id, radix: 16).utf8) }
}

extension RESPValue {
    /// What a step answered; throws its error, and where another run has taken the place of this one, or the notes
    /// are gone.
    func step() throws(RedisError) -> Int64 {
        if let failure { throw failure }
        guard let integer else { throw .strangeReply }
        switch integer {
        case -2: throw MigrationFence.missing
        case ..<0: throw MigrationFence.lost
        default: return integer
        }
    }
}
