import RESP
import RedisCommands

/// What the commands of a lease have left behind on the server's side of its connection.
///
/// A transaction that was ended leaves nothing; everything else a conversation sets up (subscriptions, tracking,
/// a name …) is not undone here: such a connection is closed, which is always right and costs one handshake. So is one
/// on which the server may still block: it would take an element for nobody, and answer the next command behind it.
struct LeaseState: Sendable {
    private(set) var isOver = false
    private var isWatching = false
    private var isInTransaction = false
    private var isTainted = false
    /// Commands that wait on the server and have no reply; one that was given up never gets any.
    private var waits = 0

    /// True if the connection is as it came from the handshake.
    var isClean: Bool { !isWatching && !isInTransaction && !isTainted && waits == 0 }

    /// A command is about to be sent; throws if it cannot be now.
    mutating func willSend(_ command: EncodedCommand) throws(RedisError) {
        if isOver { throw Self.over }
        if command.blockingTime != .none { waits += 1 }
        guard case .conversation(let confirmations) = command.route else { return }
        if confirmations > 0 && isInTransaction {
            throw RedisError(.commandRefused, "a subscription cannot stand in a transaction: end it first")
        }
        switch command.name {
        case "WATCH": isWatching = true
        case "MULTI": isInTransaction = true
        case "EXEC", "DISCARD", "UNWATCH", "WAIT", "WAITAOF": break
        default: isTainted = true
        }
    }

    /// The server has answered. Only what it did not refuse or queue has undone anything.
    mutating func answered(_ command: EncodedCommand, _ reply: RESPValue) {
        if command.blockingTime != .none { waits -= 1 }
        guard case .conversation = command.route else { return }
        guard reply.withoutAttributes.errorMessage == nil, !reply.isQueued else { return }
        switch command.name {
        case "UNWATCH": isWatching = false
        case "EXEC", "DISCARD":
            isInTransaction = false
            isWatching = false
        default: break
        }
    }

    /// The same for a batch: only its special commands leave anything behind.
    mutating func willSend(_ batch: RedisBatch) throws(RedisError) {
        if isOver { throw Self.over }
        for (_, command) in batch.special { try willSend(command) }
    }

    /// The same for a batch and all its replies.
    mutating func answered(_ batch: RedisBatch, _ replies: [RESPValue]) {
        for (position, command) in batch.special { answered(command, replies[position]) }
    }

    /// Ends the lease; true if its connection can be lent again.
    mutating func end() -> Bool {
        isOver = true
        return isClean
    }

    static let over = RedisError(
        .closed, "the lease of this connection is over: do not keep it beyond withConnection")
}
