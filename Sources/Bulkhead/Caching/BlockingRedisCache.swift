public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// The blocking twin of ``RedisCache``: the same reads, the same errors, without `await`. Any number of threads share
/// it.
public struct BlockingRedisCache: Sendable {
    /// The database that is read, for what is written and for what no cache can keep.
    public let database: BlockingRedisDatabase
    private let held: HeldCache
    private let cache: CacheSource

    init(_ database: BlockingRedisDatabase, _ held: HeldCache) {
        self.database = database
        self.held = held
        cache = held.cache
    }

    /// The database's name.
    public var name: DatabaseName { database.name }

    /// The same cache with another limit for the time of each read, as ``RedisDatabase/within(_:)`` says.
    public func within(_ timeout: Duration?) -> BlockingRedisCache {
        BlockingRedisCache(database.within(timeout), held)
    }

    /// Reads through the cache, as ``RedisCache/run(_:)`` does.
    @inlinable
    public func run<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        if let hit = hit(command.encoded) { return try command.value(of: hit, in: name) }
        return try command.value(of: try miss(command.encoded), in: name)
    }

    @usableFromInline
    func hit(_ command: EncodedCommand) -> RESPValue? { cache.hit(command) }

    @usableFromInline
    func miss(_ command: EncodedCommand) throws(RedisError) -> RESPValue {
        guard let read = try database.binding.cachedRead(command) else {
            return try database.atPrimary.reply(to: command)
        }
        let deadline = Deadline(after: database.timeout)
        let reading = cache.readBlocking(read, until: deadline)
        if let reply = try database.binding.reply(to: command, by: reading, since: deadline.start) { return reply }
        return try database.atPrimary.until(deadline).reply(to: command)
    }

    /// Returns when the cache knows all that the server had changed before this call, as ``RedisCache/catchUp()`` does.
    public func catchUp() throws(RedisError) {
        do {
            try cache.catchUpBlocking(until: Deadline(after: database.timeout))
        } catch {
            throw RedisError(error).at(name)
        }
    }

    /// What it came to so far.
    public func metrics() -> RedisCacheMetrics { RedisCacheMetrics(cache.counts()) }
}

extension BlockingRedisDatabase {
    /// A client-side cache of this database for threads; throws as ``RedisDatabase/cached(within:)`` does.
    public func cached(within limits: RedisCacheLimits = RedisCacheLimits()) throws(RedisError) -> BlockingRedisCache {
        do throws(RedisError) {
            let deadline = Deadline(after: relaxedTimeout)
            var wait = PrimaryWait(until: deadline)
            while true {
                let held = try binding.cache(limits)
                do throws(CacheFailure) {
                    try held.cache.openBlocking(until: deadline)
                    return BlockingRedisCache(self, held)
                } catch {
                    held.cache.close()
                    guard let pause = wait.pause(after: error.ofConnection) else { throw RedisError(error) }
                    sleepThread(for: pause)
                }
            }
        } catch {
            throw error.at(name)
        }
    }
}

extension BlockingRedisDatabase {
    /// The same without replicas: what a cache cannot keep is to be as new as what it keeps.
    fileprivate var atPrimary: BlockingRedisDatabase {
        BlockingRedisDatabase(binding.atPrimary, timeout: timeout)
    }
}
