import Bulkhead
import BulkheadRDB
import BulkheadRESP

/// Moves or copies keys from one server to another: DUMP, RESTORE, compare, and only then UNLINK.
///
/// ```
/// target   WATCH the names, EXISTS                          who is there stays, or is replaced if so ordered
/// source   WATCH the keys; idle time, expiry, DUMP          a change from here on is noticed at the end
/// target   MULTI: note what is copied; RESTORE … ; EXEC     all or nothing, and only if the names are free yet
/// target   WATCH, DUMP, expiry                              compared with what the source gave
/// target   INFO                                             it has not begun to evict, or to lose what it has
/// source   MULTI: UNLINK; note that it is done; EXEC        only if no key has changed since it was watched
/// ```
/// If a key has changed the copies are taken back, unless somebody has written to them, and its keys go one by one,
/// a few times; what changes each time stays in the source and is reported. The two notes are what a later run needs
/// after a kill in between: see ``HandoverNotes``. Every WATCH takes in the claim of this run, for the case that a
/// later one begins while this one works: see ``MigrationFence``. A copy needs neither claim nor notes.
///
/// A copy is taken back only after a look that the source has its original. From then on nobody deletes that but its
/// own users: no other run can, while this one has its claim.
struct CrossServerMover: KeyMover {
    let plan: MigrationPlan
    let notes: HandoverNotes
    let fence: MigrationFence
    let target: ServerFacts
    let targetWatch: TargetWatch
    let reader: DumpReader
    let targetReader: DumpReader
    let largest: LargestPiece

    init(
        _ plan: MigrationPlan, from source: ServerFacts, to target: ServerFacts, _ notes: HandoverNotes,
        watching targetWatch: TargetWatch? = nil
    ) {
        self.plan = plan
        self.targetWatch = targetWatch ?? TargetWatch(plan.to.name, target)
        self.notes = notes
        self.target = target
        fence = MigrationFence(plan, from: source, to: target, notes)
        reader = DumpReader(of: source, isAtomic: plan.copies)
        targetReader = DumpReader(of: target, isAtomic: plan.copies)
        largest = LargestPiece(target)
    }

    var claims: [SourceClaim] { plan.copies ? [] : [fence.claim] }

    /// With REPLACE the target's own keys are given up anyway, and a copy takes nothing from the source.
    var keepsNotes: Bool { !plan.copies && plan.conflicts != .replace }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        let sizes = try await lane.source.sizes(of: slice.keys)
        var part: [Int] = []
        var bytes = 0
        for index in slice.keys.indices {
            if part.count == MigrationPlan.Limits.keysOfTransaction
                || (!part.isEmpty && bytes + sizes[index] > MigrationPlan.Limits.bytesOfSlice)
            {
                try await targetWatch.look(coming: bytes, lane.target)
                try await move(part, attempt: 1, &slice, lane)
                part = []
                bytes = 0
            }
            part.append(index)
            bytes += sizes[index]
        }
        try await targetWatch.look(coming: bytes, lane.target)
        try await move(part, attempt: 1, &slice, lane)
    }

    /// Moves the keys at these places together.
    private func move(
        _ part: [Int], attempt: Int, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        let free = try await findConflicts(part, &slice, lane)
        let dumped = try await read(free, &slice, lane)
        if dumped.isEmpty { return }
        if dumped.count > 1, dumped.reduce(0, { $0 + $1.bytes }) > largest.mostTogether {
            return try await again(dumped.map(\.place), attempt, &slice, lane)
        }
        let note = note(of: keepsNotes ? dumped : [], slice)
        guard let copied = try await restore(dumped, note, &slice, lane) else {
            return try await again(dumped.map(\.place), attempt, &slice, lane)
        }
        let verified = try await verify(copied, &slice, lane)
        if plan.copies || verified.isEmpty { return }
        // What was compared is there still if nothing has been evicted.
        try await targetWatch.look(always: true, lane.target)
        if try await delete(verified, note, &slice, lane) { return }
        if keepsNotes { try await takeBack(verified, &slice, lane) }
        try await again(verified.map(\.place), attempt, &slice, lane)
    }

    /// A key was written on one side, or all keys together are too much: tries each key alone, and not without end.
    private func again(
        _ places: [Int], _ attempt: Int, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        for index in places where slice.outcomes[index] == nil {
            if places.count > 1 {
                try await move([index], attempt: 1, &slice, lane)
            } else if attempt < MigrationPlan.Limits.attempts {
                try await move([index], attempt: attempt + 1, &slice, lane)
            } else {
                let rest = keepsNotes ? "" : ", and the target has an older copy of it"
                slice.outcomes[index] = .changed("it keeps being written to: it stays in the source\(rest)")
            }
        }
    }

    // MARK: Steps

    /// Watches these keys, and with a move the claim; throws if another run has that.
    private func watch(_ keys: [RESPBytes], _ connection: RedisConnection) async throws(RedisError) {
        if plan.copies { return try await connection.watch(keys) }
        try await fence.watch(keys, connection)
    }

    /// Watches the names in the target; the places of those that are free there.
    func findConflicts(
        _ part: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [Int] {
        let names = part.map { plan.name(for: slice.keys[$0]) }
        if plan.conflicts == .replace {
            // What the target has does not matter, but which run has the claim does.
            if !plan.copies { try await watch([], lane.target) }
            return part
        }
        try await watch(names, lane.target)
        let isTaken = try await lane.target.exist(names)
        for (place, index) in part.enumerated() where isTaken[place] {
            let isFinished = plan.resumes ? try await finishEqual(slice.keys[index], lane) : false
            slice.outcomes[index] = isFinished ? .moved : .conflict
        }
        return part.filter { slice.outcomes[$0] == nil }
    }

    /// An earlier run may have copied a key and not deleted it: if both sides are the same, this does the rest.
    private func finishEqual(_ key: RESPBytes, _ lane: MigrationLane) async throws(RedisError) -> Bool {
        if !plan.copies { try await watch([key], lane.source) }
        guard let mine = try await reader.read([key], lane.source)[0] else { return false }
        let found = try await targetReader.read([plan.name(for: key)], lane.target)[0]
        let dumped = DumpedKey(place: 0, mine, restored: [])
        guard found != nil, try await differences([dumped], [found], lane)[0] == nil else { return false }
        if plan.copies { return true }
        // As before any deletion.
        try await targetWatch.look(always: true, lane.target)
        return try await unlink([(key, dumped)], nil, lane) != nil
    }

    func read(
        _ places: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey] {
        if !plan.copies { try await watch(places.map { slice.keys[$0] }, lane.source) }
        let answers = try await reader.read(places.map { slice.keys[$0] }, lane.source)
        return slice.restorable(places, answers, on: target.dumpVersion, largest).map(\.key)
    }

    /// Writes the keys to the target; those that arrived, or nil if a name was taken meanwhile and nothing was written.
    func restore(
        _ keys: [DumpedKey], _ note: HandoverNotes.Note, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey]? {
        var commands = keepsNotes ? [notes.copied(note, lane)] : []
        let replaces = plan.conflicts == .replace
        commands += keys.map { $0.restore(as: plan.name(for: slice.keys[$0.place]), replacing: replaces) }
        var replies: [RESPValue]
        do throws(RedisError) {
            guard let results = try await lane.target.transaction(commands) else { return nil }
            replies = results
        } catch {
            throw largest.explained(error, sending: keys.reduce(0) { $0 + $1.bytes })
        }
        if keepsNotes { replies.removeFirst() }
        for (key, reply) in zip(keys, replies) {
            guard let failure = reply.failure else { continue }
            if failure.concernsEveryKey { throw failure }
            slice.outcomes[key.place] =
                failure.code.name == "BUSYKEY" ? .conflict : .failed("the target refuses it: \(failure.message)")
        }
        return keys.filter { slice.outcomes[$0.place] == nil }
    }

    /// Compares what arrived, and watches it from then on; those that are the same on both sides.
    func verify(
        _ keys: [DumpedKey], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey] {
        if keys.isEmpty { return [] }
        guard !plan.copies || plan.verifies else {
            for key in keys { slice.outcomes[key.place] = .moved }
            return keys
        }
        let names = keys.map { plan.name(for: slice.keys[$0.place]) }
        if !plan.copies { try await watch(names, lane.target) }
        let found = try await targetReader.read(names, lane.target)
        for (key, difference) in zip(keys, try await differences(keys, found, lane)) {
            if let difference {
                slice.outcomes[key.place] =
                    plan.copies
                    ? .moved(KeyOutcome.Arrival(differences: difference))
                    : .failed("its copy is not the same, so the source keeps it: \(difference)")
            } else if plan.copies {
                slice.outcomes[key.place] = .moved(KeyOutcome.Arrival(differences: ""))
            }
        }
        return keys.filter { slice.outcomes[$0.place] == nil }
    }

    /// What differs in the target, a word for each key. The time is asked for only if something does.
    private func differences(
        _ keys: [DumpedKey], _ found: [KeyDump?], _ lane: MigrationLane
    ) async throws(RedisError) -> [String?] {
        var differences: [String?] = []
        var clocks: (source: Int64, target: Int64)?
        for (key, found) in zip(keys, found) {
            let never = (Int64.min, Int64.min)
            var difference = key.difference(from: found, never, reader.expiry, targetReader.expiry)
            if difference != nil {
                let now: (source: Int64, target: Int64)
                if let clocks {
                    now = clocks
                } else {
                    now = (try await lane.source.milliseconds(), try await lane.target.milliseconds())
                    clocks = now
                }
                difference = key.difference(from: found, now, reader.expiry, targetReader.expiry)
            }
            differences.append(difference)
        }
        return differences
    }

    /// Deletes the keys in the source; false if one of them has changed and none was deleted.
    func delete(
        _ keys: [DumpedKey], _ note: HandoverNotes.Note, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> Bool {
        let done = keepsNotes ? notes.deleted(note, lane) : nil
        guard let replies = try await unlink(keys.map { (slice.keys[$0.place], $0) }, done, lane) else { return false }
        if let failure = replies.lazy.compactMap(\.failure).first { throw failure }
        for (key, reply) in zip(keys, replies) {
            slice.outcomes[key.place] = reply.integer == 1 ? .moved(KeyOutcome.Arrival(differences: "")) : .expired
        }
        return true
    }

    /// Nil if one of the keys has changed since it was watched, or the source was claimed by another run.
    private func unlink(
        _ keys: [(key: RESPBytes, dump: DumpedKey)], _ note: (key: String, value: String)?, _ lane: MigrationLane
    ) async throws(RedisError) -> [RESPValue]? {
        var commands = keys.map { raw("UNLINK", $0.key) }
        if let note { commands.append(raw("SET", note.key, note.value)) }
        do throws(RedisError) {
            return try await lane.source.transaction(commands)
        } catch {
            guard error.saysFull else { throw error }
            return try await lane.source.run(FullServer.delete(keys, fence, note: note)).elements
                .map { Array($0) }
        }
    }

    /// Removes copies of keys that have changed since, unless somebody has written to a copy: that one stays. A copy
    /// whose original is gone stays too: it may be the only one.
    func takeBack(
        _ keys: [DumpedKey], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        try await watch([], lane.source)
        let isInSource = try await lane.source.exist(keys.map { slice.keys[$0.place] })
        let now = try await lane.source.milliseconds()
        var rest: [DumpedKey] = []
        for (key, isInSource) in zip(keys, isInSource) {
            if isInSource {
                rest.append(key)
            } else if key.isOver(at: now) {
                slice.outcomes[key.place] = .expired
            } else {
                let words = "it was deleted in the source meanwhile, and the target has it"
                slice.outcomes[key.place] = .moved(KeyOutcome.Arrival(differences: words))
            }
        }
        if rest.isEmpty { return }
        // The copies are watched since they were compared.
        let names = rest.map { plan.name(for: slice.keys[$0.place]) }
        if try await lane.target.transaction(names.map { raw("UNLINK", $0) }) != nil { return }
        for (key, copied) in zip(rest, note(of: rest, slice).keys) {
            if try await notes.takeBack(copied, targetReader.expiry, fence, lane.target) == .written {
                slice.outcomes[key.place] = .changed("it was written on both sides: each keeps its own")
            }
        }
    }

    func note(of keys: [DumpedKey], _ slice: MigrationSlice) -> HandoverNotes.Note {
        HandoverNotes.Note(
            run: fence.run,
            keys: keys.map {
                let key = slice.keys[$0.place]
                return HandoverNotes.Copied(key, as: plan.name(for: key), $0.value.digest, $0.expiry)
            })
    }

    // MARK: An earlier run

    func refuseUnfinished(_ lanes: [MigrationLane]) async throws(RedisError) {
        guard !plan.copies, !plan.resumes, let first = lanes.first else { return }
        var isUnfinished = try await fence.isClaimed(first.source)
        for lane in lanes where !isUnfinished {
            isUnfinished = try await notes.unfinished(on: lane) != nil
        }
        guard !isUnfinished else { throw Self.unfinished }
    }

    /// Takes the place of an earlier run, and puts in order what that has left.
    ///
    /// Its copies are taken back where the source has the original: the very value, or any where nobody but this run
    /// can have moved keys since that one. A copy of which neither is known may have been moved in between, and what
    /// the source has may be a new key of the same name.
    func begin(_ lanes: [MigrationLane]) async throws(RedisError) {
        guard !plan.copies, let first = lanes.first else { return }
        let trusted = fence.claim.trusted
        try await fence.claimTarget(first.target)
        for lane in lanes {
            // Those of a run with another --on-conflict, too.
            if let note = try await notes.unfinished(on: lane) {
                let isTrusted = trusted.contains(note.run)
                for copied in note.keys {
                    guard try await hasOriginal(of: copied, isTrusted, lane) else { continue }
                    _ = try await notes.takeBack(copied, targetReader.expiry, fence, lane.target)
                }
            }
            // From now on keys are moved of which this list knows nothing.
            try await notes.remove(lane)
        }
    }

    private func hasOriginal(
        of copied: HandoverNotes.Copied, _ isTrusted: Bool, _ lane: MigrationLane
    ) async throws(RedisError) -> Bool {
        try await watch([copied.key], lane.source)
        guard let mine = try await reader.read([copied.key], lane.source)[0] else { return false }
        return isTrusted || copied.isSame(as: mine.value, mine.expiry)
    }

    static let unfinished = RedisError(
        code: .commandRefused,
        message: "an earlier migration between these databases was interrupted, or is running still: add --resume to "
            + "take its place and finish it",
        stage: .refused)

    func finish(_ lanes: [MigrationLane]) async throws(RedisError) {
        if !plan.copies, let first = lanes.first {
            try await watch([], first.source)
            for lane in lanes { try await notes.remove(lane) }
            try await fence.release(first)
        }
        for lane in lanes {
            try await lane.source.send("UNWATCH")
            try await lane.target.send("UNWATCH")
        }
    }
}
