package import RESP

/// What one connection needs to know to become usable: where, as whom, and for which database.
package struct ConnectionSettings: Sendable, Hashable {
    package var endpoint: Endpoint
    /// The number that the handshake selects; a connection serves no other.
    package var database: Int
    /// Nil means the server's default user.
    package var username: String?
    package var password: String?
    /// Shown by CLIENT LIST; no spaces or control characters.
    package var clientName: String?
    /// The version asked for. RESP3 falls back to RESP2 on servers that do not know it.
    package var version: RESPVersion
    /// For resolving, connecting on every address, and the handshake together.
    package var connectTimeout: Duration
    /// What a reply may be; see `RESPLimits`.
    package var limits: RESPLimits

    package init(
        endpoint: Endpoint,
        database: Int,
        username: String? = nil,
        password: String? = nil,
        clientName: String? = nil,
        version: RESPVersion = .resp3,
        connectTimeout: Duration = .seconds(5),
        limits: RESPLimits = RESPLimits()
    ) {
        self.endpoint = endpoint
        self.database = database
        self.username = username
        self.password = password
        self.clientName = clientName
        self.version = version
        self.connectTimeout = connectTimeout
        self.limits = limits
    }

    /// What CLIENT SETINFO tells the server.
    static let libraryName = "bulkhead"
    static let libraryVersion = "0.1.0"
}
