import Dispatch

/// What becomes of a connection, or of an endpoint's circuit.
package enum ConnectionEvent: Sendable {
    /// Connected, shaken hands and bound to its database; how long that took.
    case opened(after: Duration)
    /// It could not be made.
    case failed(ConnectionFailure)
    /// An open one has ended, and nobody here had asked for that.
    case lost(ConnectionFailure)
    /// An open one was closed by this side.
    case closed
    /// The endpoint is away: attempts wait for a backoff from here on.
    case circuitOpened(ConnectionFailure)
    /// The endpoint is back.
    case circuitClosed
    /// Of several copies of one data set this is the one in use from here on; the failure of the one before, or nil
    /// where it goes back to a better one.
    case cameIntoUse(ConnectionFailure?)
}

/// Notifies listeners of what becomes of connections, event by event in their order, on a queue of its own: what a
/// listener does holds up no connection, and may use the connections that the events are about.
package final class ConnectionEvents: Sendable {
    private let queue = DispatchQueue(label: "bulkhead.events", qos: .utility)

    package init() {}

    /// For the connections of one database, or a circuit.
    package func listener(_ handler: @escaping @Sendable (ConnectionEvent) -> Void) -> Listener {
        Listener(queue: queue, handler: handler)
    }

    package struct Listener: Sendable {
        fileprivate let queue: DispatchQueue
        fileprivate let handler: @Sendable (ConnectionEvent) -> Void

        /// Returns at once; also under a lock, which keeps the order.
        package func notify(_ event: ConnectionEvent) {
            queue.async { @Sendable [handler] in handler(event) }
        }
    }
}
