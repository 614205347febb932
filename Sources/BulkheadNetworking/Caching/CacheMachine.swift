import BulkheadRESP

/// How much a cache keeps, and for how long.
package struct CacheBounds: Sendable, Hashable {
    /// Bytes of memory, estimated.
    package let bytes: Int
    /// How long a reply is kept if nothing invalidates it.
    package let age: Duration
    /// How old what is read may be where invalidations do not arrive: nothing kept is returned unless the server has
    /// answered a question that was asked so long ago at most.
    package let proof: Duration
    /// How much may be under way; reads beyond are read as if there were no cache.
    var underWay = LaneBounds()

    package init(bytes: Int, age: Duration, proof: Duration) {
        self.bytes = bytes
        self.age = age
        self.proof = proof
    }

    /// How often the server is asked. Two questions in one such time: one late answer alone costs nothing.
    var interval: Duration { proof / 2 }
}

/// What a cache came to so far.
package struct CacheCounts: Sendable, Hashable {
    /// Reads that a kept reply answered.
    package var hits = 0
    /// Reads that had to wait for the server.
    package var misses = 0
    /// Of these, how many waited for a request that was under way already.
    package var joined = 0
    /// Of the misses, how many were sent over the ordinary connections, as nothing could be kept.
    package var passed = 0
    /// Keys that the server named as changed.
    package var invalidations = 0
    /// Replies that were not kept, as their key was named while they were under way.
    package var races = 0
    /// How often everything was dropped.
    package var clears = 0
    /// Entries that made room for others.
    package var evictions = 0
    /// Entries now.
    package var entries = 0
    /// Bytes that they take, estimated.
    package var bytes = 0
    /// Whether replies are kept and returned now.
    package var isProved = false

    package init() {}

    /// Those of two caches together.
    package func adding(_ other: CacheCounts) -> CacheCounts {
        var sum = self
        sum.hits += other.hits
        sum.misses += other.misses
        sum.joined += other.joined
        sum.passed += other.passed
        sum.invalidations += other.invalidations
        sum.races += other.races
        sum.clears += other.clears
        sum.evictions += other.evictions
        sum.entries += other.entries
        sum.bytes += other.bytes
        sum.isProved = isProved && other.isProved
        return sum
    }
}

/// A cache of replies that a server invalidates, as a pure struct: events in, decisions out. It knows no sockets,
/// threads or clocks.
///
/// Three rules keep it from returning what is stale.
///
/// - **A reply is kept only if its key was not named between request and reply.** The server names a key once, when it
///   changes, and then forgets that it was read. So a reply that was under way may be older than that.
/// - **What is kept belongs to one connection.** When that is lost, everything goes: the server tells a new one nothing
///   of what the old one has read.
/// - **What is kept is returned only while the connection is proved.** The answer to a question says that all which the
///   server has said before has arrived. A peer that has gone silent proves nothing, and ends nothing either.
///
/// Many who read the same at the same time wait for one request; whoever comes after its key was named begins another.
struct CacheMachine<Waiter: Sendable>: Sendable {
    /// Names a request under way.
    typealias Flight = Int

    /// How a read goes on.
    enum Step: Sendable {
        case hit(RESPValue)
        /// The waiter gets the reply of a request that is under way.
        case joined
        /// The waiter gets the reply of a request that is to be sent, under this number, over that connection.
        case send(Flight, connection: Int)
        /// Nothing can be kept now: read as if there were no cache.
        case pass
    }

    private struct Request: Sendable {
        let command: CachedCommand
        let key: RESPBytes
        let start: Moment
        var waiters: [Waiter]
        /// Its key has not been named since.
        var isFresh = true
    }

    let bounds: CacheBounds
    private var store: CacheStore
    private var requests: [Flight: Request] = [:]
    /// Bytes of their commands.
    private var requestedBytes = 0
    /// Those that others may join, and all of a key.
    private var joinable: [CachedCommand: Flight] = [:]
    private var flights: [RESPBytes: [Flight]] = [:]
    private var newestFlight = 0
    private var tallies = CacheCounts()

    /// The connection there is, or that is being made.
    private(set) var connection: Int?
    private var newestConnection = 0
    /// Until when the connection is proved.
    private var provedUntil = Moment.past
    private var marks: SwapMarks?
    /// It is of use once it is proved.
    private var reconnecting: Reconnecting

    init(_ bounds: CacheBounds, _ backoff: Backoff = Backoff()) {
        self.bounds = bounds
        reconnecting = Reconnecting(backoff)
        store = CacheStore(mostBytes: bounds.bytes)
    }

    // MARK: Reads

    /// The kept reply to a command; nil if there is none that may be returned.
    mutating func hit(_ command: CachedCommand, at now: Moment) -> RESPValue? {
        guard now < provedUntil, let value = store.value(of: command, at: now) else { return nil }
        tallies.hits += 1
        return value
    }

    /// A read without a hit: `waiter` waits, unless the step says otherwise.
    mutating func read(_ command: CachedCommand, about key: RESPBytes, at now: Moment, _ waiter: Waiter) -> Step {
        // It may have come between.
        if let value = hit(command, at: now) { return .hit(value) }
        tallies.misses += 1
        guard now < provedUntil, let connection else {
            tallies.passed += 1
            return .pass
        }
        if let flight = joinable[command] {
            tallies.joined += 1
            requests[flight]?.waiters.append(waiter)
            return .joined
        }
        guard requests.count < bounds.underWay.requests, requestedBytes < bounds.underWay.unwrittenBytes else {
            tallies.passed += 1
            return .pass
        }
        newestFlight += 1
        requestedBytes += command.bytes.count
        requests[newestFlight] = Request(command: command, key: key, start: now, waiters: [waiter])
        joinable[command] = newestFlight
        flights[key, default: []].append(newestFlight)
        return .send(newestFlight, connection: connection)
    }

    /// A request was answered, and its key expires at the server `life` after it was sent at the earliest; nil does
    /// not. Without a value it has failed, or nothing may be kept of it. Who waits for it is returned.
    mutating func answered(_ flight: Flight, _ value: RESPValue?, expiringAfter life: Duration?) -> [Waiter] {
        guard let request = requests.removeValue(forKey: flight) else { return [] }
        requestedBytes -= request.command.bytes.count
        if joinable[request.command] == flight { joinable[request.command] = nil }
        flights[request.key]?.removeAll { $0 == flight }
        if flights[request.key]?.isEmpty == true { flights[request.key] = nil }
        if let value {
            if request.isFresh {
                let life = min(life ?? bounds.age, bounds.age)
                store.insert(value, to: request.command, about: request.key, until: request.start + life)
            } else {
                tallies.races += 1
            }
        }
        return request.waiters
    }

    /// Keeps so many bytes at most from now on.
    mutating func resize(to most: Int) { store.resize(to: most) }

    // MARK: The server's words

    /// The server names a key as changed, in whichever of its databases.
    mutating func changed(_ key: RESPBytes) {
        tallies.invalidations += 1
        _ = store.remove(about: key)
        for flight in flights.removeValue(forKey: key) ?? [] { spoil(flight) }
    }

    /// Everything may have changed. What was kept is returned, to be released outside of locks.
    mutating func clear() -> CacheStore {
        tallies.clears += 1
        for flight in requests.keys { spoil(flight) }
        flights = [:]
        return store.removeAll()
    }

    private mutating func spoil(_ flight: Flight) {
        guard let request = requests[flight] else { return }
        requests[flight]?.isFresh = false
        if joinable[request.command] == flight { joinable[request.command] = nil }
    }

    /// The server has answered a question that was asked at `start`. Where its marks show a swap everything goes.
    mutating func proved(_ number: Int, askedAt start: Moment, _ marks: SwapMarks) -> CacheStore? {
        guard number == connection else { return nil }
        reconnecting.used(at: start)
        let isSwapped = self.marks.map { marks.showSwap(since: $0) } ?? false
        self.marks = marks
        provedUntil = max(provedUntil, start + bounds.proof)
        return isSwapped ? clear() : nil
    }

    // MARK: The connection

    /// A connection is to be made; its number. There must be none.
    mutating func connect() -> Int {
        newestConnection += 1
        connection = newestConnection
        reconnecting.begin()
        marks = nil
        return newestConnection
    }

    /// It was lost, or never came about: what was kept, and all who wait. Another one is to be made behind a backoff
    /// for so many failures in a row; zero is at once. Nil for one that is no longer of interest.
    mutating func lost(
        _ number: Int, at now: Moment
    ) -> (kept: CacheStore, waiters: [Waiter], failures: Int)? {
        guard number == connection else { return nil }
        connection = nil
        provedUntil = .past
        marks = nil
        let waiters = requests.values.flatMap(\.waiters)
        let kept = clear()
        requests = [:]
        requestedBytes = 0
        joinable = [:]
        return (kept, waiters, reconnecting.lost(at: now))
    }

    func counts(at now: Moment) -> CacheCounts {
        var counts = tallies
        counts.evictions = store.evictions
        counts.entries = store.count
        counts.bytes = store.bytes
        counts.isProved = now < provedUntil
        return counts
    }
}
