import Bulkhead
import RDB
import RESP

/// Moves or copies keys from one server to another: DUMP, RESTORE, compare, and only then UNLINK.
///
/// ```
/// target   WATCH the names, EXISTS                          who is there stays, or is replaced if so ordered
/// source   WATCH the keys; idle time, expiry, DUMP          a change from here on is noticed at the end
/// target   MULTI: note what is copied; RESTORE … ; EXEC     all or nothing, and only if the names are free yet
/// target   WATCH, DUMP, expiry                              compared with what the source gave
/// source   MULTI: UNLINK; note that it is done; EXEC        only if no key has changed since it was watched
/// ```
/// If a key has changed the copies are taken back, unless somebody has written to them, and its keys go one by one,
/// a few times; what changes each time stays in the source and is reported. The two notes are what a later run needs
/// after a kill in between: see ``HandoverNotes``. A copy needs neither watch nor notes.
struct CrossServerMover: KeyMover {
    let plan: MigrationPlan
    let notes: HandoverNotes
    let target: ServerFacts
    let reader: DumpReader
    let targetExpiry: KeyExpiryQuery

    init(_ plan: MigrationPlan, from source: ServerFacts, to target: ServerFacts, _ notes: HandoverNotes) {
        self.plan = plan
        self.notes = notes
        self.target = target
        reader = DumpReader(of: source, isAtomic: plan.copies)
        targetExpiry = KeyExpiryQuery(target)
    }

    /// With REPLACE the target's own keys are given up anyway, and a copy takes nothing from the source.
    var keepsNotes: Bool { !plan.copies && plan.conflicts != .replace }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        let sizes = try await reader.sizes(of: slice.keys, lane.source)
        var part: [Int] = []
        var bytes = 0
        for index in slice.keys.indices {
            if part.count == MigrationPlan.Limits.keysOfTransaction
                || (!part.isEmpty && bytes + sizes[index] > MigrationPlan.Limits.bytesOfSlice)
            {
                try await move(part, attempt: 1, &slice, lane)
                part = []
                bytes = 0
            }
            part.append(index)
            bytes += sizes[index]
        }
        try await move(part, attempt: 1, &slice, lane)
    }

    /// Moves the keys at these places together.
    private func move(
        _ part: [Int], attempt: Int, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        let free = try await findConflicts(part, &slice, lane)
        let dumped = try await read(free, &slice, lane)
        if dumped.isEmpty { return }
        let note = HandoverNotes.Note(
            keys: dumped.map { HandoverNotes.Copied(slice.keys[$0.place], $0.value.digest, $0.expiry) })
        guard let copied = try await restore(dumped, note, &slice, lane) else {
            return try await again(dumped.map(\.place), attempt, &slice, lane)
        }
        let verified = try await verify(copied, &slice, lane)
        if plan.copies || verified.isEmpty { return }
        if try await delete(verified.map(\.place), note, &slice, lane) { return }
        if keepsNotes { try await takeBack(verified, &slice, lane) }
        try await again(verified.map(\.place), attempt, &slice, lane)
    }

    /// Somebody has written a key, here or there: each for itself, and not for ever.
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
                slice.outcomes[index] = .changed("somebody keeps writing it: it stays in the source\(rest)")
            }
        }
    }

    // MARK: Steps

    /// Watches the names in the target; the places of those that are free there.
    private func findConflicts(
        _ part: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [Int] {
        if plan.conflicts == .replace { return part }
        let names = part.map { plan.name(for: slice.keys[$0]) }
        try await lane.target.watch(names)
        let isTaken = try await lane.target.exist(names)
        for (place, index) in part.enumerated() where isTaken[place] {
            let isFinished = plan.resumes ? try await finishEqual(slice.keys[index], lane) : false
            slice.outcomes[index] = isFinished ? .moved : .conflict
        }
        return part.filter { slice.outcomes[$0] == nil }
    }

    /// An earlier run may have copied a key and not deleted it: if both sides are the same, this does the rest.
    private func finishEqual(_ key: RESPBytes, _ lane: MigrationLane) async throws(RedisError) -> Bool {
        if !plan.copies { try await lane.source.watch([key]) }
        guard try await lane.difference(key, plan, reader.expiry, targetExpiry) == nil else { return false }
        if plan.copies { return true }
        return try await lane.source.transaction([raw("UNLINK", key)]) != nil
    }

    private func read(
        _ places: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey] {
        var dumped: [DumpedKey] = []
        let answers = try await reader.read(places.map { slice.keys[$0] }, lane.source)
        for (index, answer) in zip(places, answers) {
            guard let answer else {
                slice.outcomes[index] = .expired
                continue
            }
            do {
                let payload = try answer.value.payload(for: target.dumpVersion)
                guard payload.count < MigrationPlan.Limits.largestValue else {
                    slice.outcomes[index] = .failed("its value is larger than a server takes in one piece (512 MiB)")
                    continue
                }
                dumped.append(DumpedKey(place: index, answer, restored: payload))
            } catch {
                slice.outcomes[index] = .failed("the target cannot take it: \(error.message)")
            }
        }
        return dumped
    }

    /// Writes the keys to the target; those that arrived, or nil if a name was taken meanwhile and nothing was written.
    private func restore(
        _ keys: [DumpedKey], _ note: HandoverNotes.Note, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey]? {
        var commands = keepsNotes ? [notes.copied(note, lane)] : []
        let replaces = plan.conflicts == .replace
        commands += keys.map { $0.restore(as: plan.name(for: slice.keys[$0.place]), replacing: replaces) }
        guard var replies = try await lane.target.transaction(commands) else { return nil }
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
    private func verify(
        _ keys: [DumpedKey], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [DumpedKey] {
        if keys.isEmpty { return [] }
        guard !plan.copies || plan.verifies else {
            for key in keys { slice.outcomes[key.place] = .moved }
            return keys
        }
        let names = keys.map { plan.name(for: slice.keys[$0.place]) }
        if !plan.copies { try await lane.target.watch(names) }
        let found = try await DumpReader(of: target, isAtomic: plan.copies, watches: false).read(names, lane.target)
        let now = try await lane.target.milliseconds()
        for (key, found) in zip(keys, found) {
            if let difference = key.difference(from: found, now: now, reader.expiry, targetExpiry) {
                slice.outcomes[key.place] = plan.copies
                    ? .moved(KeyOutcome.Arrival(differences: difference))
                    : .failed("its copy is not the same, so the source keeps it: \(difference)")
            } else if plan.copies {
                slice.outcomes[key.place] = .moved(KeyOutcome.Arrival(differences: ""))
            }
        }
        return keys.filter { slice.outcomes[$0.place] == nil }
    }

    /// Deletes the keys in the source; false if one of them has changed and none was deleted.
    private func delete(
        _ places: [Int], _ note: HandoverNotes.Note, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> Bool {
        var commands = places.map { raw("UNLINK", slice.keys[$0]) }
        if keepsNotes { commands.append(notes.deleted(note, lane)) }
        guard let replies = try await lane.source.transaction(commands) else { return false }
        if let failure = replies.lazy.compactMap(\.failure).first { throw failure }
        for (index, reply) in zip(places, replies) {
            slice.outcomes[index] = reply.integer == 1 ? .moved(KeyOutcome.Arrival(differences: "")) : .expired
        }
        return true
    }

    /// Removes copies of keys that have changed since, unless somebody has written to a copy: that one stays.
    private func takeBack(
        _ keys: [DumpedKey], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        let names = keys.map { plan.name(for: slice.keys[$0.place]) }
        if try await lane.target.transaction(names.map { raw("UNLINK", $0) }) != nil { return }
        for (key, name) in zip(keys, names) {
            let copied = HandoverNotes.Copied(slice.keys[key.place], key.value.digest, key.expiry)
            if try await notes.takeBack(copied, name, targetExpiry, lane.target) == .written {
                slice.outcomes[key.place] = .changed("it was written on both sides: each keeps its own")
            }
        }
    }

    // MARK: An earlier run

    func resume(on lane: MigrationLane) async throws(RedisError) {
        guard keepsNotes, let note = try await notes.unfinished(on: lane) else { return }
        guard plan.resumes else {
            throw RedisError(
                code: .commandRefused,
                message: "an earlier migration like this one was interrupted: add --resume to finish it",
                stage: .refused)
        }
        for copied in note.keys {
            // The only copy there is, is never taken back.
            guard try await lane.source.exist([copied.key])[0] else { continue }
            _ = try await notes.takeBack(copied, plan.name(for: copied.key), targetExpiry, lane.target)
        }
    }

    func finish(_ lane: MigrationLane) async throws(RedisError) {
        if keepsNotes { try await notes.remove(lane) }
        try await lane.source.send("UNWATCH")
        try await lane.target.send("UNWATCH")
    }
}
