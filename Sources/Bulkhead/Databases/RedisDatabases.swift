import RedisNetworking

/// The databases of one server, by name: the one door to Redis in a program.
///
/// ```swift
/// let databases = try RedisDatabases(url: "redis://localhost:6379")
/// try await databases[.main].set("session:42", "alice", expiry: .after(.seconds(3600)))
/// let vector = try await databases[.knowledge].hget("llama_index/vector_1", "vector", as: [Float].self)
/// ```
/// Nothing connects before the first command, and there is nothing to start or to run. Every connection belongs to
/// one database: it selects it in its handshake, and no command leaves before the server has said OK. There is no
/// way to a raw client, and none to a database without a name.
public final class RedisDatabases: Sendable {
    public let configuration: RedisConfiguration
    public let catalogue: DatabaseCatalogue
    // Fixed at the start, so that a look-up takes no lock; connections open later, when commands need them.
    private let asynchronous: [DatabaseName: RedisDatabase]
    private let blocking: [DatabaseName: BlockingRedisDatabase]

    /// Makes the names of `catalogue` available; connects nothing.
    public init(_ configuration: RedisConfiguration, catalogue: DatabaseCatalogue = .standard) {
        self.configuration = configuration
        self.catalogue = catalogue
        var asynchronous: [DatabaseName: RedisDatabase] = [:]
        var blocking: [DatabaseName: BlockingRedisDatabase] = [:]
        // One server, whatever the names: when it is away, that is known to all of them.
        let events = configuration.observer.map { ConnectionEvents($0, catalogue) }
        let circuit = Circuit(configuration.backoff, events)
        // Names of one number share their connections.
        var connections: [Int: DatabaseConnections] = [:]
        var pools: [Int: BlockingPool] = [:]
        for entry in catalogue.entries {
            var settings = configuration.connectionSettings(for: entry)
            settings.events = events
            let shared = connections[entry.number]
                ?? DatabaseConnections(settings, configuration.poolBounds, circuit)
            let pool = pools[entry.number] ?? BlockingPool(settings, configuration.poolBounds, circuit)
            connections[entry.number] = shared
            pools[entry.number] = pool
            let rules = FlushRules(entry: entry, protected: catalogue.protectedNames(onNumber: entry.number))
            let timeout = Timeout(configuration.commandTimeout)
            let monitor = CommandMonitor(entry.name, configuration.observer)
            asynchronous[entry.name] = RedisDatabase(
                entry: entry, connections: shared, flushRules: rules, replay: configuration.replay,
                monitor: monitor, timeout: timeout)
            blocking[entry.name] = BlockingRedisDatabase(
                entry: entry, pool: pool, flushRules: rules, replay: configuration.replay,
                monitor: monitor, timeout: timeout)
        }
        self.asynchronous = asynchronous
        self.blocking = blocking
    }

    /// The same with a URL; see ``RedisConfiguration/init(url:)``.
    public convenience init(url: String, catalogue: DatabaseCatalogue = .standard) throws(RedisError) {
        self.init(try RedisConfiguration(url: url), catalogue: catalogue)
    }

    /// The same with the environment's settings; see ``RedisConfiguration/init(environment:)``.
    public static func fromEnvironment(
        catalogue: DatabaseCatalogue = .standard
    ) throws(RedisError) -> RedisDatabases {
        RedisDatabases(try RedisConfiguration.fromEnvironment(), catalogue: catalogue)
    }

    /// The database of that name; throws `unknown-database`, never another database.
    public subscript(name: DatabaseName) -> RedisDatabase {
        get throws(RedisError) {
            if let database = asynchronous[name] { return database }
            throw catalogue.unknown(name)
        }
    }

    /// The database of that name for callers that may block their thread; throws `unknown-database`.
    ///
    /// Each call of a command takes a connection to itself while it runs. Do not use it inside tasks: it holds up
    /// the threads that all tasks share.
    public func blocking(_ name: DatabaseName) throws(RedisError) -> BlockingRedisDatabase {
        if let database = blocking[name] { return database }
        throw catalogue.unknown(name)
    }

    /// What the commands of each database have come to so far, asynchronous and blocking ones together.
    ///
    /// Counted always; costs two microseconds or so a database, and no command waits for it.
    public func snapshot() -> [DatabaseName: RedisSnapshot] {
        asynchronous.mapValues { $0.monitor.snapshot() }
    }

    /// Refuses new commands, lets those under way finish within `grace`, and closes every connection.
    ///
    /// Commands that are not answered by then fail with `closed`. Closing twice is harmless.
    public func close(grace: Duration = .seconds(5)) async {
        await withTaskGroup { group in
            for database in asynchronous.values {
                group.addTask { await database.connections.close(grace: grace) }
            }
        }
        // Threads that still hold a blocking connection get no more grace than the tasks had.
        for database in blocking.values { database.pool.close(grace: .zero) }
    }

    /// The same for programs without concurrency: waits up to `grace` for blocking callers, then closes everything.
    ///
    /// Asynchronous commands under way fail with `closed` at once.
    public func closeBlocking(grace: Duration = .seconds(5)) {
        for database in asynchronous.values { database.connections.abort() }
        for database in blocking.values { database.pool.close(grace: grace) }
    }
}
