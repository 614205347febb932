package import BulkheadRESP

/// How much may wait on one connection; more is refused at once, so a server that has stopped costs bounded memory.
package struct LaneBounds: Sendable, Hashable {
    /// Requests that wait for their replies, sent or not.
    package var requests: Int
    /// Bytes of requests that wait to be written. A request of any size is taken while there is room for a byte.
    package var unwrittenBytes: Int

    /// For whoever bounds what it sends itself.
    static let none = LaneBounds(requests: .max, unwrittenBytes: .max)

    package init(requests: Int = 65_536, unwrittenBytes: Int = 64 << 20) {
        self.requests = max(1, requests)
        self.unwrittenBytes = max(1, unwrittenBytes)
    }
}

/// What one connection needs to know to become usable: where, as whom, and for which database.
package struct ConnectionSettings: Sendable {
    package var endpoint: Endpoint
    /// The number that the handshake selects; a connection serves no other.
    package var database: Int
    /// Nil means the server's default user. A user without a password logs in with an empty one (`nopass`).
    package var username: String?
    package var password: String?
    /// Gives user and password in their place; nil is those.
    package var credentials: CredentialSource?
    /// Which of its logins they are; zero is none.
    var loginNumber = 0
    /// Shown by CLIENT LIST; no spaces or control characters.
    package var clientName: String?
    /// The version asked for. RESP3 falls back to RESP2 on servers that do not know it.
    package var version: RESPVersion
    /// For resolving, connecting on every address, and the handshake together.
    package var connectTimeout: Duration
    /// How long a caller spins for a reply before it sleeps; see `SpinBudget`.
    package var spinTime: Duration
    /// What a reply may be; see `RESPLimits`.
    package var limits: RESPLimits
    /// How long a command that waits on the server, and was cancelled or is late, waits for the server to end it: a few
    /// round trips to a far server, as another connection may have to be made for it. Past it the connection is closed.
    package var unblockingTime = Duration.milliseconds(500)
    /// What may wait on one connection.
    package var bounds: LaneBounds
    /// One command in so many on a shared lane is followed by a proof of order; zero is none.
    package var proofInterval = 0
    /// When a connection that has done nothing wrong is asked whether it lives, or is replaced.
    package var lifetime = ConnectionLifetime()
    /// Is notified of what becomes of the connection; nil is nobody.
    package var listener: ConnectionEvents.Listener?
    /// Asked anew at each attempt to connect: a name may have moved.
    var addresses: @Sendable (Endpoint) throws(ConnectionFailure) -> [SocketAddress] = SocketAddress.all
    /// What the server announces of its maintenance; nil where nobody asks.
    package var maintenance: MaintenanceWatch?
    /// The connection asks for such announcements, and hears them.
    var hearsMaintenance = false
    /// Looks the name up while there are connections; nil where it leads to one place for ever.
    package var nameWatch: NameWatch?
    /// Is told when a node has left the server for its replies; nil is nobody.
    package var renewals: RenewalWatch?
    /// TLS with the server; nil is without.
    package var tls: TLSPeer?
    /// What the server must be.
    package var role = ServerRole.any
    /// Says which server to connect to, in `endpoint`'s place; nil is that one.
    package var primary: (any PrimarySource)?
    /// The server is a replica of a cluster, which answers no reads before it was told that they may be old.
    package var readsOnly = false
    /// The server is one of several, of which another may take its place: see `Node.abandon()`.
    package var isReplaceable = false
    /// False once nobody wants a connection to this server any more.
    var isWanted: (@Sendable () -> Bool)?
    /// What moves the bytes over a connected socket in its place, if not TLS; nil is nothing.
    var makeLayer: (@Sendable (_ descriptor: Int32) throws(ConnectionFailure) -> any StreamLayer)?

    package init(
        endpoint: Endpoint,
        database: Int,
        username: String? = nil,
        password: String? = nil,
        clientName: String? = nil,
        version: RESPVersion = .resp3,
        connectTimeout: Duration = .seconds(5),
        spinTime: Duration = .microseconds(50),
        limits: RESPLimits = RESPLimits(),
        bounds: LaneBounds = LaneBounds()
    ) {
        self.endpoint = endpoint
        self.database = database
        self.username = username
        self.password = password
        self.clientName = clientName
        self.version = version
        self.connectTimeout = connectTimeout
        self.spinTime = spinTime
        self.limits = limits
        self.bounds = bounds
    }

    /// Has names looked up by `resolver` in the system's place, which says where to find what they stand for.
    package mutating func resolve(by resolver: @escaping @Sendable (Endpoint) -> [Endpoint]) {
        addresses = { endpoint throws(ConnectionFailure) in
            var addresses: [SocketAddress] = []
            for found in resolver(endpoint) { addresses += try SocketAddress.all(of: found) }
            return addresses
        }
    }

    /// The same; of a server that is replaceable, with who says whether it is wanted.
    func wanted(while isWanted: @escaping @Sendable () -> Bool) -> ConnectionSettings {
        guard isReplaceable else { return self }
        var settings = self
        settings.isWanted = isWanted
        return settings
    }

    /// The same, given up while it connects and shakes hands as soon as `isOver` says so.
    package func given(upWhen isOver: @escaping @Sendable () -> Bool) -> ConnectionSettings {
        var settings = self
        let isWanted = isWanted
        settings.isWanted = { !isOver() && isWanted?() != false }
        return settings
    }

    /// A name alone asks for a login too: without it commands would run with the default user's rights.
    var needsLogin: Bool { username != nil || password != nil }

    /// What CLIENT SETINFO tells the server.
    static let libraryName = "bulkhead"
}

/// What a handshake has a server prove before any request leaves.
package enum ServerRole: Sendable {
    /// That it has the database.
    case any
    /// That it is a primary, too.
    case primary
    /// Nothing: a sentinel has no databases.
    case sentinel
}

/// Shows neither user nor password, not by `print`, `dump` or a debugger's summary of what holds it.
extension ConnectionSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "database \(database) of \(endpoint)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
