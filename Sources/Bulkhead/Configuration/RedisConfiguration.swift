package import BulkheadNetworking
public import BulkheadRESP

/// Where the server is, who we are, and the limits of the connections: from code, a URL, or the environment.
///
/// A call waits for several things. This is how the times add up, with their defaults:
///
/// | What a call waits for | Limit |
/// |---|---|
/// | everything together: a connection, writing, the reply, retries | ``commandTimeout``, 10 s |
/// | of these, a connection of its own (BLPOP, WATCH, a blocking caller) | ``leaseTimeout``, 5 s |
/// | of these, a connection that is being made | ``connectTimeout``, 5 s for each attempt |
/// | a command that blocks, from when it is sent | its own timeout and ``commandTimeout`` once more |
/// | a server that is down | nothing between attempts, its own limit during one: see ``reconnectDelay`` |
///
/// So `BLPOP key 30` has 10 s until it is sent, and 40 s from then on. ``RedisDatabase/within(_:)`` sets another
/// ``commandTimeout`` for a single call. Printing a configuration shows no password.
public struct RedisConfiguration: Sendable {
    private(set) var place: DatabasePlace

    // MARK: Login

    /// The user of the server's ACL. Default nil: the server's default user.
    public var username: String?
    /// The user's password. Default nil: no login. It is sent only in the handshake, and is never printed, logged or
    /// part of an error.
    public var password: RedisPassword?
    /// Asks the program itself for user and password, in the place of ``username`` and ``password``: for tokens that
    /// end, and for passwords that change. Default nil.
    ///
    /// ```swift
    /// configuration.credentials = { server in
    ///     let token = try await identity.token(for: server)
    ///     return RedisCredentials(username: "app", password: RedisPassword(token), validity: .seconds(900))
    /// }
    /// ```
    /// It is asked for each server that names live on and that has no login in the catalogue, by the address that
    /// ``RedisDatabase/address`` shows; nil is no login. See ``RedisCredentials`` for how often, and for what becomes
    /// of open connections. It runs in a task, may be called while another call of it runs for another server, and has
    /// ``connectTimeout`` to return. If it throws or takes longer, connections that need it fail with
    /// `credentials-unavailable`, and it is asked again after a pause as ``reconnectDelay`` has it. Open connections go
    /// on. What it throws is named by its type only.
    public var credentials: (@Sendable (_ server: String) async throws -> RedisCredentials?)?
    /// The sources that ask for them, one a server; those of ``RedisDatabases``.
    var credentialSource: CredentialSource?
    /// How to speak TLS with the server. Default nil: without; `rediss://` sets it.
    public var tls: RedisTLS?
    /// The name that CLIENT LIST shows for each connection: ASCII without spaces or control characters. Default nil:
    /// none.
    public var clientName: String?
    /// The protocol that connections ask for. Default RESP3; a server that does not know it is spoken to in RESP2.
    public var version: RESPVersion = .resp3

    /// The availability zone in which this program runs, such as `eu-west-1a`, as the servers' `availability-zone` has
    /// it. Default nil. It is needed for names whose reads are ``RedisReads/sameZone(replicas:staleness:)``.
    public var zone: String?

    // MARK: Times

    /// How long one attempt to connect may take: resolving the name, trying its addresses, and the handshake. Default
    /// 5 s. Several addresses of a name race: each is alone for 250 ms, or until it refuses, then the next joins.
    /// Past it the attempt fails with `connect-timed-out`, and counts as a failure of the server.
    public var connectTimeout: Duration = .seconds(5)
    /// The limit of the first pause between attempts to reach a server that is down. Default 20 ms.
    ///
    /// A second attempt follows the first failure at once, as one failure may be a lost packet. From then on one
    /// attempt per pause tests the server; the limit doubles with every failure, up to ``maximumReconnectDelay``. A
    /// pause is a random time up to its limit, so that many clients do not come back at the same moment:
    ///
    /// | Failures in a row | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 and more |
    /// |---|---|---|---|---|---|---|---|---|---|
    /// | Longest pause | none | 20 ms | 40 ms | 80 ms | 160 ms | 320 ms | 640 ms | 1.28 s | 2 s |
    ///
    /// During a pause commands that need a new connection fail at once, with the error of the last attempt; during an
    /// attempt they wait for it. A refused login or database has pauses of its own, from the first refusal on.
    public var reconnectDelay: Duration = .milliseconds(20)
    /// The limit of the longest pause between attempts to reach a server that is down. Default 2 s. A higher one spares
    /// the server; a lower one notices sooner that it is back.
    public var maximumReconnectDelay: Duration = .seconds(2)
    /// How long a command may take as a whole: waiting for a connection, connecting, writing, the reply, retries.
    /// Default 10 s; nil is no limit. Past it the call throws `timed-out`. A command that blocks (BLPOP, XREAD …
    /// BLOCK) has its own timeout on top; see ``RedisDatabase/within(_:)``.
    public var commandTimeout: Duration? = .seconds(10)
    /// What is sent again when a connection ended before the reply came. Default ``RedisRetryPolicy/reads``.
    public var retryPolicy = RedisRetryPolicy.reads
    /// How long a lone caller spins, looking at its socket for the reply, before it sleeps. Default 50 µs.
    ///
    /// A near server answers sooner than a thread wakes. The look ends with the reply. On loopback an asynchronous GET
    /// took 28 µs of processor time with it and 43 µs without, and its reply half the time (2026-11-30). Where no reply
    /// comes in time the next call sleeps at once, then the next 3, 7, and so on up to 63: a server that is always late
    /// costs less than 1 µs a call. Over TLS the look, and so this cost, is twice as long, because both sides have more
    /// to do for each reply. It ends with the call's timeout, and after 10 ms at most. Zero turns it off.
    public var spinTime: Duration = .microseconds(50)

    /// True if each number of the server has search indexes of its own, as Valkey's search module keeps them; default
    /// false. RediSearch has indexes in number 0 only, and they take in the keys of all numbers: so FT.CREATE,
    /// FT.SEARCH, FT.AGGREGATE and FT.PROFILE are refused in other numbers, with `command-refused`, before they are
    /// sent.
    public var keepsSearchIndexesApart = false

    // MARK: Connections of their own

    /// How many connections of their own (leases) each database has at once for BLPOP, transactions, SUBSCRIBE and
    /// blocking callers. Asynchronous and blocking callers have so many each. Default 8. Past it callers queue. The two
    /// shared connections of each database come on top.
    public var maximumLeases = 8
    /// How many callers may queue for a lease. Default 1,024. One more fails at once with `too-many-waiters`.
    public var maximumWaiters = 1_024
    /// How long a caller queues for a lease. Default 5 s. Past it the call throws `lease-timed-out`.
    public var leaseTimeout: Duration = .seconds(5)

    // MARK: Old connections

    /// How long a connection may be silent before a PING tests whether the server is still there. Default nil: none is
    /// sent; at least 10 ms.
    ///
    /// Without it the kernel's keepalive finds within a minute that a host has vanished, but not that a proxy's server
    /// has. A connection that sends nothing for twice the interval is closed, and a subscription on it throws
    /// `connection-closed`. This holds for shared connections, for those in the pool, and for leases that wait for
    /// messages. Connections of blocking callers are tested before they are lent, which costs one round trip, and while
    /// somebody waits for messages.
    public var keepAliveInterval: Duration?
    /// How long a connection may be unused before it is closed. Default nil: no limit; at least 10 ms.
    ///
    /// For load balancers and NAT that drop idle connections without notice. A shared connection is closed within twice
    /// the time, one in the pool when the next caller would get it.
    public var maximumIdleTime: Duration?
    /// How old a connection may become before a new one replaces it. Default nil: no limit; at least 10 ms.
    ///
    /// The new one resolves the server's name again. A shared connection finishes what is under way first; one in the
    /// pool is replaced before it is lent again. Each connection's limit is shorter by a random tenth at most, so that
    /// they do not all end together.
    public var maximumConnectionAge: Duration?

    /// How often the server's name is looked up again while there are connections to it. Default 30 s, at least 10 ms;
    /// nil is never.
    ///
    /// Where the address of a connection is not among the answers, the connection takes no new commands and ends when
    /// those under way are answered: new ones go to a new address. A look-up that fails changes nothing. Where each
    /// answer is another part of a name's addresses, connections are replaced although nothing has moved: set it to nil
    /// then. It is for names on TCP, also in the catalogue and in a cluster, and not behind sentinels.
    public var nameLookUpInterval: Duration? = .seconds(30)
    /// Looks names up in the system's place; for tests.
    package var resolver: (@Sendable (Endpoint) -> [Endpoint])?
    /// The look-ups of a server's name; those of ``RedisDatabases``.
    var nameWatch: NameWatch?
    /// Is told of replies that only a wrong server gives; the same.
    var renewalWatch: RenewalWatch?

    /// Asks a managed server, on each connection, to announce its maintenance. Default nil: it is not asked. A server
    /// that does not know the question is used as ever. RESP3 only.
    public var maintenance: RedisMaintenance?
    /// What the server has announced; those of ``RedisDatabases``.
    var maintenanceWatch: MaintenanceWatch?

    // MARK: Shared connections

    /// How many commands may wait for replies on each shared connection of a database. Default 65,536; a pipeline
    /// counts once. One more fails at once with `too-many-requests`.
    public var maximumRequests = 65_536
    /// How many bytes of commands may wait to be written on each shared connection of a database. Default 64 MiB. While
    /// so many wait further commands fail at once with `too-many-requests`.
    public var maximumUnwrittenBytes = 64 << 20
    /// One in so many asynchronous commands is followed by an ECHO, which proves that replies still come in order.
    /// Default nil: none.
    ///
    /// The client keeps replies in order by itself; this tests proxies and servers. Where a proof fails, the command's
    /// reply is withheld, the connection is closed before any caller behind it has a reply, and all of them throw
    /// `protocol-violation`. With 50 callers, 100 costs less than runs differ, and 1 takes 1.7 times the processor's
    /// time (`BulkheadThroughputBenchmark --proof-interval`).
    public var proofInterval: Int?

    // MARK: More

    /// Is notified of every command that has ended, and of connections: for logs, metrics and traces. Default nil.
    public var observer: (any RedisObserver)?
    /// How long a command that blocks, and was cancelled or has timed out, waits for the server to end it.
    package var unblockingTime = Duration.milliseconds(500)
    /// How long the connection of subscriptions stays when nobody subscribes any more.
    package var subscriptionIdleTime = Duration.seconds(10)
    /// How large and how deeply nested a reply may be; a larger one is a `protocol-violation`, and ends the connection.
    public var limits = RESPLimits()

    /// A server on TCP; every address of the name is tried. An IPv6 address may stand in brackets. A host that cannot
    /// be one, and a port outside 1 to 65535, fail the first command.
    public init(host: String = "127.0.0.1", port: Int = 6379) {
        place = .server(.tcp(host: ConfigurationText.host(host), port: port))
    }

    /// A server on a unix domain socket.
    public init(unixSocket path: String) {
        place = .server(.unix(path: path))
    }

    var endpoint: Endpoint { place.endpoint }

    /// Where the server listens, as it stands in error messages.
    public var address: String { endpoint.description }

    /// The same for one database of a catalogue, by the entry that owns its connections: with its server, the login
    /// for that, and its limits.
    func forDatabase(_ entry: DatabaseEntry) -> RedisConfiguration {
        var configuration = entry.server.map { at($0) } ?? self
        let budget = entry.budget
        configuration.maximumLeases = budget.maximumLeases ?? maximumLeases
        configuration.maximumWaiters = budget.maximumWaiters ?? maximumWaiters
        configuration.maximumRequests = budget.maximumRequests ?? maximumRequests
        configuration.maximumUnwrittenBytes = budget.maximumUnwrittenBytes ?? maximumUnwrittenBytes
        return configuration
    }

    /// The same at another server, with the login for that.
    func at(_ server: DatabaseServer) -> RedisConfiguration {
        var configuration = self
        configuration.place = server.place
        configuration.username = server.username
        configuration.password = server.password
        if server.username != nil || server.password != nil { configuration.credentials = nil }
        configuration.credentialSource = nil
        configuration.nameWatch = nil
        configuration.renewalWatch = nil
        configuration.maintenanceWatch = nil
        configuration.tls = server.tls(inheriting: tls)
        return configuration
    }

    /// The same for another server of a name, with its own credentials and look-ups.
    func apart(at server: DatabaseServer) -> RedisConfiguration {
        var configuration = at(server)
        configuration.credentialSource = configuration.makeCredentialSource()
        configuration.nameWatch = configuration.makeNameWatch()
        configuration.maintenanceWatch = configuration.makeMaintenanceWatch()
        return configuration
    }

    /// The same for one server of a cluster, all of which announce the maintenance of the whole.
    func inCluster(at server: Endpoint) -> RedisConfiguration {
        var configuration = at(server)
        configuration.maintenanceWatch = maintenanceWatch
        return configuration
    }

    /// The same for one server of several.
    func at(_ server: Endpoint) -> RedisConfiguration {
        var configuration = self
        configuration.place = .server(server)
        configuration.nameWatch = configuration.makeNameWatch()
        configuration.renewalWatch = nil
        configuration.maintenanceWatch = nil
        return configuration
    }

    private var spinTimeOfConnection: Duration {
        let most = SpinBudget.longestOfTask
        return tls == nil ? min(spinTime, most) : min(min(spinTime, most) * 2, most)
    }

    func connectionSettings(forNumber number: Int) -> ConnectionSettings {
        var settings = ConnectionSettings(
            endpoint: endpoint, database: number, username: username, password: password?.text,
            clientName: clientName, version: version, connectTimeout: connectTimeout,
            spinTime: spinTimeOfConnection,
            limits: limits, bounds: LaneBounds(requests: maximumRequests, unwrittenBytes: maximumUnwrittenBytes))
        settings.tls = tls.map { TLSPeer.shared($0.settings, endpoint) }
        settings.credentials = credentialSource
        if let resolver { settings.resolve(by: resolver) }
        settings.nameWatch = nameWatch
        settings.renewals = renewalWatch
        settings.maintenance = maintenanceWatch
        settings.unblockingTime = unblockingTime
        settings.proofInterval = max(0, proofInterval ?? 0)
        settings.lifetime = ConnectionLifetime(
            probeInterval: keepAliveInterval, idleTime: maximumIdleTime, age: maximumConnectionAge)
        return settings
    }

    /// Looks the name of this server up; nil where nothing may move.
    func makeNameWatch() -> NameWatch? {
        guard let nameLookUpInterval, case .server = place else { return nil }
        return NameWatch(of: connectionSettings(forNumber: 0), every: nameLookUpInterval)
    }

    /// Hears what this place announces; nil where it is not asked.
    func makeMaintenanceWatch() -> MaintenanceWatch? {
        switch place {
        case .server: maintenance?.makeWatch()
        case .cluster: maintenance?.makeWatch(ofCluster: true)
        case .sentinels: nil
        }
    }

    var backoff: Backoff { Backoff(first: reconnectDelay, cap: maximumReconnectDelay) }

    var poolBounds: PoolBounds {
        PoolBounds(maximumLeases: maximumLeases, waiters: maximumWaiters, leaseTimeout: leaseTimeout)
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// User, address, TLS, and where the password is from.
    public var description: String {
        let (user, login) =
            credentials == nil
            ? (username.map { "\($0)@" } ?? "", password == nil ? "" : " with a password")
            : ("", " with credentials from a function")
        return "\(user)\(address)" + (tls.map { " over \($0)" } ?? "") + login
    }
}
