import BulkheadNetworking
public import BulkheadRESP

/// Where the server is, who we are, and the limits of the connections: from code, a URL, or the environment.
///
/// Printing one shows no password.
public struct RedisConfiguration: Sendable {
    private(set) var endpoint: Endpoint
    /// Nil means the server's default user.
    public var username: String?
    /// Sent only in the handshake; never printed, logged or part of an error.
    public var password: RedisPassword?
    /// How to speak TLS with the server; nil, the default, is without.
    public var tls: RedisTLS?
    /// Shown in CLIENT LIST. No spaces, no control characters.
    public var clientName: String?
    /// The protocol asked for. With RESP3, servers that do not know it are spoken to in RESP2.
    public var version: RESPVersion = .resp3
    /// For resolving the name, trying its addresses, and the handshake together. Default 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// The longest pause before the third attempt to reach a server that is away, as one failure may be a lost packet
    /// and holds nobody back; each further failure doubles it, up to ``maximumReconnectDelay``. The pause is a random
    /// part of it, so that many clients do not come back at once; meanwhile commands without a connection fail at once,
    /// with what the last attempt said, and during the attempt that follows they wait for it, each for its own time. A
    /// login or a database that the server refuses has such pauses of its own, from the first refusal on. Default
    /// 20 ms.
    public var reconnectDelay: Duration = .milliseconds(20)
    /// The longest pause between attempts to reach a server that is away; what is older says nothing about it any more.
    /// Default 2 s.
    public var maximumReconnectDelay: Duration = .seconds(2)
    /// How long a command may take as a whole: waiting for a connection, connecting, writing, the reply. Default 10 s;
    /// nil is no limit. What blocks (BLPOP, XREAD … BLOCK) has its own timeout on top. See
    /// ``RedisDatabase/within(_:)``.
    public var commandTimeout: Duration? = .seconds(10)
    /// What is sent again by itself when a connection ended under it. Default: reads.
    public var retryPolicy = RedisRetryPolicy.reads
    /// How long a lone caller, asynchronous or blocking, watches for its reply before it sleeps: a near server answers
    /// sooner than a thread wakes. Default 50 µs; where watching does not help it is tried more and more seldom. Zero
    /// saves the processor's time and turns it off.
    public var pollingTime: Duration = .microseconds(50)
    /// Connections of their own for BLPOP, WATCH, SUBSCRIBE and blocking callers: at most so many at once for each
    /// database, asynchronous and blocking counted apart. Default 8. The two shared connections of each database
    /// come on top.
    public var maximumLeases = 8
    /// Callers that may wait for such a connection; one more is refused. Default 1,024.
    public var maximumWaiters = 1_024
    /// How long a caller waits for such a connection. Default 5 s.
    public var leaseTimeout: Duration = .seconds(5)
    /// How long a connection may be silent before a PING asks whether the server is still there: on a shared one, one
    /// in the pool, or a lease that only waits for messages. Without a byte by the next one, so after twice the
    /// interval, the connection is closed, and a subscription on it throws `connection-closed`. Blocking callers have
    /// no thread for it: a pooled connection that was silent so long is asked before it is lent, which costs one round
    /// trip, and a subscription is while somebody waits for its messages. Default nil: the kernel's keepalive notices a
    /// host that vanished within a minute, but not a proxy whose server did. At least 10 ms.
    public var keepAliveInterval: Duration?
    /// How long a connection may be unused before it is closed, for load balancers and NAT that forget such without a
    /// word. One in the pool is closed when the next caller finds it, shared ones by themselves, within twice the time.
    /// Default nil, no limit; at least 10 ms.
    public var maximumIdleTime: Duration?
    /// How old a connection may become before a new one takes its place, which resolves the server's name anew. One in
    /// the pool is replaced before it is lent again; a shared one finishes what is under way. Each has up to a tenth
    /// less, so that they do not end together. Default nil, no limit; at least 10 ms.
    public var maximumConnectionAge: Duration?
    /// Commands that may wait for replies on one of a database's shared connections; one more is refused. Default
    /// 65,536.
    public var maximumRequests = 65_536
    /// Bytes of commands that may wait there to be written, for a server that reads slower than is asked; further
    /// commands are refused. Default 64 MiB.
    public var maximumUnwrittenBytes = 64 << 20
    /// One in so many asynchronous commands is followed by an ECHO that proves that replies still come in order: a
    /// check on proxies and servers, as this client keeps order by itself. A proof that fails withholds the command's
    /// reply, closes the connection before anybody behind it has one, and throws `protocol-violation` for them all.
    /// Nil, the default, is none. With 50 callers 100 costs less than runs differ and 1 takes 1.7 times the processor's
    /// time (`BulkheadThroughputBenchmark --proof-interval`).
    public var proofInterval: Int?
    /// Hears of every command that has ended, and of connections: logs, metrics, traces. Default: nobody.
    public var observer: (any RedisObserver)?
    /// How long a command that waits on the server, and was cancelled or is late, waits for the server to end it.
    package var unblockingTime = Duration.milliseconds(500)
    /// What a reply may be before it counts as a violation of the protocol.
    public var limits = RESPLimits()

    /// A server on TCP; every address of the name is tried. An IPv6 address may stand in brackets. A host that cannot
    /// be one, and a port outside 1 to 65535, fail the first command.
    public init(host: String = "127.0.0.1", port: Int = 6379) {
        endpoint = .tcp(host: ConfigurationText.host(host), port: port)
    }

    /// A server on a unix domain socket.
    public init(unixSocket path: String) {
        endpoint = .unix(path: path)
    }

    /// Where the server listens, as it stands in error messages.
    public var address: String { endpoint.description }

    /// The same for one database of a catalogue, by the entry that owns its connections: with its server, the login
    /// for that, and its limits.
    func forDatabase(_ entry: DatabaseEntry) -> RedisConfiguration {
        var configuration = self
        if let server = entry.server {
            configuration.endpoint = server.endpoint
            configuration.username = server.username
            configuration.password = server.password
            configuration.tls = server.tls(inheriting: tls)
        }
        let budget = entry.budget
        configuration.maximumLeases = budget.leases ?? maximumLeases
        configuration.maximumWaiters = budget.waiters ?? maximumWaiters
        configuration.maximumRequests = budget.requests ?? maximumRequests
        configuration.maximumUnwrittenBytes = budget.unwrittenBytes ?? maximumUnwrittenBytes
        return configuration
    }

    func connectionSettings(forNumber number: Int) -> ConnectionSettings {
        var settings = ConnectionSettings(
            endpoint: endpoint, database: number, username: username, password: password?.text,
            clientName: clientName, version: version, connectTimeout: connectTimeout, spinTime: pollingTime,
            limits: limits, bounds: LaneBounds(requests: maximumRequests, unwrittenBytes: maximumUnwrittenBytes))
        settings.tls = tls.map { TLSPeer.shared($0.settings, endpoint) }
        settings.unblockingTime = unblockingTime
        settings.proofInterval = max(0, proofInterval ?? 0)
        settings.lifetime = ConnectionLifetime(
            probeInterval: keepAliveInterval, idleTime: maximumIdleTime, age: maximumConnectionAge)
        return settings
    }

    var backoff: Backoff { Backoff(first: reconnectDelay, cap: maximumReconnectDelay) }

    var poolBounds: PoolBounds {
        PoolBounds(maximumLeases: maximumLeases, waiters: maximumWaiters, leaseTimeout: leaseTimeout)
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// User, address, TLS, and whether there is a password.
    public var description: String {
        let user = username.map { "\($0)@" } ?? ""
        return "\(user)\(address)" + (tls.map { " over \($0)" } ?? "") + (password == nil ? "" : " with a password")
    }
}

/// A password that does not print, not by `print`, `dump` or a debugger's summary of what holds it.
public struct RedisPassword: Sendable, ExpressibleByStringLiteral {
    let text: String

    /// The password in clear, taken as it is: a line break at its end is a part of it.
    public init(_ text: String) { self.text = text }
    public init(stringLiteral text: String) { self.text = text }
}

extension RedisPassword: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(password)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
