import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What one call sends: a command, or a batch of them.
protocol Request: Sendable {
    /// One reply of a command; an array of a batch.
    associatedtype Received: Replies

    /// All commands in RESP.
    var bytes: [UInt8] { get }
    /// How many of the commands are sent: the server owes as many replies.
    var sent: Int { get }
    /// Those of the commands that are not for every connection, and where they stand among those that are sent.
    var special: [(position: Int, command: EncodedCommand)] { get }
    /// True if it asks the server to wait.
    var waits: Bool { get }
    /// What error messages call it.
    var place: String { get }
    /// What telemetry calls it, from a bounded set of words.
    var label: String { get }
    /// Of a batch, the label that all its commands share.
    var pipelinedLabel: String? { get }
    /// The texts of scripts that some of the commands call by their digests.
    var scripts: ScriptTexts { get }
    /// True if nothing needs to be sent.
    var isUnsent: Bool { get }
    /// The replies then.
    var unsentReplies: Received { get }

    /// Which servers of a cluster it goes to; throws where it can go to none.
    var clusterPlan: ClusterPlan { get throws(ConnectionFailure) }
    /// Its way over the connections of a database; throws, with what to do instead, if it may not run on them.
    func way() throws(RedisError) -> Way
    /// Throws if it may not run on a leased connection either.
    func checkForLease() throws(RedisError)
    /// The first command whose reply is to become a type of its own, and which the server would only queue in a
    /// transaction. `isQueueing` says whether one is open.
    func typedCommand(isQueueing: Bool) -> String?
    /// `timeout` and the times that it asks the server to wait.
    func extending(_ timeout: Timeout) -> Timeout
    /// True if the replies hold something that it waited for.
    func brings(_ replies: [RESPValue]) -> Bool

    func send(over node: Node, on lane: Lane, until deadline: Deadline) async throws(ConnectionFailure) -> Received
    func send(over connection: AsyncConnection, until deadline: Deadline) async throws(ConnectionFailure) -> Received
    func send(over connection: BlockingConnection, until deadline: Deadline) throws(ConnectionFailure) -> Received
}

extension Request {
    var scripts: ScriptTexts { ScriptTexts() }

    /// By the keys of its commands.
    var clusterPlan: ClusterPlan {
        get throws(ConnectionFailure) { try ClusterPlan(bytes, count: sent) }
    }

    /// True if an error among its replies may be a script's own word, which says nothing of the server.
    var mayAnswerForItself: Bool { !Received.verdictsAreServers && RedisSideEffect.isOfScript(encoded: bytes) }
}

/// A request's way over the connections of a database.
enum Way: Sendable {
    /// One that other callers share.
    case lane(Lane)
    /// One to itself: it waits on the server, or is a transaction.
    case lease
    /// None: its replies are known.
    case unsent
}

/// What the server sends to a request.
///
/// The questions are asked of every reply. They are requirements, and not one list of replies, so that a single reply
/// is not copied for them.
protocol Replies: Sendable {
    init(_ replies: [RESPValue])
    var count: Int { get }
    func forEachReply(_ body: (RESPValue) -> Void)
    /// Those that say what became of the request; of a transaction not what its commands answered when they ran.
    func forEachVerdict(_ body: (RESPValue) -> Void)
    /// True if the verdicts are the server's own words whatever was sent. False where commands give them: a script
    /// answers what it likes.
    static var verdictsAreServers: Bool { get }
    /// The first of them that is an error.
    var firstError: RESPBytes? { get }
    /// True if one of them is a ``Refusal``: ``RetryMachine`` has a say, or the connection is to be replaced.
    var mayNotStand: Bool { get }
    /// The refusal that all of them are.
    var commonRefusal: Refusal? { get }
    /// True if one of them shows that the connection leads to the wrong server.
    var showsWrongConnection: Bool { get }
}

extension RESPValue: Replies {
    init(_ replies: [RESPValue]) { self = replies[0] }
    var count: Int { 1 }
    func forEachReply(_ body: (RESPValue) -> Void) { body(self) }
    func forEachVerdict(_ body: (RESPValue) -> Void) { body(self) }
    static var verdictsAreServers: Bool { false }
    var firstError: RESPBytes? { errorMessage }
    var mayNotStand: Bool { refusal != nil }
    var commonRefusal: Refusal? { refusal }
    var showsWrongConnection: Bool { refusal?.isOfConnection == true }
}

extension [RESPValue]: Replies {
    func forEachReply(_ body: (RESPValue) -> Void) { forEach(body) }
    func forEachVerdict(_ body: (RESPValue) -> Void) { forEach(body) }
    static var verdictsAreServers: Bool { false }
    var firstError: RESPBytes? {
        for reply in self { if let error = reply.errorMessage { return error } }
        return nil
    }
    var mayNotStand: Bool { contains { $0.refusal != nil } }
    var commonRefusal: Refusal? {
        guard let refusal = first?.refusal, allSatisfy({ $0.refusal == refusal }) else { return nil }
        return refusal
    }
    var showsWrongConnection: Bool { contains { $0.refusal?.isOfConnection == true } }
}

/// One command; `isTyped` if its reply is to become a type of its own, which `QUEUED` never can.
struct SingleCommand: Request {
    let command: EncodedCommand
    var isTyped = true

    var bytes: [UInt8] { command.bytes }
    var sent: Int { 1 }
    var special: [(position: Int, command: EncodedCommand)] {
        switch command.route {
        case .shared, .bulk, .answered: []
        case .searching, .blocking, .conversation, .refused: [(0, command)]
        }
    }
    var waits: Bool {
        // Nearly none do, and then no times are compared.
        switch command.route {
        case .blocking, .conversation: command.blockingTime != .none
        case .shared, .bulk, .searching, .answered, .refused: false
        }
    }
    var place: String { command.name }
    var label: String { command.label }
    var pipelinedLabel: String? { nil }
    var isUnsent: Bool { if case .answered = command.route { true } else { false } }
    var unsentReplies: RESPValue {
        guard case .answered(let known) = command.route else { return .null }
        return known.reply
    }

    func way() throws(RedisError) -> Way {
        switch command.route {
        case .shared: .lane(.shared)
        case .bulk, .searching: .lane(.bulk)
        case .blocking: .lease
        case .answered: .unsent
        case .conversation: throw .needsConnection(command.name)
        case .refused(let reason): throw RedisError(.commandRefused, reason.description)
        }
    }

    func checkForLease() throws(RedisError) {
        if case .refused(let reason) = command.route { throw RedisError(.commandRefused, reason.description) }
    }

    func typedCommand(isQueueing: Bool) -> String? {
        isTyped && isQueueing && !command.isAnsweredInTransaction ? command.name : nil
    }

    func extending(_ timeout: Timeout) -> Timeout { timeout.adding(command.blockingTime) }

    func brings(_ replies: [RESPValue]) -> Bool { command.brings(replies[0]) }

    @inline(__always)
    func send(over node: Node, on lane: Lane, until deadline: Deadline) async throws(ConnectionFailure) -> RESPValue {
        try await node.send(command.bytes, on: lane, until: deadline)
    }

    func send(
        over connection: AsyncConnection, until deadline: Deadline
    ) async throws(ConnectionFailure) -> RESPValue {
        if case .conversation(1...) = command.route {
            return try await connection.subscribe(command.bytes, until: deadline).get().subscriptionReply
        }
        return try await connection.send(command.bytes, until: deadline).get()
    }

    func send(over connection: BlockingConnection, until deadline: Deadline) throws(ConnectionFailure) -> RESPValue {
        if case .conversation(1...) = command.route {
            return try connection.subscribe(command.bytes, until: deadline).subscriptionReply
        }
        return try connection.send(command.bytes, until: deadline)
    }
}

extension [RESPValue] {
    /// An error, or the confirmations, one a channel.
    fileprivate var subscriptionReply: RESPValue {
        if let error = first(where: { $0.errorMessage != nil }) { return error }
        return .array(self)
    }
}

extension RedisBatch: Request {
    var waits: Bool { special.contains { $0.command.blockingTime != .none } }
    var place: String { "a pipeline" }
    var label: String { "PIPELINE" }
    var pipelinedLabel: String? { EncodedCommand.commonLabel(of: bytes) }
    var isUnsent: Bool { sent == 0 }
    var unsentReplies: [RESPValue] { [] }

    func way() throws(RedisError) -> Way {
        try check(isShared: true)
        if isUnsent { return .unsent }
        return .lane(isLarge ? .bulk : .shared)
    }

    func checkForLease() throws(RedisError) { try check(isShared: false) }

    func typedCommand(isQueueing: Bool) -> String? { typedCommandInTransaction(isQueueing) }

    func extending(_ timeout: Timeout) -> Timeout {
        special.reduce(timeout) { $0.adding($1.command.blockingTime) }
    }

    func brings(_ replies: [RESPValue]) -> Bool {
        special.contains { $0.command.brings(replies[$0.position]) }
    }

    func send(over node: Node, on lane: Lane, until deadline: Deadline) async throws(ConnectionFailure) -> [RESPValue] {
        try await node.sendAll(bytes, count: sent, on: lane, until: deadline)
    }

    func send(
        over connection: AsyncConnection, until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        try await connection.sendAll(bytes, count: sent, until: deadline).get()
    }

    func send(
        over connection: BlockingConnection, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        try connection.sendAll(bytes, count: sent, until: deadline)
    }
}

extension Timeout {
    /// For a command that waits on the server by itself.
    func adding(_ time: BlockingTime) -> Timeout {
        switch time {
        case .none: self
        case .unlimited: Timeout(nil)
        case .upTo(let duration): atLeast(BlockingTime.leastMargin).adding(duration)
        }
    }
}
