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
    private let state = Mutex(State())

    init(_ names: [RESPBytes], isOrdered: Bool = false) {
        self.names = names
        self.isOrdered = isOrdered
    }

    /// The number of this run; 0 until the claim is taken.
    var run: UInt64 { state.withLock { $0.run } }

    /// Runs before this one whose notes are to be trusted: since the first of them nobody else has moved keys out of
    /// this database, by this or by any other name of it.
    var trusted: Set<UInt64> { state.withLock { $0.trusted } }

    /// What the keys hold.
    var token: [UInt8] { token(of: run) }

    /// The run, and its name of the processes, to be removed when these are gone.
    private func token(of run: UInt64) -> [UInt8] {
        var token = Array("\(String(run, radix: 16)) ".utf8)
        if let name = names.last { token.append(contentsOf: name) }
        return token
    }

    /// What a token says; of a cluster earlier versions wrote the number alone.
    private static func read(_ token: RESPBytes?) -> (run: UInt64, process: RESPBytes?)? {
        guard let words = token?.split(separator: UInt8(ascii: " "), maxSplits: 1), let first = words.first else {
            return nil
        }
        guard let run = UInt64(String(decoding: first, as: UTF8.self), radix: words.count == 2 ? 16 : 10) else {
            return nil
        }
        return (run, words.count == 2 ? RESPBytes(words[1]) : nil)
    }

    /// Makes this run's the keys of one database, in one step with a look that they are what was read before: the
    /// change that does so, and removes names of processes that a restart has ended.
    func taking(of held: [RESPBytes: RESPBytes], as run: UInt64) -> KeySwap {
        let token = token(of: run)
        var swap = KeySwap(names.map { (key: $0, held: held[$0], becoming: token) })
        if let former = Self.read(held[names[0]])?.process, !names.contains(former),
            former.starts(with: HandoverNotes.prefix)
        {
            swap.removed.append(former)
        }
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
                try await connection.watch(names)
                held = try await connection.values(of: names)
            } else {
                held = try await source.values(of: names)
            }
            // Two runs may have looked at the same time.
            guard resuming || names.dropFirst().allSatisfy({ held[$0] == nil }) else {
                throw CrossServerMover.unfinished
            }
            let run = isOrdered ? try await number(in: source, after: claims, held) : .random(in: .min ... .max)
            // One that called the server by another address is named by the process alone: its notes have other names.
            let formers = claims.map { read(held[$0.names[0]])?.run }
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
        let highest = claims.filter(\.isOrdered).flatMap(\.names).compactMap { read(held[$0])?.run }.max()
        let (next, isTooHigh) = (highest ?? 0).addingReportingOverflow(1)
        if isTooHigh { throw .strangeReply }
        return max(MigrationFence.number(at: try await source.clocks().last), next)
    }
}

/// Gives keys other values if they are what they were, in one step.
struct KeySwap: Sendable {
    typealias Key = (key: RESPBytes, held: RESPBytes?, becoming: [UInt8])

    private var keys: [Key]
    /// Keys to remove in the same step.
    var removed: [RESPBytes] = []

    init(_ keys: [Key]) { self.keys = keys }

    mutating func append(_ other: KeySwap) {
        keys += other.keys
        removed += other.removed
    }

    /// For a transaction that watches the keys.
    var commands: [RedisCommand<RESPValue>] {
        // As in the script: what one claim removes another may set.
        removed.map { raw("UNLINK", $0) } + keys.map { raw("SET", $0.key, $0.becoming) }
    }

    /// 1, or 0 if a key is something else. It begins with a deletion: see ``FullServer``.
    var script: RedisCommand<RESPValue> {
        var arguments: [any RedisArgument] = [Self.swapping, keys.count + removed.count]
        for key in keys { arguments.append(key.key) }
        for key in removed { arguments.append(key) }
        for key in keys { arguments.append(key.held ?? []) }
        for key in keys { arguments.append(key.becoming) }
        return .raw("EVAL", arguments)
    }

    /// KEYS: some to set, some to remove. ARGV: what each of the first must be, then what each becomes.
    private static let swapping = """
        local count = #ARGV / 2
        for place = 1, count do
          if (redis.call('GET', KEYS[place]) or '') ~= ARGV[place] then return 0 end
        end
        redis.call('UNLINK', unpack(KEYS))
        for place = 1, count do redis.call('SET', KEYS[place], ARGV[count + place]) end
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
