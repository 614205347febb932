import Bulkhead
import RESP

/// Moves or copies keys inside one server: each key by one command, which is atomic, and no value crosses the wire.
///
/// | What | By |
/// |---|---|
/// | move | `MOVE` |
/// | move, replacing | a script: `UNLINK` in the target, `MOVE` |
/// | move under another name | a script: `COPY … DB n [REPLACE]`, and if that has copied, `UNLINK` |
/// | copy | `COPY … DB n [REPLACE]` |
///
/// Scripts and not MULTI, because a transaction goes on behind a command that fails: a COPY of a module's value that
/// cannot be copied, or one that found the name taken, would be followed by the UNLINK of the only one there is.
/// A server that dies has either all of a script's changes in its append-only file or none.
///
/// All of them answer 1 for what was done, and 0 where the source has no such key or the target has one already.
struct ServerSideMover: KeyMover {
    let plan: MigrationPlan
    let expiry: KeyExpiryQuery

    init(_ plan: MigrationPlan, on server: ServerFacts) {
        self.plan = plan
        expiry = KeyExpiryQuery(server)
    }

    /// KEYS: the key. ARGV: the numbers of target and source.
    private static let replacing = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        redis.call('SELECT', ARGV[1])
        redis.call('UNLINK', KEYS[1])
        redis.call('SELECT', ARGV[2])
        return redis.call('MOVE', KEYS[1], ARGV[1])
        """

    /// KEYS: the key and its new name. ARGV: the target's number, and REPLACE or nothing.
    private static let renaming = """
        local copied
        if ARGV[2] then
          copied = redis.call('COPY', KEYS[1], KEYS[2], 'DB', ARGV[1], ARGV[2])
        else
          copied = redis.call('COPY', KEYS[1], KEYS[2], 'DB', ARGV[1])
        end
        if copied == 1 then redis.call('UNLINK', KEYS[1]) end
        return copied
        """

    /// The command that moves or copies a key.
    func step(_ key: RESPBytes, replacing isReplacing: Bool) -> RedisCommand<RESPValue> {
        let name = plan.name(for: key)
        let number = plan.to.number
        if plan.copies {
            let arguments: [any RedisArgument] = [key, name, "DB", number]
            return .reaching("COPY", arguments + (isReplacing ? ["REPLACE"] : []))
        }
        if plan.rename != nil {
            let arguments: [any RedisArgument] = [Self.renaming, 2, key, name, number]
            return .reaching("EVAL", arguments + (isReplacing ? ["REPLACE"] : []))
        }
        return isReplacing
            ? .reaching("EVAL", [Self.replacing, 1, key, number, plan.from.number])
            : .reaching("MOVE", [key, number])
    }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        var before = Array(repeating: KeyExpiry.missing, count: slice.keys.count)
        if plan.verifies { before = try await expiry.ask(slice.keys, lane.source) }
        for _ in 1...MigrationPlan.Limits.attempts {
            let open = slice.open
            if open.isEmpty { break }
            let refused = try await run(open, replacing: false, &slice, lane)
            if refused.isEmpty { break }
            if plan.conflicts == .replace {
                for index in try await run(refused, replacing: true, &slice, lane) { slice.outcomes[index] = .expired }
            } else {
                try await explain(refused, &slice, lane)
            }
        }
        for index in slice.open {
            slice.outcomes[index] = .failed("a key of that name comes and goes in the target")
        }
        if plan.verifies { try await verify(&slice, before, lane) }
    }

    /// Runs the step for the keys at these places; those whose step answered 0.
    private func run(
        _ places: [Int], replacing isReplacing: Bool, _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [Int] {
        var batch = RedisBatch()
        for index in places { batch.append(step(slice.keys[index], replacing: isReplacing)) }
        let replies = try await lane.source.send(batch)
        var refused: [Int] = []
        var fatal: RedisError?
        for (index, reply) in zip(places, replies) {
            if let failure = reply.failure {
                slice.outcomes[index] = .failed(failure.message)
                if failure.concernsEveryKey { fatal = failure }
            } else if reply.integer == 1 {
                slice.outcomes[index] = .moved(KeyOutcome.Arrival(hasReplaced: isReplacing))
            } else {
                refused.append(index)
            }
        }
        if let fatal { throw fatal }
        return refused
    }

    /// Finds out which of the two reasons a 0 had. A key for which neither holds any more stays open.
    private func explain(
        _ places: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) {
        let isInSource = try await lane.source.exist(places.map { slice.keys[$0] })
        let isInTarget = try await lane.target.exist(places.map { plan.name(for: slice.keys[$0]) })
        for (place, index) in places.enumerated() {
            if !isInSource[place] {
                slice.outcomes[index] = .expired
            } else if isInTarget[place] {
                slice.outcomes[index] = .conflict
            }
        }
        guard plan.copies, plan.resumes else { return }
        // What an earlier run has copied is no conflict.
        for index in places where slice.outcomes[index] == .conflict {
            if try await lane.difference(slice.keys[index], plan, expiry, expiry) == nil {
                slice.outcomes[index] = .moved
            }
        }
    }

    /// A moved key is in the target, expires when it did, and is not in the source; a copied one is the same there.
    private func verify(
        _ slice: inout MigrationSlice, _ before: [KeyExpiry], _ lane: MigrationLane
    ) async throws(RedisError) {
        let places = slice.outcomes.indices.filter { if case .moved = slice.outcomes[$0] { true } else { false } }
        if plan.copies {
            for index in places {
                let difference = try await lane.difference(slice.keys[index], plan, expiry, expiry)
                slice.note(difference ?? "", at: index)
            }
            return
        }
        let isInSource = try await lane.source.exist(places.map { slice.keys[$0] })
        let after = try await expiry.ask(places.map { plan.name(for: slice.keys[$0]) }, lane.target)
        let now = try await lane.target.milliseconds()
        for (place, index) in places.enumerated() {
            let difference: String
            switch (before[index], after[place]) {
            case _ where isInSource[place]: difference = "the source has a key of that name again"
            case (.at(let time), .missing) where time <= now: difference = ""
            case (_, .missing): difference = "the target does not have it, or not any more"
            case (let before, let after):
                difference = before.isSame(as: after) ? "" : "it expires at another time than before"
            }
            slice.note(difference, at: index)
        }
    }
}

extension MigrationSlice {
    /// Adds to a key that was moved what a comparison has found.
    mutating func note(_ differences: String, at index: Int) {
        guard case .moved(var arrival) = outcomes[index] else { return }
        arrival.differences = differences
        outcomes[index] = .moved(arrival)
    }
}
