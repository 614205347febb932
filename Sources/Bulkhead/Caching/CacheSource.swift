import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What a cache reads from: one server, or the primaries of a cluster.
enum CacheSource: Sendable {
    case server(TrackedCache)
    case cluster(ClusterCache)

    func open(until deadline: Deadline) async throws(CacheFailure) {
        switch self {
        case .server(let cache): try await cache.open(until: deadline)
        case .cluster(let caches): try await caches.open(until: deadline)
        }
    }

    func openBlocking(until deadline: Deadline) throws(CacheFailure) {
        switch self {
        case .server(let cache): try cache.openBlocking(until: deadline)
        case .cluster(let caches): try caches.openBlocking(until: deadline)
        }
    }

    @discardableResult
    func close() -> [AsyncConnection] {
        switch self {
        case .server(let cache): cache.close().map { [$0] } ?? []
        case .cluster(let caches): caches.close()
        }
    }

    func hit(_ command: EncodedCommand) -> RESPValue? {
        switch self {
        case .server(let cache): cache.hit(command.bytes)
        case .cluster(let caches): caches.hit(command)
        }
    }

    func read(_ read: CachedRead, until deadline: Deadline) async -> TrackedCache.Reading {
        switch self {
        case .server(let cache): return await cache.read(read.command.bytes, about: read.key, until: deadline)
        case .cluster(let caches): return await caches.read(read, until: deadline)
        }
    }

    func readBlocking(_ read: CachedRead, until deadline: Deadline) -> TrackedCache.Reading {
        switch self {
        case .server(let cache): return cache.readBlocking(read.command.bytes, about: read.key, until: deadline)
        case .cluster(let caches): return caches.readBlocking(read, until: deadline)
        }
    }

    func catchUp(until deadline: Deadline) async throws(CacheFailure) {
        switch self {
        case .server(let cache): try await cache.catchUp(until: deadline)
        case .cluster(let caches): try await caches.catchUp(until: deadline)
        }
    }

    func catchUpBlocking(until deadline: Deadline) throws(CacheFailure) {
        switch self {
        case .server(let cache): try cache.catchUpBlocking(until: deadline)
        case .cluster(let caches): try caches.catchUpBlocking(until: deadline)
        }
    }

    func counts() -> CacheCounts {
        switch self {
        case .server(let cache): cache.counts()
        case .cluster(let caches): caches.counts()
        }
    }
}
