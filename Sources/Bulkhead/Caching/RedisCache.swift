public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// A client-side cache of one database: reads are answered from this process's memory until the server says that their
/// key has changed.
///
/// ```swift
/// let cache = try await databases[.main].cached()
/// let user = try await cache.hgetall("user:42")  // from the server
/// let same = try await cache.hgetall("user:42")  // from memory
/// ```
/// Get it from ``RedisDatabase/cached(within:)``. Keep it, copy it, share it: its connection closes when nobody has it
/// any more. It reads only; writes go to ``database``, and nothing else is to be done about them.
///
/// What is guaranteed, what it costs the server, and when not to use it: <doc:ClientSideCaching>.
public struct RedisCache: Sendable {
    /// The database that is read, for what is written and for what no cache can keep.
    public let database: RedisDatabase
    // Hits take the second, without a step through the first.
    private let held: HeldCache
    private let cache: CacheSource

    init(_ database: RedisDatabase, _ held: HeldCache) {
        self.database = database
        self.held = held
        cache = held.cache
    }

    /// The database's name.
    public var name: DatabaseName { database.name }

    /// The same cache with another limit for the time of each read, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> RedisCache { RedisCache(database.within(timeout), held) }

    /// Reads through the cache: any command that reads one key, and whose reply depends on nothing else.
    ///
    /// ```swift
    /// let top = try await cache.run(.zrange("scores", from: 0, through: 9))
    /// ```
    /// Replies are kept by the words of their commands: `GET k` and `STRLEN k` are two entries, and a change of `k`
    /// drops both. Many who read the same at the same time send one request. Errors of the server are not kept.
    ///
    /// Throws as ``RedisExecutor/run(_:)`` does; `command-refused`, and nothing is sent, for commands that write, read
    /// several keys, or depend on more than the key, such as `TTL`. A hit throws nothing but `unexpected-reply`, which
    /// is the case where the same command was read as another type before.
    /// - Complexity: O(1) for a hit, and what reading the reply as its type costs.
    @inlinable
    public func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        if let hit = hit(command.encoded) { return try command.value(of: hit, in: name) }
        return try command.value(of: try await miss(command.encoded), in: name)
    }

    @usableFromInline
    func hit(_ command: EncodedCommand) -> RESPValue? { cache.hit(command) }

    @usableFromInline
    func miss(_ command: EncodedCommand) async throws(RedisError) -> RESPValue {
        let read = try database.binding.cachedRead(command)
        guard let read, !Task.isCancelled else { return try await database.atPrimary.reply(to: command) }
        let deadline = Deadline(after: database.timeout)
        let reading = await cache.read(read, until: deadline)
        if let reply = try database.binding.reply(to: command, by: reading, since: deadline.start) { return reply }
        return try await database.atPrimary.until(deadline).reply(to: command)
    }

    /// Returns when the cache knows all that the server had changed before this call.
    ///
    /// ```swift
    /// try await cache.database.set("user:42:name", "Alice")
    /// try await cache.catchUp()
    /// let name = try await cache.get("user:42:name")  // Alice, or newer
    /// ```
    /// Without it a read may return what was true a moment before: the server tells of a change while it answers the
    /// writer, and the one may arrive before the other. It holds for the writes of others too, and for SWAPDB.
    ///
    /// There is one exception, in a cluster: a slot has gone to another primary, and its last one has not heard of that
    /// yet. That one still answers what it has, and so it does without a cache. It ends with the cluster's next
    /// messages. A primary that the map no longer has is not asked.
    ///
    /// Throws `timed-out` past the time limit, and `cancelled`. Costs one round trip and at most about 20 KiB; in a
    /// cluster to each primary, one after the other.
    public func catchUp() async throws(RedisError) {
        do {
            try await cache.catchUp(until: Deadline(after: database.timeout))
        } catch {
            throw RedisError(error).at(name)
        }
    }

    /// What it came to so far.
    public func metrics() -> RedisCacheMetrics { RedisCacheMetrics(cache.counts()) }
}

extension RedisDatabase {
    /// A client-side cache of this database, with a connection of its own that the server tells what changes.
    ///
    /// Make it once and keep it: each call makes another cache, which begins empty. It returns when the server has
    /// agreed. When the connection is lost the cache is empty, reads go to the server, and another connection is made,
    /// as often as it takes. It ends with the databases.
    ///
    /// In a cluster there is such a connection to every primary, and each has an equal part of the bytes. Where a
    /// primary cannot be reached, the cluster is asked again who has its slots, and so on until the time limit. A name
    /// whose reads may go to replicas is read from its primary through a cache.
    ///
    /// Needs Redis 6.0 or Valkey, RESP3, and a login that may say `CLIENT TRACKING`, `INFO` and `PTTL`, in a cluster
    /// `CLUSTER SLOTS` too. Throws `caching-unavailable` where the server or the configuration speaks RESP2 only, and
    /// for a name that has copies; `NOPERM` if the ACL denies one of these commands; `invalid-argument` for limits that
    /// make no sense; `timed-out` past the database's time limit, `cancelled`, `closed`, and why no connection could be
    /// made. Nothing is left of a cache that could not be made.
    public func cached(within limits: RedisCacheLimits = RedisCacheLimits()) async throws(RedisError) -> RedisCache {
        do throws(RedisError) {
            let deadline = Deadline(after: relaxedTimeout)
            var wait = PrimaryWait(until: deadline)
            while true {
                let held = try binding.cache(limits)
                do throws(CacheFailure) {
                    try await held.cache.open(until: deadline)
                    return RedisCache(self, held)
                } catch {
                    held.cache.close()
                    if let pause = wait.pause(after: error.ofConnection), await sleepTask(for: pause) { continue }
                    throw RedisError(error)
                }
            }
        } catch {
            throw error.at(name)
        }
    }

    /// The same without replicas: what a cache cannot keep is to be as new as what it keeps.
    fileprivate var atPrimary: RedisDatabase { RedisDatabase(binding.atPrimary, timeout: timeout) }
}

extension CacheFailure {
    var ofConnection: ConnectionFailure? {
        if case .connection(let failure) = self { failure } else { nil }
    }
}
