extension RedisError {
    /// What happened, as a short stable name, fit for a metric label.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable, CodingKeyRepresentable, CustomStringConvertible {
        /// In kebab case for this package's own codes, in capitals for the server's: `lease-timed-out`, `WRONGTYPE`.
        public let name: String

        /// The server's code: the first word of its error line.
        public init(server word: String) { name = word }

        init(_ name: String) { self.name = name }

        /// A code by its name, whoever it is from.
        public init(rawValue: String) { name = rawValue }
        /// The same as ``name``.
        public var rawValue: String { name }

        public var description: String { name }
    }
}

extension RedisError.Code {
    // MARK: Names and settings

    /// No database of that name is in the catalogue.
    public static let unknownDatabase = Self("unknown-database")
    /// The catalogue contradicts itself or cannot be read.
    public static let invalidCatalogue = Self("invalid-catalogue")
    /// A URL, an environment variable or another setting that cannot be used.
    public static let invalidConfiguration = Self("invalid-configuration")
    /// The server has no database of that number.
    public static let databaseOutOfRange = Self("database-out-of-range")
    /// The server's ACL denies the database to this user.
    public static let databaseDenied = Self("database-denied")
    /// The catalogue protects the database from being flushed.
    public static let flushRefused = Self("flush-refused")
    /// The command would leave or affect other databases (SELECT, FLUSHALL …). Or it is not allowed here: a typed
    /// command in an open transaction, or a blocking command in a pipeline on a shared connection.
    public static let commandRefused = Self("command-refused")

    /// The keys of a command live in several slots of a cluster, and it cannot be taken apart.
    public static let crossSlot = Self(server: "CROSSSLOT")

    /// An argument cannot be used: a value that cannot be encoded as JSON, a vector that nothing can be compared with.
    public static let invalidArgument = Self("invalid-argument")

    // MARK: Connections

    /// The host name has no address.
    public static let nameNotResolved = Self("name-not-resolved")
    /// No server listens there, or it refused the connection.
    public static let connectFailed = Self("connect-failed")
    /// This process, or its system, may open no more files and sockets. It says nothing about the server.
    public static let tooManyOpenFiles = Self("too-many-open-files")
    /// The server could not be reached within ``RedisConfiguration/connectTimeout``.
    public static let connectTimedOut = Self("connect-timed-out")
    /// TLS is asked for, and this process has none: OpenSSL was not found.
    public static let tlsUnavailable = Self("tls-unavailable")
    /// The server's certificate is not accepted: its authority, its name or its time.
    public static let certificateRefused = Self("certificate-refused")
    /// The handshake of TLS failed: the server refused our certificate or our versions, or speaks no TLS there.
    public static let tlsFailed = Self("tls-failed")
    /// The server refused the connection by an `ERR`, such as too many clients. An error with a code of its own keeps
    /// that: ``busy``, `DENIED`.
    public static let handshakeRefused = Self("handshake-refused")
    /// User or password are wrong or missing.
    public static let authenticationFailed = Self("authentication-failed")
    /// The function in ``RedisConfiguration/credentials`` threw, or did not return within
    /// ``RedisConfiguration/connectTimeout``.
    public static let credentialsUnavailable = Self("credentials-unavailable")
    /// No server is the primary of a group that sentinels watch, or no sentinel can say which one is; the message has
    /// what each of them said.
    public static let noPrimary = Self("no-primary")
    /// The connection ended while the command was under way.
    public static let connectionClosed = Self("connection-closed")
    /// The server sent bytes that are not RESP, exceeded a limit, or sent a reply to no request.
    public static let protocolViolation = Self("protocol-violation")
    /// The queue of callers that wait for a leased connection is full.
    public static let tooManyWaiters = Self("too-many-waiters")
    /// No leased connection became free within the lease timeout.
    public static let leaseTimedOut = Self("lease-timed-out")
    /// So many requests or bytes wait on the database's connection already that no more are taken.
    public static let tooManyRequests = Self("too-many-requests")
    /// The call's time is over; ``RedisError/stage`` says where it waited.
    public static let timedOut = Self("timed-out")
    /// The client closed the databases, the lease had ended, or the client closed the connection because too many
    /// of its calls were cancelled or timed out while their replies were still pending.
    public static let closed = Self("closed")
    /// The task was cancelled.
    public static let cancelled = Self("cancelled")
    /// Messages came faster than they were read. In a gap of a subscription: it goes on behind it. From the pushes of a
    /// lease: its connection was closed.
    public static let messagesLost = Self("messages-lost")
    /// The server sends no key events, or not those that were asked for: see its setting `notify-keyspace-events`.
    public static let keyEventsOff = Self("key-events-off")
    /// The database can have no client-side cache: its server or its configuration speaks RESP2 only, the server
    /// refuses a command that a cache needs, or the name has copies elsewhere.
    public static let cachingUnavailable = Self("caching-unavailable")

    // MARK: Locks

    /// Others held the lock for as long as the call was to wait for it.
    public static let lockTimedOut = Self("lock-timed-out")
    /// The lock was lost, or could not be extended in time, while its holder worked: others may have worked too.
    public static let lockLost = Self("lock-lost")
    /// A holder with a higher number has written already, so this write was refused: see ``RedisFence``.
    public static let fenceRefused = Self("fence-refused")

    // MARK: Replies

    /// A scan began ten times: its server was restarted or replaced each time, or connections were made and the user
    /// may not call INFO. What it found is right; some elements may be missing.
    public static let scanInterrupted = Self("scan-interrupted")
    /// The reply is not of the type asked for.
    public static let unexpectedReply = Self("unexpected-reply")
    /// `ERR`: wrong arguments, an unknown command, and all that has no code of its own.
    public static let serverError = Self(server: "ERR")
    /// The key holds another type.
    public static let wrongType = Self(server: "WRONGTYPE")
    /// The server requires a login.
    public static let noAuth = Self(server: "NOAUTH")
    /// The ACL denies the command, a key or a channel.
    public static let noPermission = Self(server: "NOPERM")
    /// A write on a replica.
    public static let readOnly = Self(server: "READONLY")
    /// The server is loading its data.
    public static let loading = Self(server: "LOADING")
    /// The server's memory is full.
    public static let outOfMemory = Self(server: "OOM")
    /// A script holds the server.
    public static let busy = Self(server: "BUSY")
    /// The server cannot persist and refuses writes.
    public static let misconfigured = Self(server: "MISCONF")
    /// A replica without its primary.
    public static let masterDown = Self(server: "MASTERDOWN")
    /// A write where too few replicas are connected (`min-replicas-to-write`).
    public static let noReplicas = Self(server: "NOREPLICAS")
    /// A command that blocked was ended by CLIENT UNBLOCK … ERROR, or its stream is gone.
    public static let unblocked = Self(server: "UNBLOCKED")
    /// The script is unknown by its digest.
    public static let noScript = Self(server: "NOSCRIPT")
    /// The server refused a command of a transaction when it was queued, and so ran none of them.
    public static let transactionAborted = Self(server: "EXECABORT")
    /// Others changed a watched key in each of a transaction's attempts, so none of its commands ran.
    public static let transactionConflict = Self("transaction-conflict")
    /// The server has no function of that name: its library is to be loaded.
    public static let functionMissing = Self("function-missing")
}
