import BulkheadNetworking

/// Notifies the observer of what happens to connections.
struct ConnectionMonitor: Sendable {
    private let observer: any RedisObserver
    private let events = ConnectionEvents()

    init(_ observer: any RedisObserver) { self.observer = observer }

    /// For the connections of a database, or with nil for the circuit of a server.
    func listener(of database: DatabaseEntry?, on server: Endpoint) -> ConnectionEvents.Listener {
        events.listener { [observer] event in
            observer.connectionChanged(RedisConnectionEvent(event, of: database, on: server))
        }
    }
}
