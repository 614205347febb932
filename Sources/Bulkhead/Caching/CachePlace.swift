import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// The caches of a program, to close them with its databases.
final class CacheRegistry: Sendable {
    private struct State {
        var caches: [ObjectIdentifier: TrackedCache] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// False if the databases are closed.
    func add(_ cache: TrackedCache) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.caches[ObjectIdentifier(cache)] = cache }
            return !state.isClosed
        }
    }

    func remove(_ cache: TrackedCache) { state.withLock { $0.caches[ObjectIdentifier(cache)] = nil } }

    /// Ends all caches and takes no more; whose sockets are still to close.
    func close() -> [AsyncConnection] {
        let caches = state.withLock { state in
            state.isClosed = true
            defer { state.caches = [:] }
            return state.caches.values.map(\.self)
        }
        return caches.compactMap { $0.close() }
    }
}

/// Where the caches of a name get what they keep.
struct CachePlace: Sendable {
    let registry: CacheRegistry
    let circuit: Circuit
    let settings: ConnectionSettings
}

/// An open cache; its connection closes when nobody has it any more.
final class HeldCache: Sendable {
    let cache: TrackedCache
    private let registry: CacheRegistry

    fileprivate init(_ cache: TrackedCache, in registry: CacheRegistry) throws(RedisError) {
        self.cache = cache
        self.registry = registry
        if !registry.add(cache) {
            throw RedisError(.closed, "the databases were closed", stage: .refused)
        }
    }

    deinit {
        registry.remove(cache)
        cache.close()
    }
}

extension DatabaseBinding {
    /// A cache that is not open yet.
    func cache(_ limits: RedisCacheLimits) throws(RedisError) -> HeldCache {
        try limits.check()
        if case .routed = topology {
            throw RedisError(
                .cachingUnavailable,
                "a name that lives in a cluster, reads from replicas or has copies elsewhere has no client-side cache: "
                    + "read it without one",
                stage: .refused)
        }
        let settings = caching.settings
        if settings.version == .resp2 {
            throw RedisError(
                .cachingUnavailable,
                "a cache needs RESP3, whose pushes carry what has changed, and the configuration asks for RESP2",
                stage: .refused)
        }
        let bounds = CacheBounds(
            bytes: limits.maximumBytes, age: limits.maximumAge, proof: limits.maximumSilence)
        return try HeldCache(TrackedCache(settings, caching.circuit, bounds), in: caching.registry)
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
