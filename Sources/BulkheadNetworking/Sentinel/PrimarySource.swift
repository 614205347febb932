/// What a node has open, for whoever knows that it leads to the wrong server.
package final class NodeConnections: Sendable {
    /// Ends all of it; what is under way fails.
    let supersede: @Sendable () -> Void

    init(supersede: @escaping @Sendable () -> Void) { self.supersede = supersede }
}

/// Knows which server of a group to connect to, and learns from how that went.
///
/// Its calls may come from any thread. `primary` blocks its thread, as resolving a name does.
package protocol PrimarySource: AnyObject, Sendable {
    /// Where the primary is believed to be. Waits until somebody says so; throws at `deadline`, or where nobody who
    /// could know is there. `check` is called at least every 50 ms, and may throw to give up.
    func primary(
        until deadline: Moment, _ check: () throws(ConnectionFailure) -> Void
    ) throws(ConnectionFailure) -> Endpoint
    /// False if another server is believed to be the primary by now.
    func isStillPrimary(_ endpoint: Endpoint) -> Bool
    /// What listens there has said that it is the primary.
    func confirmed(_ endpoint: Endpoint)
    /// It is not the primary, or was not to be reached.
    func refuted(_ endpoint: Endpoint, by failure: ConnectionFailure)
    /// Has the connections ended as soon as another server is the primary.
    func watch(_ connections: NodeConnections)
    /// What is known, for errors: who said what.
    var account: String { get }
}

extension ConnectionSettings {
    /// Makes one attempt at the endpoint; where a group has a primary, at that, and again wherever it has moved,
    /// until one succeeds. It logs in by what the program's function says, if there is one.
    package func connecting<Result>(
        until deadline: Moment, check: () throws(ConnectionFailure) -> Void = {},
        _ attempt: (ConnectionSettings) throws(ConnectionFailure) -> Result
    ) throws(ConnectionFailure) -> Result {
        try loggingIn(until: deadline, check: check) { settings throws(ConnectionFailure) in
            try settings.finding(until: deadline, check: check, attempt)
        }
    }

    private func finding<Result>(
        until deadline: Moment, check: () throws(ConnectionFailure) -> Void,
        _ attempt: (ConnectionSettings) throws(ConnectionFailure) -> Result
    ) throws(ConnectionFailure) -> Result {
        guard let primary else { return try attempt(atAnnouncedPlace) }
        while true {
            let endpoint = try primary.primary(until: deadline, check)
            do throws(ConnectionFailure) {
                let result = try attempt(located(at: endpoint, by: primary))
                primary.confirmed(endpoint)
                return result
            } catch {
                try check()
                guard error.scope == .endpoint else { throw error }
                primary.refuted(endpoint, by: error)
            }
        }
    }

    /// The same for one server of the group.
    private func located(at endpoint: Endpoint, by source: any PrimarySource) -> ConnectionSettings {
        var settings = self
        settings.endpoint = endpoint
        settings.tls = tls.map { TLSPeer.shared($0.settings, endpoint) }
        settings.isWanted = { [weak source] in source?.isStillPrimary(endpoint) ?? true }
        return settings
    }

    /// Throws if meanwhile another server is the primary: whoever waits for this one need not.
    func checkWanted() throws(ConnectionFailure) {
        if let isWanted, !isWanted() { throw .superseded(endpoint) }
    }

    /// How long one server of several may take to accept a connection: another one may be the primary meanwhile.
    var acceptanceTime: Duration { isWanted == nil ? connectTimeout : max(connectTimeout / 5, .milliseconds(500)) }
}

extension ConnectionFailure {
    /// Connections to a server that was the primary of its group, or the copy in use, or a replica that was left.
    static func superseded(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .superseded, "\(endpoint) is not used any more, so the connection to it was closed")
    }
}
