import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// The caches of a name that lives in a cluster: one for each primary, with the keys of its slots.
///
/// Each primary tells of its own keys alone. So all of them are emptied when one says another map of slots than before:
/// whoever has a slot now tells nothing of what its last primary had been read for.
///
/// They follow the map. The cache of a server that is no primary any more is closed, so whoever waits there reads over
/// the ordinary connections, from the server that has the slot now.
final class ClusterCache: ServerKeeper {
    typealias MakeCache =
        @Sendable (Endpoint, _ bytes: Int, _ onMove: @escaping @Sendable () -> Void) -> TrackedCache

    private struct State: Sendable {
        /// Of all of them together.
        let bytes: Int
        var caches: [Endpoint: TrackedCache] = [:]
        /// Of the map that they were made by, and how many primaries that has.
        var version = 0
        var primaries = 0
        /// What those came to that are gone.
        var past = CacheCounts()
        var isClosed = false

        init(bytes: Int) { self.bytes = bytes }

        /// The part of each.
        var share: Int { bytes / max(1, primaries, caches.count) }

        func shareOut() { for cache in caches.values { cache.resize(to: share) } }

        /// Where the map is a newer one: the caches of servers that are no primaries in it, to be closed outside of
        /// locks.
        mutating func follow(_ map: SlotMap?, _ version: Int) -> [TrackedCache] {
            guard let map, version != self.version else { return [] }
            let endpoints = map.primaries
            self.version = version
            primaries = endpoints.count
            var gone: [TrackedCache] = []
            for (endpoint, cache) in caches where !endpoints.contains(endpoint) {
                gone.append(cache)
                leave(endpoint, cache)
            }
            shareOut()
            return gone
        }

        /// Takes one out, and keeps what it came to.
        mutating func leave(_ endpoint: Endpoint, _ cache: TrackedCache) {
            caches[endpoint] = nil
            past = past.adding(cache.counts())
            past.entries = 0
            past.bytes = 0
        }
    }

    /// Before a primary that could not be reached is tried again.
    private static let pause = Duration.milliseconds(50)

    private let topology: ClusterTopology
    private let makeCache: MakeCache
    private let state: Mutex<State>
    /// How many wait for a primary.
    private let waiting = Atomic(0)
    let lookout = Lookout()

    init(_ topology: ClusterTopology, bytes: Int, _ makeCache: @escaping MakeCache) {
        self.topology = topology
        self.makeCache = makeCache
        state = Mutex(State(bytes: bytes))
    }

    // MARK: Opening and closing

    /// Returns when every primary has agreed to track. Where one cannot be reached, another one may have its slots: the
    /// map is asked for again.
    func open(until deadline: Deadline) async throws(CacheFailure) {
        do throws(ConnectionFailure) {
            try await topology.findMap(until: deadline)
        } catch {
            throw .connection(error)
        }
        while let (primary, cache) = try next() {
            do throws(CacheFailure) {
                try await cache.open(until: deadline)
            } catch {
                try mayTryAgain(primary, after: error, until: deadline)
                guard await sleepTask(for: Self.pause) else { throw .connection(.cancelled(.queued)) }
                await topology.refresh(until: deadline)
            }
        }
    }

    /// The same for a thread, which waits.
    func openBlocking(until deadline: Deadline) throws(CacheFailure) {
        do throws(ConnectionFailure) {
            try topology.findMap(until: deadline)
        } catch {
            throw .connection(error)
        }
        while let (primary, cache) = try next() {
            do throws(CacheFailure) {
                try cache.openBlocking(until: deadline)
            } catch {
                try mayTryAgain(primary, after: error, until: deadline)
                sleepThread(for: Self.pause)
                topology.refresh(until: deadline)
            }
        }
    }

    /// A cache that is to be opened, of a primary that has none; nil where all have one.
    private func next() throws(CacheFailure) -> (Endpoint, TrackedCache)? {
        let (new, gone) = state.withLock { state -> (Result<(Endpoint, TrackedCache)?, CacheFailure>, [TrackedCache]) in
            if state.isClosed { return (.failure(.connection(.databasesClosed)), []) }
            let (map, version) = topology.numberedMap
            let gone = state.follow(map, version)
            for primary in map?.primaries ?? [] where state.caches[primary] == nil {
                let cache = make(primary, state.share)
                state.caches[primary] = cache
                return (.success((primary, cache)), gone)
            }
            return (.success(nil), gone)
        }
        for cache in gone { cache.close() }
        return try new.get()
    }

    /// Forgets a cache that could not be opened; throws why, unless a newer map may help.
    private func mayTryAgain(
        _ primary: Endpoint, after failure: CacheFailure, until deadline: Deadline
    ) throws(CacheFailure) {
        state.withLock { $0.caches[primary] = nil }
        guard case .connection(let reason) = failure, reason.mayBeOfOldMap, !deadline.isOver else { throw failure }
    }

    private func make(_ primary: Endpoint, _ bytes: Int) -> TrackedCache {
        makeCache(primary, bytes) { [weak self] in self?.clear() }
    }

    /// Ends them for good; whose sockets are still to close.
    func close() -> [AsyncConnection] {
        let caches = state.withLock { state -> [TrackedCache] in
            state.isClosed = true
            let caches = state.caches
            for (endpoint, cache) in caches { state.leave(endpoint, cache) }
            return Array(caches.values)
        }
        return caches.compactMap { $0.close() }
    }

    /// Slots have moved.
    private func clear() {
        let caches = state.withLock { Array($0.caches.values) }
        for cache in caches { cache.clear() }
    }

    /// Those of the primaries that the newest map has; the others are closed.
    private func current() -> [Endpoint: TrackedCache] {
        let (caches, gone) = state.withLock { state -> ([Endpoint: TrackedCache], [TrackedCache]) in
            let (map, version) = topology.numberedMap
            let gone = state.follow(map, version)
            return (state.caches, gone)
        }
        for cache in gone { cache.close() }
        return caches
    }

    // MARK: Reading

    /// The kept reply to a command; nil if there is none that may be returned.
    func hit(_ command: EncodedCommand) -> RESPValue? {
        guard case .one(let slot) = command.slot, let primary = topology.map?.primary(of: slot) else { return nil }
        return state.withLock({ $0.caches[primary] })?.hit(command.bytes)
    }

    /// Reads what was no hit.
    func read(_ read: CachedRead, until deadline: Deadline) async -> TrackedCache.Reading {
        if topology.isDoubtful { await topology.refresh(until: deadline) }
        guard let (cache, server) = place(of: read.command) else { return .passed }
        began(server)
        let reading = await cache.read(read.command.bytes, about: read.key, until: deadline)
        return ended(server, reading, of: read)
    }

    /// The same for a thread, which waits.
    func readBlocking(_ read: CachedRead, until deadline: Deadline) -> TrackedCache.Reading {
        if topology.isDoubtful { topology.refresh(until: deadline) }
        guard let (cache, server) = place(of: read.command) else { return .passed }
        began(server)
        return ended(server, cache.readBlocking(read.command.bytes, about: read.key, until: deadline), of: read)
    }

    /// The cache of a command's key, and its primary; nil while there is none.
    private func place(of command: EncodedCommand) -> (TrackedCache, ClusterServer)? {
        guard case .one(let slot) = command.slot else { return nil }
        let (found, isNew, gone) = state.withLock { state -> ((TrackedCache, Endpoint)?, Bool, [TrackedCache]) in
            if state.isClosed { return (nil, false, []) }
            let (map, version) = topology.numberedMap
            let gone = state.follow(map, version)
            guard let primary = map?.primary(of: slot) else { return (nil, false, gone) }
            if let cache = state.caches[primary] { return ((cache, primary), false, gone) }
            let cache = make(primary, state.share)
            state.caches[primary] = cache
            state.shareOut()
            return ((cache, primary), true, gone)
        }
        for cache in gone { cache.close() }
        guard let (cache, primary) = found else { return nil }
        if isNew { cache.start() }
        guard let server = try? topology.server(at: primary) else { return nil }
        return (cache, server)
    }

    /// The ordinary way follows redirections.
    private func ended(
        _ server: ClusterServer, _ reading: TrackedCache.Reading, of read: CachedRead
    ) -> TrackedCache.Reading {
        switch reading {
        case .reply(let reply, let isSent):
            ended(server, isAnswered: isSent)
            let command = read.command
            let redirection = reply.redirection(
                from: server.endpoint, of: command.bytes, to: EncodedCommand.onlySlot(of: command.bytes))
            return redirection == nil ? reading : .passed
        case .passed: ended(server, isAnswered: false)
        case .failed(let failure):
            ended(server, isAnswered: false)
            topology.doubt(after: failure)
        }
        return reading
    }

    /// Returns when all that the servers had changed before the call is known here.
    func catchUp(until deadline: Deadline) async throws(CacheFailure) {
        for (primary, cache) in current() {
            let server = try server(at: primary)
            began(server)
            do throws(CacheFailure) {
                try await cache.catchUp(until: deadline)
            } catch {
                throw ended(server, error)
            }
            ended(server, isAnswered: true)
        }
    }

    /// The same for a thread, which waits.
    func catchUpBlocking(until deadline: Deadline) throws(CacheFailure) {
        for (primary, cache) in current() {
            let server = try server(at: primary)
            began(server)
            do throws(CacheFailure) {
                try cache.catchUpBlocking(until: deadline)
            } catch {
                throw ended(server, error)
            }
            ended(server, isAnswered: true)
        }
    }

    private func server(at primary: Endpoint) throws(CacheFailure) -> ClusterServer {
        do throws(ConnectionFailure) {
            return try topology.server(at: primary)
        } catch {
            throw .connection(error)
        }
    }

    private func ended(_ server: ClusterServer, _ failure: CacheFailure) -> CacheFailure {
        ended(server, isAnswered: false)
        if case .connection(let reason) = failure { topology.doubt(after: reason) }
        return failure
    }

    /// What they came to so far, with those of servers that are no primaries any more.
    func counts() -> CacheCounts {
        _ = current()
        let (past, caches) = state.withLock { ($0.past, Array($0.caches.values)) }
        var counts = past
        counts.isProved = !caches.isEmpty
        for cache in caches { counts = counts.adding(cache.counts()) }
        return counts
    }

    // MARK: Primaries that hang

    // Whoever waits here counts as waiting for the server, so the topology asks for the map when that is silent for too
    // long. Where another one has its slots then, its cache is closed, and that ends the wait.

    private func began(_ server: ClusterServer) {
        topology.began(server)
        waiting.add(1, ordering: .sequentiallyConsistent)
        keepLooking()
    }

    private func ended(_ server: ClusterServer, isAnswered: Bool) {
        server.ended(isAnswered: isAnswered)
        waiting.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// Somebody waits for a primary.
    var isAsked: Bool { waiting.load(ordering: .sequentiallyConsistent) > 0 }

    func look() { _ = current() }
}

extension ConnectionFailure {
    /// The server may be gone, and a newer map name another one.
    fileprivate var mayBeOfOldMap: Bool {
        switch reason {
        case .nameNotResolved, .connectFailed, .connectTimedOut, .timedOut, .closedByServer, .inputOutput,
            .handshakeUnanswered:
            true
        default: false
        }
    }
}
