import Synchronization

/// Looks a server's name up again and again while there are connections to it, and tells those who have them where the
/// name leads now.
///
/// Each look-up has a thread of its own, because resolving a name blocks. One that fails says nothing.
package final class NameWatch: Sendable {
    /// Takes the addresses that a name has now, and returns whether there are connections. As `LoginCallback` it is
    /// referred to weakly, in the place of whoever has the connections.
    package final class Callback: Sendable {
        fileprivate let body: @Sendable (Set<SocketAddress.Identity>) -> Bool

        init(_ body: @escaping @Sendable (Set<SocketAddress.Identity>) -> Bool) { self.body = body }
    }

    private struct WeakCallback: Sendable {
        weak let callback: Callback?
    }

    private struct State: Sendable {
        var callbacks: [WeakCallback] = []
        /// A look-up is under way, or its time is set.
        var isLooking = false
        /// A connection was made since the look-up began.
        var hasBegun = false
    }

    private let endpoint: Endpoint
    private let interval: Duration
    private let addresses: @Sendable (Endpoint) throws(ConnectionFailure) -> [SocketAddress]
    private let state = Mutex(State())

    /// Shorter intervals would keep a thread busy, and nothing else.
    private static let shortestInterval = Duration.milliseconds(10)

    /// Nil for what has no name that could lead elsewhere.
    package init?(of settings: ConnectionSettings, every interval: Duration) {
        guard case .tcp(let host, _) = settings.endpoint, !SocketAddress.isAddress(host) else { return nil }
        endpoint = settings.endpoint
        self.interval = max(interval, Self.shortestInterval)
        addresses = settings.addresses
    }

    func watch(_ callback: Callback) {
        state.withLock { state in
            state.callbacks.removeAll { $0.callback == nil }
            state.callbacks.append(WeakCallback(callback: callback))
        }
    }

    /// There is a connection: the name is looked up after each interval, until there is none any more.
    func begin() {
        let isFirst = state.withLock { state in
            defer { (state.isLooking, state.hasBegun) = (true, true) }
            return !state.isLooking
        }
        if isFirst { lookLater() }
    }

    private func lookLater() {
        Poller.shared.look(
            at: .now + interval,
            for: Timer { [weak self] in
                guard let self else { return }
                OwnThread.run { self.look() }
            })
    }

    private func look() {
        let callbacks = state.withLock { state in
            state.hasBegun = false
            return state.callbacks.compactMap(\.callback)
        }
        let found = try? addresses(endpoint)
        var isNeeded = found == nil
        if let found {
            let identities = Set(found.map(\.identity))
            for callback in callbacks where callback.body(identities) { isNeeded = true }
        }
        let goesOn = state.withLock { state in
            state.isLooking = isNeeded || state.hasBegun
            return state.isLooking
        }
        if goesOn { lookLater() }
    }
}

extension AsyncConnection {
    /// Its server's name has these addresses now. Where its own is not one of them, it takes no new requests and ends
    /// when those in the queue are answered; one that is lent is not lent again; one that listens is made anew.
    func lookedUp(_ addresses: Set<SocketAddress.Identity>) {
        // Under the lock nobody closes the socket.
        let isThere = shared.withLock { shared in
            shared.descriptor.map { SystemCall.isConnected($0, toOneOf: addresses) } ?? true
        }
        if isThere { return }
        if onPush != nil {
            end(.movedAway(settings.endpoint))
        } else if pushes == nil {
            retire()
        } else {
            change { $0.machine.isOutdated = true }
        }
    }

    /// It is not to be lent again.
    var isOutdated: Bool { shared.withLock { $0.machine.isOutdated } }
}

extension BlockingConnection {
    /// Its server's name has these addresses now; from any thread. Where its own is none of them it is not lent again.
    func lookedUp(_ addresses: Set<SocketAddress.Identity>) {
        if !SystemCall.isConnected(wire.stream.descriptor, toOneOf: addresses) {
            isMovedAway.store(true, ordering: .relaxed)
        }
    }
}

extension ConnectionFailure {
    fileprivate static func movedAway(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .superseded, "the name of \(endpoint) leads to other addresses since, so the connection was closed")
    }
}
