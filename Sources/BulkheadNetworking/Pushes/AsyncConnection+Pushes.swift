import BulkheadRESP
import Synchronization

// For the owner of the I/O only.
extension AsyncConnection {
    /// Hands a pushed value to its readers. A reader with too many unread ones ends: with it the connection if it takes
    /// the rest, as a lease's stream does, and nobody but itself if it registered for a channel or the like, because
    /// others share the connection.
    func pushed(_ value: RESPValue) {
        let router = shared.withLock { $0.router }
        router.forEachReader(of: value) { reader, registration in
            if reader.append(value) { return }
            guard registration.isForRest else {
                reader.end(.pushOverflow(settings.endpoint, "this subscription has ended"))
                return shared.withLock { $0.router.unregister(registration) }
            }
            broken = broken ?? .pushOverflow(settings.endpoint)
        }
    }
}

extension ConnectionFailure {
    /// `consequence` is what follows.
    static func pushOverflow(_ endpoint: Endpoint, _ consequence: String = "connection closed") -> ConnectionFailure {
        ConnectionFailure(
            .pushOverflow,
            "unread push messages from \(endpoint) exceed \(PushBacklog.mostValues) messages or "
                + "\(PushBacklog.mostBytes >> 20) MiB; \(consequence)")
    }
}
