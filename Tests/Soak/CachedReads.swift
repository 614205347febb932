import Bulkhead
import BulkheadBenchmarkSupport
import Synchronization

/// Readers of client-side caches, beside the callers that write what they read: when a cache has caught up, it may
/// return nothing older than what had been acknowledged by then.
final class CachedReads: Sendable {
    private struct State {
        /// The last value of each key that the server has acknowledged.
        var acknowledged: [DatabaseName: [String: Int]] = [:]
        var reads = 0
        var behind = 0
        var stale = 0
        var hits = 0
        var invalidations = 0
    }

    private static let readsOfRound = 500
    private static let readsBetweenLooks = 50

    private let state = Mutex(State())

    var reads: Int { state.withLock { $0.reads } }
    /// Of these, how many were no older than what the cache had caught up with, and older than what is acknowledged
    /// by now.
    var behind: Int { state.withLock { $0.behind } }
    var stale: Int { state.withLock { $0.stale } }
    var hits: Int { state.withLock { $0.hits } }
    var invalidations: Int { state.withLock { $0.invalidations } }

    /// A writer's ledger has this value acknowledged. No key has two writers.
    func acknowledge(_ name: DatabaseName, _ key: String, _ sequence: Int) {
        state.withLock { $0.acknowledged[name, default: [:]][key] = sequence }
    }

    /// What may not be older any more, in whatever is read from now on.
    private func floor(_ name: DatabaseName) -> [String: Int] { state.withLock { $0.acknowledged[name] ?? [:] } }

    /// Reads until the end is called.
    func read(
        _ databases: RedisDatabases, _ name: DatabaseName, _ board: Scoreboard, seed: UInt64, _ tally: inout Tally
    ) async {
        var random = SeededGenerator(seed: seed)
        var cache: RedisCache?
        while !board.isOver {
            do throws(RedisError) {
                if let cache {
                    try await round(cache, board, &random, &tally)
                    // Leaves the processors to the callers.
                    try? await Task.sleep(for: .milliseconds(1))
                } else {
                    cache = try await databases[name].cached()
                }
            } catch {
                tally.count(error)
                try? await Task.sleep(for: .milliseconds(5))
            }
            board.take(&tally)
        }
        guard let counts = cache?.metrics() else { return }
        state.withLock { state in
            state.hits += counts.hits
            state.invalidations += counts.invalidations
        }
    }

    /// Catches up with what is acknowledged, and reads keys that callers write.
    private func round(
        _ cache: RedisCache, _ board: Scoreboard, _ random: inout SeededGenerator, _ tally: inout Tally
    ) async throws(RedisError) {
        let name = cache.name
        let floor = floor(name)
        try await cache.catchUp()
        let keys = Array(floor.keys)
        guard !keys.isEmpty else { return await Task.yield() }
        var latest = floor
        for read in 0..<Self.readsOfRound where !board.isOver {
            if read % Self.readsBetweenLooks == 0 {
                latest = self.floor(name)
                // Hits never suspend, and the writers run on the same threads.
                await Task.yield()
            }
            let key = keys[Int.random(in: 0..<keys.count, using: &random)]
            tally.operations += 1
            if Int.random(in: 0..<64, using: &random) == 0 {
                // Others may be waiting for the same reply.
                let call = Task { _ = try? await cache.get(key) }
                await Task.yield()
                call.cancel()
            }
            let value = try await cache.get(key)
            judge(value, of: key, in: name, floor[key] ?? 0, latest[key] ?? 0, &tally)
        }
    }

    private func judge(
        _ value: String?, of key: String, in name: DatabaseName, _ floor: Int, _ latest: Int, _ tally: inout Tally
    ) {
        let sequence = value.flatMap { Naming.sequence(of: $0, name, key) }
        if let value, sequence == nil { return tally.cross("\(key) in \(name) reads from a cache \(value.prefix(60))") }
        state.withLock { state in
            state.reads += 1
            if sequence ?? 0 < floor {
                state.stale += 1
            } else if sequence ?? 0 < latest {
                state.behind += 1
            }
        }
        if sequence ?? 0 < floor {
            tally.keep("stale: \(key) in \(name) is \(sequence ?? 0) from a cache that had caught up with \(floor)")
        }
    }
}
