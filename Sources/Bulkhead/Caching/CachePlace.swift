import BulkheadNetworking
import Synchronization

/// The caches of a program, to close them with its databases.
final class CacheRegistry: Sendable {
    private struct State {
        var caches: [ObjectIdentifier: CacheSource] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// False if the databases are closed.
    func add(_ cache: CacheSource, of holder: HeldCache) -> Bool {
        let id = ObjectIdentifier(holder)
        return state.withLock { state in
            if !state.isClosed { state.caches[id] = cache }
            return !state.isClosed
        }
    }

    func remove(of holder: HeldCache) {
        let id = ObjectIdentifier(holder)
        state.withLock { $0.caches[id] = nil }
    }

    /// Ends all caches and takes no more; whose sockets are still to close.
    func close() -> [AsyncConnection] {
        let caches = state.withLock { state in
            state.isClosed = true
            defer { state.caches = [:] }
            return state.caches.values.map(\.self)
        }
        return caches.flatMap { $0.close() }
    }
}

/// Where the caches of a name get what they keep.
struct CachePlace: Sendable {
    let registry: CacheRegistry
    let circuit: Circuit
    let settings: ConnectionSettings
    /// The same for a server of a cluster.
    let makePlace: @Sendable (Endpoint) -> (ConnectionSettings, Circuit)
}

/// An open cache; its connection closes when nobody has it any more.
final class HeldCache: Sendable {
    let cache: CacheSource
    private let registry: CacheRegistry

    fileprivate init(_ cache: CacheSource, in registry: CacheRegistry) throws(RedisError) {
        self.cache = cache
        self.registry = registry
        if !registry.add(cache, of: self) {
            throw RedisError(.closed, "the databases were closed", stage: .refused)
        }
    }

    deinit {
        registry.remove(of: self)
        cache.close()
    }
}

extension DatabaseBinding {
    /// A cache that is not open yet.
    func cache(_ limits: RedisCacheLimits) throws(RedisError) -> HeldCache {
        try limits.check()
        if case .routed(let topology) = topology, topology is CopyTopology {
            throw RedisError(
                .cachingUnavailable,
                "a name that has copies elsewhere has no client-side cache: read it without one", stage: .refused)
        }
        let settings = caching.settings
        if settings.version == .resp2 {
            throw RedisError(
                .cachingUnavailable,
                "a cache needs RESP3, whose pushes carry what has changed, and the configuration asks for RESP2",
                stage: .refused)
        }
        @Sendable func bounds(bytes: Int) -> CacheBounds {
            CacheBounds(bytes: bytes, age: limits.maximumAge, proof: limits.maximumSilence)
        }
        guard let cluster = topology.cluster else {
            let cache = TrackedCache(settings, caching.circuit, bounds(bytes: limits.maximumBytes))
            return try HeldCache(.server(cache), in: caching.registry)
        }
        let caches = ClusterCache(cluster, bytes: limits.maximumBytes) { [caching] primary, bytes, onMove in
            let (settings, circuit) = caching.makePlace(primary)
            return TrackedCache(settings, circuit, bounds(bytes: bytes), onMove: onMove)
        }
        return try HeldCache(.cluster(caches), in: caching.registry)
    }
}

extension RedisError {
    init(_ failure: CacheFailure) {
        switch failure {
        case .connection(let failure): self.init(failure)
        case .withoutPushes(let endpoint):
            self.init(
                .cachingUnavailable,
                "\(endpoint) speaks RESP2 only, and a cache needs the pushes of RESP3 (Redis 6, Valkey)",
                stage: .answered)
        case .refused(let message, let command):
            let error = RedisError(server: message)
            self.init(
                error.code == .serverError ? .cachingUnavailable : error.code,
                "the server refuses \(command), which a cache needs: \(error.message)", stage: .answered)
        }
    }
}
