import RedisNetworking

/// What became of a connection, or of the way to the server. Every field but the time is from a bounded set, fit for a
/// label.
public struct RedisConnectionEvent: Sendable, Hashable {
    public enum Change: String, Sendable, Hashable, CaseIterable {
        /// Connected, logged in and bound to its database.
        case opened
        /// No connection came about; `code` says why.
        case failed
        /// An open one ended, and not by this side; `code` says why.
        case lost
        /// An open one was closed by this side: the databases were closed, a lease left it unfit for the next one, or
        /// too many replies were to come that nobody waits for.
        case closed
        /// The server is away, for all databases: one attempt a backoff from here on, and commands without a connection
        /// fail at once. `code` says why.
        case circuitOpened = "circuit-opened"
        /// The server is back.
        case circuitClosed = "circuit-closed"
    }

    public let change: Change
    /// Nil where it is about the server as a whole. Of names that share a number, and so their connections, the first
    /// in the catalogue.
    public let database: DatabaseName?
    public let code: RedisError.Code?
    /// From the beginning of connecting to the end of the handshake; nil but for `opened`.
    public let duration: Duration?

    init(_ event: ConnectionEvent, _ name: (_ number: Int) -> DatabaseName?) {
        switch event {
        case .opened(let number, let time):
            self.init(.opened, name(number), nil, time)
        case .failed(let number, let failure): self.init(.failed, name(number), RedisError(failure).code)
        case .lost(let number, let failure): self.init(.lost, name(number), RedisError(failure).code)
        case .closed(let number): self.init(.closed, name(number))
        case .circuitOpened(let failure): self.init(.circuitOpened, nil, RedisError(failure).code)
        case .circuitClosed: self.init(.circuitClosed, nil)
        }
    }

    private init(
        _ change: Change, _ database: DatabaseName?, _ code: RedisError.Code? = nil, _ duration: Duration? = nil
    ) {
        self.change = change
        self.database = database
        self.code = code
        self.duration = duration
    }
}

extension ConnectionEvents {
    /// For an observer and the catalogue that it knows the names of.
    convenience init(_ observer: any RedisObserver, _ catalogue: DatabaseCatalogue) {
        var names: [Int: DatabaseName] = [:]
        for entry in catalogue.entries where names[entry.number] == nil { names[entry.number] = entry.name }
        self.init { [names] event in observer.connectionChanged(RedisConnectionEvent(event) { names[$0] }) }
    }
}
