import Dispatch

/// What becomes of connections and of their circuit.
package enum ConnectionEvent: Sendable {
    /// Connected, shaken hands and bound to its database; how long that took.
    case opened(database: Int, after: Duration)
    /// It never came about.
    case failed(database: Int, ConnectionFailure)
    /// An open one has ended, and nobody here had asked for that.
    case lost(database: Int, ConnectionFailure)
    /// An open one was closed by this side.
    case closed(database: Int)
    /// The endpoint is away: attempts wait for a backoff from here on.
    case circuitOpened(ConnectionFailure)
    /// The endpoint is back.
    case circuitClosed
}

/// Tells one listener, event by event in their order, on a queue of its own: what the listener does holds up no
/// connection, and may use the connections it hears of.
package final class ConnectionEvents: Sendable {
    private let queue = DispatchQueue(label: "bulkhead.events")
    private let listener: @Sendable (ConnectionEvent) -> Void

    package init(_ listener: @escaping @Sendable (ConnectionEvent) -> Void) { self.listener = listener }

    /// Returns at once; also under a lock, which keeps the order.
    func tell(_ event: ConnectionEvent) {
        queue.async { @Sendable [listener] in listener(event) }
    }
}
