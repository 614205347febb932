import BulkheadNetworking

/// The databases of a program, by name: all of its access to Redis.
///
/// ```swift
/// let databases = try RedisDatabases(url: "redis://localhost:6379")
/// try await databases[.main].set("session:42", "alice", expiry: .after(.seconds(3600)))
/// let vector = try await databases[.knowledge].hget("llama_index/vector_1", "vector", as: [Float].self)
/// ```
/// Nothing connects before the first command, and there is nothing to start or to run. Every connection belongs to
/// one database: it selects it in its handshake, and no command is sent before the server has answered OK. There is no
/// raw client, and no database without a name.
public final class RedisDatabases: Sendable {
    /// Where the server is, and all limits.
    public let configuration: RedisConfiguration
    /// The names there are.
    public let catalogue: DatabaseCatalogue
    // Fixed at the start, so that a look-up takes no lock; connections open later, when commands need them.
    private let bindings: [DatabaseName: DatabaseBinding]
    /// Those of all names; some names share one.
    private let topologies: [Topology]
    /// Those of all logins.
    private let hubs: [SubscriptionHub]
    private let listenings: [ClusterListening]
    private let caches = CacheRegistry()
    /// Of the groups that names live in.
    let watches: [Endpoint: SentinelWatch]
    /// Of the servers whose credentials a function gives.
    let credentialSources: [Endpoint: CredentialSource]
    private let timeout: Timeout
    /// Names that would share a database of one server by accident, which only its configuration brings to light.
    private let refused: [DatabaseName: RedisError]

    /// What an entry and its aliases have in common.
    private struct Home {
        let owner: DatabaseName
        let endpoint: Endpoint
        let number: Int
        let topology: Topology
        /// Of the server that subscriptions go to.
        let settings: ConnectionSettings

        init(
            _ owner: DatabaseEntry, _ place: RedisConfiguration, _ watch: SentinelWatch?, _ circuit: Circuit,
            _ listener: ConnectionEvents.Listener?
        ) {
            self.owner = owner.name
            endpoint = place.endpoint
            number = owner.number
            var settings = place.connectionSettings(forNumber: owner.number)
            settings.listener = listener
            if let watch { settings.follow(watch) }
            self.settings = settings
            topology = .fixed(Node(settings, place.poolBounds, circuit))
        }

        /// The same with replicas, or with copies, by what makes the node of another server.
        init(_ home: Home, _ owner: DatabaseEntry, _ place: RedisConfiguration, _ monitor: ConnectionMonitor?) {
            self.owner = home.owner
            endpoint = home.endpoint
            number = home.number
            settings = home.settings
            guard case .fixed(let node) = home.topology else { preconditionFailure("it has one node") }
            let makeNode: @Sendable (RedisConfiguration) -> Node = { place in
                var settings = place.connectionSettings(forNumber: owner.number)
                settings.listener = monitor?.listener(of: owner, on: place.endpoint)
                let circuit = Circuit(place.backoff, monitor?.listener(of: nil, on: place.endpoint))
                return Node(settings, place.poolBounds, circuit.forLogin().forDatabase())
            }
            if owner.reads.areFromReplicas {
                let known = Dictionary(uniqueKeysWithValues: owner.reads.servers.map { ($0.endpoint, $0) })
                let readers = ReplicaReaders(owner.reads, zone: place.zone) {
                    makeNode(known[$0].map { place.apart(at: $0) } ?? place.at($0))
                }
                topology = .routed(ReplicaTopology(node, readers))
            } else {
                let places = owner.copies.servers.map { place.apart(at: $0) }
                let (nodes, endpoints) = ([node] + places.map(makeNode), [home.endpoint] + places.map(\.endpoint))
                let order = owner.copies.order
                topology = .routed(
                    CopyTopology(
                        order.map { nodes[$0] }, at: order.map { endpoints[$0] },
                        order.map { monitor?.listener(of: owner, on: endpoints[$0]) }, owner.copies))
            }
        }

        /// In a cluster, each of whose servers has a circuit of its own.
        init(
            _ owner: DatabaseEntry, _ place: RedisConfiguration, _ servers: [Endpoint],
            _ makeCircuit: @escaping @Sendable (Endpoint) -> Circuit, _ monitor: ConnectionMonitor?
        ) {
            self.owner = owner.name
            endpoint = place.endpoint
            number = owner.number
            settings = place.inCluster(at: servers[0]).connectionSettings(forNumber: owner.number)
            let makeNode: @Sendable (Endpoint, Bool) -> Node = { server, readsOnly in
                var settings = place.inCluster(at: server).connectionSettings(forNumber: owner.number)
                settings.listener = monitor?.listener(of: owner, on: server)
                settings.readsOnly = readsOnly
                settings.isReplaceable = !readsOnly
                return Node(settings, place.poolBounds, makeCircuit(server))
            }
            let readers = ReplicaReaders(owner.reads, zone: place.zone) { makeNode($0, true) }
            let cluster = ClusterTopology(seeds: servers, readers: owner.reads.areFromReplicas ? readers : nil) {
                makeNode($0, false)
            }
            if let maintenance = place.maintenanceWatch { cluster.follow(maintenance) }
            topology = .cluster(cluster)
        }
    }

    /// As whom a name logs in, and where.
    private struct Login: Hashable {
        let endpoint: Endpoint
        let username: String?
        let password: String?
        let tls: RedisTLS?

        init(_ place: RedisConfiguration) {
            endpoint = place.endpoint
            username = place.username
            password = place.password?.text
            tls = place.tls
        }
    }

    /// Makes the names of `catalogue` available; connects nothing.
    public init(_ configuration: RedisConfiguration, catalogue: DatabaseCatalogue = .standard) {
        self.configuration = configuration
        self.catalogue = catalogue
        var bindings: [DatabaseName: DatabaseBinding] = [:]
        var refused: [DatabaseName: RedisError] = [:]
        // A server that is away is away for all who live on it, and a wrong password is wrong for all who use it.
        var circuits: [Endpoint: Circuit] = [:]
        var logins: [Login: Circuit] = [:]
        var hubs: [Login: SubscriptionHub] = [:]
        var listenings: [Login: ClusterListening] = [:]
        var homes: [Home] = []
        var watches: [Endpoint: SentinelWatch] = [:]
        var credentialSources: [Endpoint: CredentialSource] = [:]
        var nameWatches: [Endpoint: NameWatch] = [:]
        var renewalWatches: [Endpoint: RenewalWatch] = [:]
        var maintenanceWatches: [Endpoint: MaintenanceWatch] = [:]
        let connectionMonitor = configuration.observer.map(ConnectionMonitor.init)
        for entry in catalogue.entries {
            let owner = catalogue.owner(of: entry)
            var place = configuration.forDatabase(owner)
            if place.credentials != nil {
                place.credentialSource = credentialSources[place.endpoint] ?? place.makeCredentialSource()
                credentialSources[place.endpoint] = place.credentialSource
            }
            place.nameWatch = nameWatches[place.endpoint] ?? place.makeNameWatch()
            nameWatches[place.endpoint] = place.nameWatch
            place.renewalWatch = renewalWatches[place.endpoint] ?? RenewalWatch()
            renewalWatches[place.endpoint] = place.renewalWatch
            place.maintenanceWatch = maintenanceWatches[place.endpoint] ?? place.makeMaintenanceWatch()
            maintenanceWatches[place.endpoint] = place.maintenanceWatch
            if owner.reads.areOfZone, configuration.zone == nil {
                refused[entry.name] = RedisError(
                    .invalidConfiguration,
                    "\(entry.name) is read in the same zone, and nothing says in which one this program runs: set the "
                        + "configuration's `zone`, or REDIS_ZONE", database: entry.name)
                continue
            }
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
            let circuit =
                circuits[place.endpoint]
                ?? Circuit(configuration.backoff, connectionMonitor?.listener(of: nil, on: place.endpoint))
            circuits[place.endpoint] = circuit
            let login = Login(place)
            let loginCircuit = logins[login] ?? circuit.forLogin()
            logins[login] = loginCircuit
            if case .sentinels(let group) = place.place, watches[place.endpoint] == nil {
                watches[place.endpoint] = SentinelWatch(group, configuration)
            }
            let home: Home
            if let shared = homes.first(where: { $0.owner == owner.name }) {
                home = shared
            } else if case .cluster(let servers) = place.place {
                home = Home(
                    owner, place, servers,
                    { server in
                        Circuit(configuration.backoff, connectionMonitor?.listener(of: nil, on: server)).forLogin()
                            .forDatabase()
                    }, connectionMonitor)
                homes.append(home)
            } else {
                let single = Home(
                    owner, place, watches[place.endpoint], loginCircuit.forDatabase(),
                    connectionMonitor?.listener(of: owner, on: place.endpoint))
                let isAlone = !owner.reads.areFromReplicas && owner.copies.servers.isEmpty
                home = isAlone ? single : Home(single, owner, place, connectionMonitor)
                homes.append(home)
            }
            let subscriptions: SubscriptionPlace
            if let cluster = home.topology.cluster {
                let listening = listenings[login] ?? ClusterListening(cluster, place, forNumber: entry.number)
                listenings[login] = listening
                subscriptions = .cluster(listening)
            } else {
                let hub = hubs[login] ?? SubscriptionHub(loginCircuit, idleTime: configuration.subscriptionIdleTime)
                hubs[login] = hub
                subscriptions = .server(hub, home.settings.forSubscriptions)
            }
            let rules = FlushRules(entry: entry, protected: neighbours.filter { !$0.mayBeFlushed }.map(\.name))
            let monitor = CommandMonitor(entry, on: place.endpoint, configuration.observer)
            let scanPace = owner.budget.scanPace ?? .full
            bindings[entry.name] = DatabaseBinding(
                entry, at: place.address, home.topology, subscriptions,
                CachePlace(registry: caches, circuit: loginCircuit, settings: home.settings) { [place] server in
                    (
                        place.inCluster(at: server).connectionSettings(forNumber: entry.number),
                        Circuit(place.backoff).forLogin()
                    )
                }, rules,
                configuration.retryPolicy, monitor, scanPace,
                SearchPlace(number: entry.number, isApart: configuration.keepsSearchIndexesApart),
                home.settings.maintenance)
        }
        self.refused = refused
        self.bindings = bindings
        topologies = homes.map(\.topology)
        self.hubs = Array(hubs.values)
        self.listenings = Array(listenings.values)
        self.watches = watches
        self.credentialSources = credentialSources
        timeout = Timeout(configuration.commandTimeout)
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
        get throws(RedisError) { RedisDatabase(try binding(of: name), timeout: timeout) }
    }

    /// The database of that name for callers that may block their thread; throws `unknown-database`.
    ///
    /// Each call of a command takes a connection to itself while it runs. Do not use it inside tasks: it holds up
    /// the threads that all tasks share.
    public func blocking(_ name: DatabaseName) throws(RedisError) -> BlockingRedisDatabase {
        BlockingRedisDatabase(try binding(of: name), timeout: timeout)
    }

    private func binding(of name: DatabaseName) throws(RedisError) -> DatabaseBinding {
        if let binding = bindings[name] { return binding }
        throw refused[name] ?? catalogue.unknown(name)
    }

    /// Counts and latencies of each database's commands so far, asynchronous and blocking ones together.
    ///
    /// ```swift
    /// let p99 = databases.metrics()[.main]?.latencies.percentile(99)
    /// ```
    /// They are always counted. Reading them costs about two microseconds a database, and no command waits for it.
    public func metrics() -> [DatabaseName: RedisMetrics] {
        bindings.mapValues { $0.monitor.metrics() }
    }

    /// Refuses new commands, lets those under way finish within `grace`, and closes every connection.
    ///
    /// It holds for asynchronous and blocking callers alike: nobody's commands are taken any more while the others' are
    /// waited for. Commands that are not answered by then fail with `closed`. Subscriptions end at once, without an
    /// error and behind what they keep; caches keep nothing any more. Closing twice is harmless.
    public func close(grace: Duration = .seconds(5)) async {
        let deadline = Deadline(after: Timeout(grace))
        for topology in topologies { topology.refuseRequests() }
        let nodes = topologies.flatMap(\.nodes)
        let listeners = hubs.compactMap { $0.close() } + listenings.flatMap { $0.close() }
        let open = listeners + caches.close() + nodes.flatMap { $0.beginClosing(grace: grace) }
        for connection in open { await connection.closed() }
        for node in nodes { await node.blocking.drained(until: deadline) }
        for watch in watches.values { watch.close() }
        for source in credentialSources.values { source.close() }
    }

    /// The same for programs without concurrency: waits up to `grace` for blocking callers, then closes everything.
    ///
    /// Asynchronous commands under way fail with `closed` at once.
    public func closeBlocking(grace: Duration = .seconds(5)) {
        let deadline = Deadline(after: Timeout(grace))
        for topology in topologies { topology.refuseRequests() }
        let nodes = topologies.flatMap(\.nodes)
        for hub in hubs { _ = hub.close() }
        for listening in listenings { _ = listening.close() }
        _ = caches.close()
        for node in nodes { node.abort() }
        for node in nodes { node.blocking.drain(until: deadline) }
        for watch in watches.values { watch.close() }
        for source in credentialSources.values { source.close() }
    }
}
