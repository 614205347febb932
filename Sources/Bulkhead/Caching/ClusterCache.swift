import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// The caches of a name that lives in a cluster: one for each primary, with the keys of its slots.
///
/// Each primary tells of its own keys alone. So all of them are emptied when one says another map of slots than before:
/// whoever has a slot now tells nothing of what its last primary had been read for.
final class ClusterCache: Sendable {
    private struct State: Sendable {
        var caches: [Endpoint: TrackedCache] = [:]
        /// Of the map that they were made by.
        var version = 0
        var isClosed = false
    }

    private let topology: ClusterTopology
    private let makeCache: @Sendable (Endpoint, _ onMove: @escaping @Sendable () -> Void) -> TrackedCache
    private let state = Mutex(State())

    init(
        _ topology: ClusterTopology,
        _ makeCache: @escaping @Sendable (Endpoint, _ onMove: @escaping @Sendable () -> Void) -> TrackedCache
    ) {
        self.topology = topology
        self.makeCache = makeCache
    }

    // MARK: Opening and closing

    /// Returns when every primary has agreed to track.
    func open(until deadline: Deadline) async throws(CacheFailure) {
        do throws(ConnectionFailure) {
            try await topology.findMap(until: deadline)
        } catch {
            throw .connection(error)
        }
        for cache in try begin() { try await cache.open(until: deadline) }
    }

    /// The same for a thread, which waits.
    func openBlocking(until deadline: Deadline) throws(CacheFailure) {
        do throws(ConnectionFailure) {
            try topology.findMap(until: deadline)
        } catch {
            throw .connection(error)
        }
        for cache in try begin() { try cache.openBlocking(until: deadline) }
    }

    private func begin() throws(CacheFailure) -> [TrackedCache] {
        let primaries = topology.map?.primaries ?? []
        let version = topology.version
        return state.withLock { state in
            state.version = version
            for primary in primaries { state.caches[primary] = make(primary) }
            return Array(state.caches.values)
        }
    }

    private func make(_ primary: Endpoint) -> TrackedCache {
        makeCache(primary) { [weak self] in self?.clear() }
    }

    /// Ends them for good; whose sockets are still to close.
    func close() -> [AsyncConnection] {
        let caches = state.withLock { state in
            state.isClosed = true
            defer { state.caches = [:] }
            return Array(state.caches.values)
        }
        return caches.compactMap { $0.close() }
    }

    /// Slots have moved.
    private func clear() { for cache in all { cache.clear() } }

    private var all: [TrackedCache] { state.withLock { Array($0.caches.values) } }

    // MARK: Reading

    /// The kept reply to a command; nil if there is none that may be returned.
    func hit(_ command: EncodedCommand) -> RESPValue? {
        guard case .one(let slot) = command.slot, let primary = topology.map?.primary(of: slot) else { return nil }
        return state.withLock({ $0.caches[primary] })?.hit(command.bytes)
    }

    /// The cache of a command's key; nil while there is none.
    func cache(of command: EncodedCommand) -> (TrackedCache, Endpoint)? {
        guard case .one(let slot) = command.slot, let map = topology.map, let primary = map.primary(of: slot) else {
            return nil
        }
        let version = topology.version
        let (cache, isNew, gone) = state.withLock { state -> (TrackedCache?, Bool, [TrackedCache]) in
            if state.isClosed { return (nil, false, []) }
            var gone: [TrackedCache] = []
            if state.version != version {
                state.version = version
                let primaries = map.primaries
                for endpoint in state.caches.keys where !primaries.contains(endpoint) {
                    if let cache = state.caches.removeValue(forKey: endpoint) { gone.append(cache) }
                }
            }
            if let cache = state.caches[primary] { return (cache, false, gone) }
            let cache = make(primary)
            state.caches[primary] = cache
            return (cache, true, gone)
        }
        for cache in gone { cache.close() }
        if isNew { cache?.start() }
        return cache.map { ($0, primary) }
    }

    /// Returns when all that the servers had changed before the call is known here.
    func catchUp(until deadline: Deadline) async throws(CacheFailure) {
        for cache in all { try await cache.catchUp(until: deadline) }
    }

    /// The same for a thread, which waits.
    func catchUpBlocking(until deadline: Deadline) throws(CacheFailure) {
        for cache in all { try cache.catchUpBlocking(until: deadline) }
    }

    /// What they came to so far; those of primaries that have gone are forgotten.
    func counts() -> CacheCounts {
        let counts = all.map { $0.counts() }
        guard let first = counts.first else { return CacheCounts() }
        return counts.dropFirst().reduce(first) { $0.adding($1) }
    }
}
