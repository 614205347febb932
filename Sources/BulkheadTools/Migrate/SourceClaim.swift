import Bulkhead
import BulkheadRESP
import Synchronization

/// The claim of a run to the source for one target: keys there whose value is the run's token.
///
/// A run takes its claims for all targets in one step, be they servers or clusters, and there is no other way to take
/// one. Were there two steps, a run that was killed between them would have followed its former run for some targets
/// only, and the next one could not trust what that has left for the others.
final class SourceClaim: Sendable {
    private struct State {
        var run: UInt64 = 0
        var trusted: Set<UInt64> = []
    }

    /// The keys, that of the addresses first. The last is named after the processes, if these are known.
    let names: [RESPBytes]
    /// True if scripts compare runs: each must have a higher number than those before it. Then scripts are allowed.
    let isOrdered: Bool
    /// True if the run goes to whatever database a key belongs to. Such a run takes no claim of one that was started
    /// for a target by name: nobody has asked for the end of that.
    let isMisplaced: Bool
    private let state = Mutex(State())

    init(_ names: [RESPBytes], isOrdered: Bool = false, isMisplaced: Bool = false) {
        self.names = names
        self.isOrdered = isOrdered
        self.isMisplaced = isMisplaced
    }

    /// The number of this run; 0 until the claim is taken.
    var run: UInt64 { state.withLock { $0.run } }

    /// Runs before this one whose notes are to be trusted: since the first of them nobody else has moved keys out of
    /// this database, by this or by any other name of it.
    var trusted: Set<UInt64> { state.withLock { $0.trusted } }

    /// What the keys hold.
    var token: [UInt8] { token(of: run) }

    private func token(of run: UInt64) -> [UInt8] {
        Token(run: run, process: names.last, isMisplaced: isMisplaced).bytes
    }

    /// The name of a process that a restart has ended, by what the keys hold.
    func former(in held: [RESPBytes: RESPBytes]) -> RESPBytes? {
        guard let former = Token(held[names[0]])?.process, !names.contains(former),
            former.starts(with: HandoverNotes.prefix)
        else { return nil }
        return former
    }

    /// What the names hold, that of an ended process too. One that another run has taken since is in the way as any.
    private func holders(in held: [RESPBytes: RESPBytes]) -> [RESPBytes] {
        (names + [former(in: held)].compactMap(\.self)).compactMap { held[$0] }
    }

    /// The run before this one. Nil if this is the first claim; 0 if somebody has one by some of the names only: it
    /// may have moved keys that the notes of these names do not know.
    func formerRun(in held: [RESPBytes: RESPBytes]) -> UInt64? {
        let runs = Set(holders(in: held).map { Token($0)?.run ?? 0 })
        if runs.isEmpty { return nil }
        return held[names[0]] != nil && runs.count == 1 ? runs.first : 0
    }

    /// Whether these are claims of runs that were started for one target by name.
    func isOfAnotherKind(_ held: [RESPBytes: RESPBytes]) -> Bool {
        isMisplaced && !holders(in: held).allSatisfy { Token($0)?.isMisplaced == true }
    }

    /// What these keys of a database hold, and the names of ended processes to which they lead.
    static func held(
        _ names: [RESPBytes], _ claims: [SourceClaim], in database: some RedisExecutor,
        watching connection: RedisConnection? = nil
    ) async throws(RedisError) -> [RESPBytes: RESPBytes] {
        var names = names
        while true {
            try await connection?.watch(names)
            let held = try await database.values(of: names)
            let ended = Set(claims.compactMap { $0.former(in: held) }).subtracting(names)
            if ended.isEmpty { return held }
            names += ended
        }
    }

    /// Makes this run's the keys of one database, in one step with a look that they are what was read before: the
    /// change that does so, and removes names of processes that a restart has ended.
    func taking(of held: [RESPBytes: RESPBytes], as run: UInt64) -> KeySwap {
        let token = token(of: run)
        var swap = KeySwap(names.map { (key: $0, held: held[$0], becoming: token) })
        if let former = former(in: held) { swap.append(KeySwap([(key: former, held: held[former], becoming: nil)])) }
        return swap
    }

    /// Takes all claims of a run, before it does anything else in the source or in a target.
    ///
    /// - Parameter connection: for claims that need no script.
    static func take(
        _ claims: [SourceClaim], resuming: Bool, in source: RedisDatabase, over connection: RedisConnection?
    ) async throws(RedisError) {
        if claims.isEmpty { return }
        let isOrdered = claims.contains(where: \.isOrdered)
        for _ in 1...MigrationPlan.Limits.attempts {
            let names = [MigrationFence.chain] + claims.flatMap(\.names)
            let held: [RESPBytes: RESPBytes]
            if !isOrdered, let connection {
                held = try await Self.held(names, claims, in: connection, watching: connection)
            } else {
                held = try await Self.held(names, claims, in: source)
            }
            // Two runs may have looked at the same time.
            guard !claims.contains(where: { $0.isOfAnotherKind(held) }) else { throw otherKind }
            guard resuming || names.dropFirst().allSatisfy({ held[$0] == nil }) else {
                throw CrossServerMover.unfinished
            }
            let run = isOrdered ? try await number(in: source, after: claims, held) : .random(in: .min ... .max)
            // One that called the server by another address is named by the process alone: its notes have other names.
            let formers = claims.map { $0.formerRun(in: held) }
            let chain = MigrationFence.chain(MigrationFence.runs(held[MigrationFence.chain]), replacing: formers)
            var swap = KeySwap([
                (
                    key: MigrationFence.chain, held: held[MigrationFence.chain],
                    becoming: MigrationFence.chain(of: [run] + chain.kept)
                )
            ])
            for claim in claims { swap.append(claim.taking(of: held, as: run)) }
            let isTaken: Bool
            if !isOrdered, let connection {
                isTaken = try await connection.swap(swap)
            } else {
                isTaken = try await source.run(swap.script).step() == 1
            }
            guard isTaken else { continue }
            for (claim, trusted) in zip(claims, chain.trusted) {
                claim.state.withLock { $0 = State(run: run, trusted: Set(trusted)) }
            }
            return
        }
        throw MigrationFence.lost
    }

    /// A number that is higher than those of the runs that have these claims.
    private static func number(
        in source: RedisDatabase, after claims: [SourceClaim], _ held: [RESPBytes: RESPBytes]
    ) async throws(RedisError) -> UInt64 {
        let highest = claims.filter(\.isOrdered).flatMap { $0.holders(in: held) }.compactMap { Token($0)?.run }.max()
        let (next, isTooHigh) = (highest ?? 0).addingReportingOverflow(1)
        if isTooHigh { throw .strangeReply }
        return max(MigrationFence.number(at: try await source.clocks().last), next)
    }

    static let otherKind = RedisError(
        code: .commandRefused,
        message: "a migration between these databases without --misplaced was interrupted or is running: wait until "
            + "it has ended, or finish it by its own command with --resume; or, if it was of an earlier version, by "
            + "--from, --to and --resume",
        stage: .refused)

    /// What a claim's keys hold.
    struct Token {
        let run: UInt64
        /// The run's name of the processes, to be removed when these are gone.
        let process: RESPBytes?
        let isMisplaced: Bool

        private static let misplaced = Array("misplaced".utf8)

        init(run: UInt64, process: RESPBytes?, isMisplaced: Bool) {
            self.run = run
            self.process = process
            self.isMisplaced = isMisplaced
        }

        /// Of a cluster earlier versions wrote the number alone.
        init?(_ bytes: RESPBytes?) {
            let words = bytes?.split(separator: UInt8(ascii: " ")) ?? []
            guard let first = words.first,
                let run = UInt64(String(decoding: first, as: UTF8.self), radix: words.count > 1 ? 16 : 10)
            else { return nil }
            self.run = run
            process = words.count > 1 ? RESPBytes(words[1]) : nil
            isMisplaced = words.count > 2 && words[2].elementsEqual(Self.misplaced)
        }

        var bytes: [UInt8] {
            var bytes = Array("\(String(run, radix: 16)) ".utf8) + (process ?? [])
            if isMisplaced { bytes += [UInt8(ascii: " ")] + Self.misplaced }
            return bytes
        }
    }
}

/// Gives keys other values, or removes them, if they are what they were, in one step.
struct KeySwap: Sendable {
    /// Nil is no key.
    typealias Key = (key: RESPBytes, held: RESPBytes?, becoming: [UInt8]?)

    private var keys: [Key]

    init(_ keys: [Key]) { self.keys = keys }

    mutating func append(_ other: KeySwap) { keys += other.keys }

    /// Those to set, then those to remove.
    private var inOrder: [Key] { keys.filter { $0.becoming != nil } + keys.filter { $0.becoming == nil } }

    /// For a transaction that watches the keys.
    var commands: [RedisCommand<RESPValue>] {
        // As in the script: what one claim removes another may set.
        inOrder.reversed().map { key in
            if let value = key.becoming { raw("SET", key.key, value) } else { raw("UNLINK", key.key) }
        }
    }

    /// 1, or 0 if a key is something else. It begins with a deletion: see ``FullServer``.
    var script: RedisCommand<RESPValue> {
        var arguments: [any RedisArgument] = [Self.swapping, keys.count]
        for key in inOrder { arguments.append(key.key) }
        for key in inOrder { arguments.append(key.held ?? []) }
        for value in inOrder.compactMap(\.becoming) { arguments.append(value) }
        return .raw("EVAL", arguments)
    }

    /// KEYS: some to set, some to remove. ARGV: what each must be, then what the first become.
    private static let swapping = """
        for place = 1, #KEYS do
          if (redis.call('GET', KEYS[place]) or '') ~= ARGV[place] then return 0 end
        end
        redis.call('UNLINK', unpack(KEYS))
        for place = 1, #ARGV - #KEYS do redis.call('SET', KEYS[place], ARGV[#KEYS + place]) end
        return 1
        """
}

extension RedisExecutor {
    /// What the keys hold, without those that are not there.
    func values(of keys: [RESPBytes]) async throws(RedisError) -> [RESPBytes: RESPBytes] {
        var batch = RedisBatch()
        for key in keys { batch.append(raw("GET", key)) }
        var values: [RESPBytes: RESPBytes] = [:]
        for (key, reply) in zip(keys, try await pipeline(batch)) {
            if let failure = reply.failure { throw failure }
            values[key] = reply.bytes
        }
        return values
    }
}

extension RedisConnection {
    /// False if one of the keys, which are watched, is not what it was.
    func swap(_ swap: KeySwap) async throws(RedisError) -> Bool {
        do throws(RedisError) {
            return try await transaction(swap.commands) != nil
        } catch {
            guard error.saysFull else { throw error }
            return try await run(swap.script).step() == 1
        }
    }
}
