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

    /// A command is about to be sent; throws if it cannot be now, and then nothing is. `isTyped` if its reply is to
    /// become a type of its own, which `QUEUED` never can.
    mutating func willSend(_ command: EncodedCommand, isTyped: Bool = false) throws(RedisError) {
        if isTyped, isQueueing, !isOver, !command.isAnsweredInTransaction { throw .queued(command.name) }
        try willSend(special: command.leavesNothing ? [] : [command])
    }

    /// The server has answered, or nobody knows what became of the command.
    mutating func ended(_ command: EncodedCommand, _ result: Result<RESPValue, ConnectionFailure>) {
        if case .success(let reply) = result { note(reply) }
        if command.leavesNothing {
            calls -= 1
        } else {
            ended(special: [command], result.map { [$0] })
        }
    }

    /// The same for a batch: only its special commands leave anything behind.
    mutating func willSend(_ batch: RedisBatch) throws(RedisError) {
        if !isOver, let command = batch.typedCommandInTransaction(isQueueing) { throw .queued(command) }
        try willSend(special: batch.special.map(\.command))
    }

    /// The same for a batch and all its replies.
    mutating func ended(_ batch: RedisBatch, _ result: Result<[RESPValue], ConnectionFailure>) {
        if case .success(let replies) = result { for reply in replies { note(reply) } }
        let special = result.map { replies in batch.special.map { replies[$0.position] } }
        ended(special: batch.special.map(\.command), special)
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

    private mutating func note(_ reply: RESPValue) {
        if reply.refusal?.isOfConnection == true { showsWrongConnection = true }
    }

    static let over = RedisError(
        .closed, "the lease of this connection is over: do not keep it beyond withConnection")

    private mutating func willSend(special commands: [EncodedCommand]) throws(RedisError) {
        if isOver { throw Self.over }
        for command in commands {
            guard case .conversation(let confirmations) = command.route else { continue }
            if confirmations > 0 && isQueueing {
                throw RedisError(.commandRefused, "a subscription cannot stand in a transaction: end it first")
            }
            begins(command)
        }
        calls += 1
        guard commands.contains(where: \.isOfConversation) else { return }
        // Which of two tasks' replies is told here first says nothing about their order at the server.
        if conversations > 0 { isTainted = true }
        conversations += 1
    }

    private mutating func ended(special commands: [EncodedCommand], _ result: Result<[RESPValue], ConnectionFailure>) {
        calls -= 1
        let isConversation = commands.contains(where: \.isOfConversation)
        if isConversation { conversations -= 1 }
        switch result {
        case .success(let replies):
            for (command, reply) in zip(commands, replies) { answered(command, reply) }
        case .failure(let failure) where failure.progress.isSafeToRepeat: break
        // A wait that was ended; what its pipeline began is not told.
        case .failure(let failure) where failure.progress == .answered && !isConversation: break
        case .failure:
            if isConversation || commands.contains(where: { $0.blockingTime != .none }) { isTainted = true }
            return
        }
        // Nothing else is under way that begins or ends one.
        if isConversation, conversations == 0 { isQueueing = isInTransaction }
    }

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
    /// True of nearly all commands, whatever becomes of them.
    fileprivate var leavesNothing: Bool {
        switch route {
        case .shared, .bulk, .answered: true
        case .blocking, .conversation, .refused: false
        }
    }

    /// In an open transaction the server answers these at once, and only queues all others.
    fileprivate var isAnsweredInTransaction: Bool {
        isOfConversation && ["EXEC", "DISCARD", "MULTI", "WATCH"].contains(name)
    }

    fileprivate var isOfConversation: Bool {
        if case .conversation = route { true } else { false }
    }
}
