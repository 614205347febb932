import Bulkhead
import BulkheadRESP

/// Moves or copies keys inside one server: each key by one command, which is atomic, and no value crosses the wire.
///
/// | What | By |
/// |---|---|
/// | move | `MOVE`; where that is denied, as under another name |
/// | move, replacing | a script: `UNLINK` in the target, `MOVE` |
/// | move under another name | a script: `COPY … DB n [REPLACE]`, and if that has copied, `UNLINK` |
/// | copy | `COPY … DB n [REPLACE]` |
/// | what its module cannot copy, such as a vector set of Redis 8.2 | a script: `DUMP`, `RESTORE`, perhaps `UNLINK` |
///
/// Scripts and not MULTI, because a transaction goes on behind a command that fails: a COPY that the value's module
/// refuses, or that found the name taken, would be followed by the UNLINK of the only one there is. A server that dies
/// has either all of a script's changes in its append-only file or none. But what a script did before a command that is
/// denied stays done: UNLINK comes last, and a key that is not there does not lead to it, so
/// ``MigrationPreflight`` asks for it by itself.
///
/// All of them answer 1 for what was done, and 0 where the source has no such key or the target has one already.
struct ServerSideMover: KeyMover {
    let plan: MigrationPlan
    let reader: DumpReader
    let targetWatch: TargetWatch
    /// Where MOVE is denied, or has another name, a script copies and deletes.
    let movesByCopy: Bool

    init(
        _ plan: MigrationPlan, on server: ServerFacts, watching targetWatch: TargetWatch? = nil,
        movesByCopy: Bool = false
    ) {
        self.plan = plan
        self.movesByCopy = movesByCopy
        self.targetWatch = targetWatch ?? TargetWatch(plan.to.name, server)
        reader = DumpReader(of: server, isAtomic: true)
    }

    private var expiry: KeyExpiryQuery { reader.expiry }

    /// True if keys are deleted by UNLINK, here or in the target: by the scripts, which no probe leads so far.
    func unlinks(replacing: Bool) -> Bool {
        !plan.copies && (plan.rename != nil || movesByCopy || replacing)
    }

    /// MOVE takes a microsecond, whatever the value.
    var leastKeys: Int { plan.copies || plan.rename != nil || movesByCopy ? 4 : 32 }

    /// KEYS: the key. ARGV: the numbers of target and source.
    // bulkhead: allow move, select because moving between databases is what this is for
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

    /// KEYS: the key and its new name. ARGV: the numbers of target and source, REPLACE or nothing, UNLINK or nothing.
    // bulkhead: allow select because making a key anew in the other database is what this is for
    private static let recreating = """
        if redis.replicate_commands then redis.replicate_commands() end
        local value = redis.call('DUMP', KEYS[1])
        if not value then return 0 end
        local arguments = {KEYS[2], 0, value}
        local time = redis.pcall('PEXPIRETIME', KEYS[1])
        if type(time) == 'number' then
          if time > 0 then arguments = {KEYS[2], time, value, 'ABSTTL'} end
        else
          local left = redis.call('PTTL', KEYS[1])
          if left >= 0 then arguments[2] = math.max(1, left) end
        end
        redis.call('SELECT', ARGV[1])
        if ARGV[3] == 'REPLACE' then
          arguments[#arguments + 1] = 'REPLACE'
        elseif redis.call('EXISTS', KEYS[2]) == 1 then
          return 0
        end
        redis.call('RESTORE', unpack(arguments))
        redis.call('SELECT', ARGV[2])
        if ARGV[4] == 'UNLINK' then redis.call('UNLINK', KEYS[1]) end
        return 1
        """

    /// What is sent for a key.
    struct Step: Sendable {
        /// Takes the place of a key that the target has.
        var replaces = false
        /// Makes the value anew from its dump, where COPY cannot.
        var recreates = false
    }

    /// The command that moves or copies a key.
    func command(_ step: Step, _ key: RESPBytes) -> RedisCommand<RESPValue> {
        let name = plan.name(for: key)
        let (from, to) = (plan.from.number, plan.to.number)
        if step.recreates {
            let (replace, unlink) = (step.replaces ? "REPLACE" : "", plan.copies ? "" : "UNLINK")
            return .reaching("EVAL", [Self.recreating, 2, key, name, to, from, replace, unlink])
        }
        let replace: [any RedisArgument] = step.replaces ? ["REPLACE"] : []
        if plan.copies { return .reaching("COPY", [key, name, "DB", to] + replace) }
        if plan.rename != nil || movesByCopy {
            return .reaching("EVAL", [Self.renaming, 2, key, name, to] + replace)
        }
        return step.replaces
            ? .reaching("EVAL", [Self.replacing, 1, key, to, from])
            : .reaching("MOVE", [key, to])
    }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        try await targetWatch.look(coming: try await bytes(of: slice, lane), lane.target)
        var before = Array(repeating: KeyExpiry.missing, count: slice.keys.count)
        if plan.verifies { before = try await expiry.ask(slice.keys, lane.source) }
        for _ in 1...MigrationPlan.Limits.attempts {
            let open = slice.open
            if open.isEmpty { break }
            let refused = try await run(Step(), open, &slice, lane)
            if refused.isEmpty { break }
            if plan.conflicts == .replace {
                let gone = try await run(Step(replaces: true), refused, &slice, lane)
                for index in gone { slice.outcomes[index] = .expired }
            } else {
                try await explain(refused, &slice, lane)
            }
        }
        for index in slice.open {
            slice.outcomes[index] = .failed("a key of that name comes and goes in the target")
        }
        if plan.verifies { try await verify(&slice, before, lane) }
    }

    /// Memory that a slice takes in the server beside what it has; asked for only where that may evict.
    private func bytes(of slice: MigrationSlice, _ lane: MigrationLane) async throws(RedisError) -> Int {
        guard targetWatch.evicts else { return 0 }
        guard plan.copies else { return slice.keys.count * MigrationPlan.Limits.bytesOfPlace }
        return try await lane.source.memoryUsage(of: slice.keys).reduce(0) { $0 + ($1 ?? 0) }
    }

    /// Runs a step for the keys at these places; those for which it answered 0.
    private func run(
        _ step: Step, _ places: [Int], _ slice: inout MigrationSlice, _ lane: MigrationLane
    ) async throws(RedisError) -> [Int] {
        var batch = RedisBatch()
        for index in places { batch.append(command(step, slice.keys[index])) }
        let replies = try await lane.source.pipeline(batch)
        var refused: [Int] = []
        var uncopyable: [Int] = []
        var fatal: RedisError?
        for (index, reply) in zip(places, replies) {
            if let failure = reply.failure {
                if !step.recreates, failure.message.contains(Self.uncopyable) {
                    uncopyable.append(index)
                    continue
                }
                slice.outcomes[index] = .failed(failure.explainedMessage)
                if failure.concernsEveryKey { fatal = failure }
            } else if reply.integer == 1 {
                slice.outcomes[index] = .moved(KeyOutcome.Arrival(hasReplaced: step.replaces))
            } else {
                refused.append(index)
            }
        }
        if let fatal { throw fatal }
        if uncopyable.isEmpty { return refused }
        return refused + (try await run(Step(replaces: step.replaces, recreates: true), uncopyable, &slice, lane))
    }

    /// What COPY says of a value whose module has no copy of its own.
    private static let uncopyable = "not supported for this module"

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
            if try await lane.difference(slice.keys[index], plan, reader) == nil {
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
                let difference = try await lane.difference(slice.keys[index], plan, reader)
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
