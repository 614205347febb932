import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What the commands of a lease have left behind on the server's side of its connection.
///
/// A transaction that was ended leaves nothing; everything else a conversation sets up (subscriptions, tracking,
/// a name …) is not undone here: such a connection is closed, which is always right and costs one handshake. So is one
/// where nobody knows: on which a task still has a call, or on which the server may still block, as it would take an
/// element for nobody and answer the next command behind it.
struct LeaseState: Sendable {
    private(set) var isOver = false
    private var isWatching = false
    /// The server has begun a transaction, and has not said that it ended it.
    private var isInTransaction = false
    /// What is sent next will only be queued: MULTI has left, and no EXEC or DISCARD behind it.
    private var isQueueing = false
    private var isTainted = false
    /// A reply showed that the connection leads to the wrong server.
    private var showsWrongConnection = false
    /// Calls that have not come back, and of these how many hold commands of a conversation.
    private var calls = 0
    private var conversations = 0

    /// True if the connection is as it came from the handshake.
    var isClean: Bool { !isWatching && !isInTransaction && !isTainted && !showsWrongConnection && calls == 0 }

    /// True if AUTH may be sent now: no transaction is open, and none is being begun or ended.
    var permitsLogin: Bool { !isOver && !isInTransaction && !isQueueing && conversations == 0 }

    /// A request is about to be sent; throws if it cannot be now, and then nothing is.
    mutating func willSend(_ request: some Request) throws(RedisError) {
        if isOver { throw Self.over }
        if let command = request.typedCommand(isQueueing: isQueueing) { throw .queued(command) }
        let special = request.special
        for (_, command) in special {
            guard case .conversation(let confirmations) = command.route else { continue }
            if confirmations > 0 && isQueueing {
                throw RedisError(.commandRefused, "a subscription cannot stand in a transaction: end it first")
            }
            begins(command)
        }
        calls += 1
        guard special.contains(where: \.command.isOfConversation) else { return }
        // Which of two tasks comes here first says nothing about the order of their replies.
        if conversations > 0 { isTainted = true }
        conversations += 1
    }

    /// The same, with the way it takes from here: to the connection, or none where the replies are known.
    mutating func admit<Sent: Request>(_ request: Sent) throws(RedisError) -> Way {
        try willSend(request)
        guard request.isUnsent else { return .lease }
        ended(request, .success(request.unsentReplies))
        return .unsent
    }

    /// The server has answered, or nobody knows what became of the request.
    mutating func ended<Sent: Request>(_ request: Sent, _ outcome: Result<Sent.Received, ConnectionFailure>) {
        if case .success(let replies) = outcome, replies.showsWrongConnection { showsWrongConnection = true }
        calls -= 1
        let special = request.special
        if special.isEmpty { return }
        let isConversation = special.contains(where: \.command.isOfConversation)
        if isConversation { conversations -= 1 }
        switch outcome {
        case .success(let replies):
            var each: [RESPValue] = []
            replies.forEachReply { each.append($0) }
            for (position, command) in special { answered(command, each[position]) }
        case .failure(let failure) where failure.stage.isSafeToRetry: break
        // A wait that was ended; nobody knows what its pipeline began.
        case .failure(let failure) where failure.stage == .answered && !isConversation: break
        case .failure:
            if isConversation || special.contains(where: { $0.command.blockingTime != .none }) { isTainted = true }
            return
        }
        // Nothing else is under way that begins or ends one.
        if isConversation, conversations == 0 { isQueueing = isInTransaction }
    }

    /// The connection's messages are read, by a task that may end before the next lease begins.
    mutating func readsMessages() { isTainted = true }

    /// What is known about a connection when its lease ends.
    struct End {
        let isReusable: Bool
        let showsWrongConnection: Bool
    }

    mutating func end() -> End {
        isOver = true
        return End(isReusable: isClean, showsWrongConnection: showsWrongConnection)
    }

    /// True if a connection that was lent for this request alone is as it was before.
    static func isClean<Sent: Request>(
        after request: Sent, _ outcome: Result<Sent.Received, ConnectionFailure>
    ) -> Bool {
        var state = LeaseState()
        // A fresh lease refuses nothing that its database has admitted.
        _ = try? state.willSend(request)
        state.ended(request, outcome)
        return state.isClean
    }

    static let over = RedisError(
        .closed, "the lease of this connection is over: do not keep it beyond withConnection")

    private mutating func begins(_ command: EncodedCommand) {
        switch command.name {
        case "WATCH": isWatching = true
        case "MULTI": isQueueing = true
        case "EXEC", "DISCARD": isQueueing = false
        case "UNWATCH", "WAIT", "WAITAOF": break
        default: isTainted = true
        }
    }

    /// Only what the server did not refuse or queue has undone anything. What begins anew behind an end counts again.
    private mutating func answered(_ command: EncodedCommand, _ reply: RESPValue) {
        guard command.isOfConversation, !reply.isQueued else { return }
        let error = reply.withoutAttributes.errorMessage
        // A transaction that the server gave up is over too.
        guard error == nil || error?.starts(with: "EXECABORT".utf8) == true else { return }
        switch command.name {
        case "MULTI": isInTransaction = true
        case "UNWATCH": isWatching = false
        case "EXEC", "DISCARD":
            isInTransaction = false
            isWatching = false
        default: begins(command)
        }
    }
}

extension EncodedCommand {
    /// In an open transaction the server answers these at once, and only queues all others.
    var isAnsweredInTransaction: Bool {
        isOfConversation && ["EXEC", "DISCARD", "MULTI", "WATCH"].contains(name)
    }

    fileprivate var isOfConversation: Bool {
        if case .conversation = route { true } else { false }
    }
}
