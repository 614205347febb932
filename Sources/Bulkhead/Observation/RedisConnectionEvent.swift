import BulkheadNetworking

/// A change of a connection, or of the way to the server. Every field but the time is from a bounded set, fit for a
/// label.
public struct RedisConnectionEvent: Sendable, Hashable, Codable {
    /// What happened.
    public let change: Change
    /// Nil where it is about the server as a whole. Aliases share the connections of the name they stand for, which
    /// this is.
    public let database: DatabaseName?
    /// The number by which the server knows that database.
    public let databaseNumber: Int?
    /// Where the server listens, as it stands in error messages.
    public let server: String
    /// The server's host as it was configured, or the path of its unix socket.
    public let serverAddress: String
    /// The server's port; nil for a unix socket.
    public let serverPort: Int?
    /// Why, where something failed: as in a command's outcome.
    public let code: RedisError.Code?
    /// From the beginning of connecting to the end of the handshake; nil but for `opened`.
    public let duration: Duration?

    init(_ event: ConnectionEvent, of database: DatabaseEntry?, on server: Endpoint) {
        let (change, failure, duration): (Change, ConnectionFailure?, Duration?) =
            switch event {
            case .opened(let time): (.opened, nil, time)
            case .failed(let failure): (.failed, failure, nil)
            case .lost(let failure): (.lost, failure, nil)
            case .closed: (.closed, nil, nil)
            case .circuitOpened(let failure): (.circuitOpened, failure, nil)
            case .circuitClosed: (.circuitClosed, nil, nil)
            case .cameIntoUse(let failure): (.failedOver, failure, nil)
            }
        self.change = change
        self.database = database?.name
        self.databaseNumber = database?.number
        self.server = server.description
        self.serverAddress = server.address
        self.serverPort = server.port
        self.code = failure.map { RedisError($0).code.label }
        self.duration = duration
    }
}

extension RedisConnectionEvent {
    /// A kind of event, by a word fit for a label; more may come.
    public struct Change: RawRepresentable, Sendable, Hashable, Codable {
        /// One word: `circuit-opened`.
        public let rawValue: String

        /// A kind by its word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Connected, logged in and bound to its database.
        public static let opened = Change(rawValue: "opened")
        /// No connection could be made; `code` says why.
        public static let failed = Change(rawValue: "failed")
        /// An open one ended, and not by this side; `code` says why.
        public static let lost = Change(rawValue: "lost")
        /// An open one was closed by this side: the databases were closed, a lease left it unfit for the next one, it
        /// answered nobody, it led to the wrong server, or it was idle or in use for too long.
        public static let closed = Change(rawValue: "closed")
        /// The server is down, for all databases on it. From now on one connection attempt per backoff interval tests
        /// it; commands that need a new connection fail at once between two attempts, and wait during one. `code` says
        /// why.
        public static let circuitOpened = Change(rawValue: "circuit-opened")
        /// The server is back.
        public static let circuitClosed = Change(rawValue: "circuit-closed")
        /// Of several copies of a name's data another one is in use from here on: `server` is that one, and `code` why
        /// the one before was left; nil where the name goes back to a better copy.
        public static let failedOver = Change(rawValue: "failed-over")
    }
}
