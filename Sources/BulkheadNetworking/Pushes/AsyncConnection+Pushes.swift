import BulkheadRESP
import Synchronization

// For the owner of the I/O only.
extension AsyncConnection {
    /// Hands a pushed value to its readers. A reader with too many unread ones ends: with it the connection if it takes
    /// the rest, as a lease's stream does, and nobody but itself if it registered for a channel or the like, because
    /// others share the connection.
    func pushed(_ value: RESPValue) {
        if let onPush { return onPush(value) }
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

extension AsyncConnection {
    /// Sends a subscription command; `call` learns how it went in the order of the wire, before what is pushed behind.
    func subscribe(_ bytes: [UInt8], until deadline: Deadline, _ call: SubscriptionCall) {
        submit(bytes, .confirmations, .hub(call), newTicket(), deadline)
    }
}

/// Who learns how a subscription command went, on whatever thread has the wire.
final class SubscriptionCall: Sendable {
    let end: @Sendable (Result<[RESPValue], ConnectionFailure>) -> Void

    init(_ end: @escaping @Sendable (Result<[RESPValue], ConnectionFailure>) -> Void) { self.end = end }
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
