import BulkheadNetworking

/// The databases of a program, by name: the one door to Redis in a program.
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
    /// Where the server is, and all limits.
    public let configuration: RedisConfiguration
    /// The names there are.
    public let catalogue: DatabaseCatalogue
    // Fixed at the start, so that a look-up takes no lock; connections open later, when commands need them.
    private let asynchronous: [DatabaseName: RedisDatabase]
    private let blocking: [DatabaseName: BlockingRedisDatabase]
    /// Names that would share a database of one server by accident, which only its configuration brings to light.
    private let refused: [DatabaseName: RedisError]

    /// What an entry and its aliases have in common.
    private struct Home {
        let owner: DatabaseName
        let endpoint: Endpoint
        let number: Int
        let connections: DatabaseConnections
        let pool: BlockingPool

        init(
            _ owner: DatabaseEntry, _ place: RedisConfiguration, _ circuit: Circuit,
            _ listener: ConnectionEvents.Listener?
        ) {
            self.owner = owner.name
            endpoint = place.endpoint
            number = owner.number
            var settings = place.connectionSettings(forNumber: owner.number)
            settings.listener = listener
            connections = DatabaseConnections(settings, place.poolBounds, circuit)
            pool = BlockingPool(settings, place.poolBounds, circuit)
        }
    }

    /// As whom a name logs in, and where.
    private struct Login: Hashable {
        let endpoint: Endpoint
        let username: String?
        let password: String?

        init(_ place: RedisConfiguration) {
            endpoint = place.endpoint
            username = place.username
            password = place.password?.text
        }
    }

    /// Makes the names of `catalogue` available; connects nothing.
    public init(_ configuration: RedisConfiguration, catalogue: DatabaseCatalogue = .standard) {
        self.configuration = configuration
        self.catalogue = catalogue
        var asynchronous: [DatabaseName: RedisDatabase] = [:]
        var blocking: [DatabaseName: BlockingRedisDatabase] = [:]
        var refused: [DatabaseName: RedisError] = [:]
        // A server that is away is away for all who live on it, and a wrong password is wrong for all who use it.
        var circuits: [Endpoint: Circuit] = [:]
        var logins: [Login: Circuit] = [:]
        var homes: [Home] = []
        let connectionMonitor = configuration.observer.map(ConnectionMonitor.init)
        for entry in catalogue.entries {
            let owner = catalogue.owner(of: entry)
            let place = configuration.forDatabase(owner)
            let neighbours = catalogue.entries.filter {
                $0.number == entry.number
                    && configuration.forDatabase(catalogue.owner(of: $0)).endpoint == place.endpoint
            }
            if let other = homes.first(where: {
                $0.endpoint == place.endpoint && $0.number == entry.number && $0.owner != owner.name
            }) {
                refused[entry.name] = RedisError(
                    .invalidCatalogue,
                    "\(entry.name) and \(other.owner) are both number \(entry.number) of \(place.endpoint): give one "
                        + "another number, or declare one an alias of the other",
                    database: entry.name)
                continue
            }
            let circuit = circuits[place.endpoint]
                ?? Circuit(configuration.backoff, connectionMonitor?.listener(of: nil, on: place.endpoint))
            circuits[place.endpoint] = circuit
            let login = Login(place)
            let loginCircuit = logins[login] ?? circuit.forLogin()
            logins[login] = loginCircuit
            let home: Home
            if let shared = homes.first(where: { $0.owner == owner.name }) {
                home = shared
            } else {
                home = Home(
                    owner, place, loginCircuit.forDatabase(),
                    connectionMonitor?.listener(of: owner, on: place.endpoint))
                homes.append(home)
            }
            let rules = FlushRules(entry: entry, protected: neighbours.filter { !$0.mayBeFlushed }.map(\.name))
            let timeout = Timeout(configuration.commandTimeout)
            let monitor = CommandMonitor(entry, on: place.endpoint, configuration.observer)
            let scanPace = owner.budget.scanPace ?? .full
            asynchronous[entry.name] = RedisDatabase(
                entry: entry, address: place.address, connections: home.connections, flushRules: rules,
                replay: configuration.replay, monitor: monitor, scanPace: scanPace, timeout: timeout)
            blocking[entry.name] = BlockingRedisDatabase(
                entry: entry, address: place.address, pool: home.pool, flushRules: rules,
                replay: configuration.replay, monitor: monitor, scanPace: scanPace, timeout: timeout)
        }
        self.refused = refused
        self.asynchronous = asynchronous
        self.blocking = blocking
    }

    /// The same with a URL; see ``RedisConfiguration/init(url:)``.
    public convenience init(url: String, catalogue: DatabaseCatalogue = .standard) throws(RedisError) {
        self.init(try RedisConfiguration(url: url), catalogue: catalogue)
    }

    /// The same with the environment's settings; see ``RedisConfiguration/init(environment:)``. Without a `catalogue`
    /// the names are the environment's too, as they are for the program `bulkhead`: the file that `REDIS_CATALOGUE`
    /// names, else the standard ones.
    public static func fromEnvironment(catalogue: DatabaseCatalogue? = nil) throws(RedisError) -> RedisDatabases {
        let names = if let catalogue { catalogue } else { try DatabaseCatalogue.fromEnvironment() }
        return RedisDatabases(try RedisConfiguration.fromEnvironment(), catalogue: names)
    }

    /// The database of that name; throws `unknown-database`, never another database. Throws `invalid-catalogue` for a
    /// name whose server is the configuration's after all, and whose number is another name's there.
    public subscript(name: DatabaseName) -> RedisDatabase {
        get throws(RedisError) {
            if let database = asynchronous[name] { return database }
            throw refused[name] ?? catalogue.unknown(name)
        }
    }

    /// The database of that name for callers that may block their thread; throws `unknown-database`.
    ///
    /// Each call of a command takes a connection to itself while it runs. Do not use it inside tasks: it holds up
    /// the threads that all tasks share.
    public func blocking(_ name: DatabaseName) throws(RedisError) -> BlockingRedisDatabase {
        if let database = blocking[name] { return database }
        throw refused[name] ?? catalogue.unknown(name)
    }

    /// What the commands of each database have come to so far, asynchronous and blocking ones together.
    ///
    /// Counted always; costs two microseconds or so a database, and no command waits for it.
    public func snapshot() -> [DatabaseName: RedisSnapshot] {
        asynchronous.mapValues { $0.monitor.snapshot() }
    }

    /// Refuses new commands, lets those under way finish within `grace`, and closes every connection.
    ///
    /// It holds for asynchronous and blocking callers alike: nobody's commands are taken any more while the others' are
    /// waited for. Commands that are not answered by then fail with `closed`. Closing twice is harmless.
    public func close(grace: Duration = .seconds(5)) async {
        let deadline = Deadline(after: Timeout(grace))
        for database in blocking.values { database.pool.refuse() }
        let open = asynchronous.values.flatMap { $0.connections.beginClosing(grace: grace) }
        for connection in open { await connection.closed() }
        for database in blocking.values { await database.pool.drained(until: deadline) }
    }

    /// The same for programs without concurrency: waits up to `grace` for blocking callers, then closes everything.
    ///
    /// Asynchronous commands under way fail with `closed` at once.
    public func closeBlocking(grace: Duration = .seconds(5)) {
        let deadline = Deadline(after: Timeout(grace))
        for database in blocking.values { database.pool.refuse() }
        for database in asynchronous.values { database.connections.abort() }
        for database in blocking.values { database.pool.drain(until: deadline) }
    }
}
