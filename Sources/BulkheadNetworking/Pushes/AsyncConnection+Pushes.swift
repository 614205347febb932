import BulkheadRESP

// For the owner of the I/O only.
extension AsyncConnection {
    /// Hands on a pushed value. Where a lease's stream has too many unread ones the connection ends, as a gap nobody
    /// sees would be a silent loss.
    func pushed(_ value: RESPValue) {
        if settings.isMaintenance(value) { return }
        if let onPush { return onPush(value) }
        guard let pushes, !pushes.append(value) else { return }
        broken = broken ?? .pushOverflow(settings.endpoint)
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
    static func pushOverflow(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .pushOverflow,
            "unread push messages from \(endpoint) exceed \(PushBacklog.mostValues) messages or "
                + "\(PushBacklog.mostBytes >> 20) MiB; connection closed")
    }
}
