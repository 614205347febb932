import RedisCommands

/// What the commands of a lease have left behind on the server's side of its connection.
///
/// A transaction that was ended leaves nothing; everything else a conversation sets up (subscriptions, tracking,
/// a name …) is not undone here: such a connection is closed, which is always right and costs one handshake.
struct LeaseState: Sendable {
    private(set) var isOver = false
    private var isWatching = false
    private var isInTransaction = false
    private var isTainted = false

    /// True if the connection is as it came from the handshake.
    var isClean: Bool { !isWatching && !isInTransaction && !isTainted }

    mutating func note(_ command: String, _ route: CommandRoute) {
        guard case .conversation = route else { return }
        switch command {
        case "WATCH": isWatching = true
        case "UNWATCH": isWatching = false
        case "MULTI": isInTransaction = true
        case "EXEC", "DISCARD":
            isInTransaction = false
            isWatching = false
        case "WAIT", "WAITAOF": break
        default: isTainted = true
        }
    }

    /// Ends the lease; true if its connection can be lent again.
    mutating func end() -> Bool {
        isOver = true
        return isClean
    }

    static let over = RedisError(
        .closed, "the lease of this connection is over: do not keep it beyond withConnection")
}
