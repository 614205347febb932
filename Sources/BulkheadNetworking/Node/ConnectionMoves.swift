/// Connections of a name, of whatever kind, as whoever moves them sees them.
protocol MovableConnections: Sendable {
    /// Another server is the primary: they end, and what is under way fails.
    func supersede()
    /// A node has left the server, whose replies showed that it is the wrong one.
    func renewed()
    /// The server's name has these addresses now: those that lead elsewhere take no new requests. True if there are
    /// any.
    func lookedUp(_ addresses: Set<SocketAddress.Identity>) -> Bool
    /// There is a newer login.
    func loginChanged()
    /// The server has announced that it goes: they take no new requests.
    func retire()
}

/// Tells connections of all that may move them, for as long as it lives: a primary that is another one, replies
/// that only a wrong server gives, a name that leads elsewhere, a new login, and the server's own announcements.
///
/// Every kind of connection has one, so none is left behind by any of these. Whoever tells refers to it weakly, in the
/// place of whoever has the connections: an object that had weak references would be retained and released at several
/// times the cost, by every call.
final class ConnectionMoves: Sendable {
    private let primary: NodeConnections?
    private let renewals: NodeConnections?
    private let addresses: NameWatch.Callback?
    private let logins: LoginCallback?
    private let maintenance: MaintenanceWatch.Callback?

    init(of settings: ConnectionSettings, _ connections: some MovableConnections) {
        primary = settings.primary.map { _ in NodeConnections { connections.supersede() } }
        renewals = settings.renewals.map { _ in NodeConnections { connections.renewed() } }
        addresses = settings.nameWatch.map { [announced = settings.maintenance] _ in
            NameWatch.Callback { addresses in
                // Where the server has said itself where to go, its name is behind.
                announced?.place != nil || connections.lookedUp(addresses)
            }
        }
        logins = settings.credentials.map { _ in LoginCallback { connections.loginChanged() } }
        maintenance = settings.maintenance.map { _ in
            MaintenanceWatch.Callback(of: settings.endpoint) { what in
                if case .retire = what { connections.retire() }
            }
        }
        if let primary { settings.primary?.watch(primary) }
        if let renewals { settings.renewals?.watch(renewals) }
        if let addresses { settings.nameWatch?.watch(addresses) }
        if let logins { settings.credentials?.watch(logins) }
        if let maintenance { settings.maintenance?.watch(maintenance) }
    }
}

/// One connection of a subscription or a cache. It ends wherever it may be left behind: its owner makes another one,
/// and knows what may have been missed.
struct LoneConnection: MovableConnections {
    weak let connection: AsyncConnection?

    func supersede() { connection?.supersede() }

    func renewed() { connection?.supersede() }

    func lookedUp(_ addresses: Set<SocketAddress.Identity>) -> Bool {
        guard let connection, !connection.isClosed else { return false }
        connection.lookedUp(addresses)
        return true
    }

    func loginChanged() { connection?.renewLogin() }

    func retire() { connection?.supersede() }
}
