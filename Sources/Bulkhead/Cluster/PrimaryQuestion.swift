import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// A command that each server answers for itself, such as a question for a setting: in a cluster it goes to every
/// primary, or to the primary of a slot, and each reply is kept.
///
/// It runs as every other request does: a server that fails has the map asked for, and the question is sent again.
struct PrimaryQuestion: Request {
    private let single: SingleCommand
    /// Whose primary is asked; nil for all of them.
    private let slot: HashSlot?

    init(_ command: EncodedCommand, of slot: HashSlot?) {
        single = SingleCommand(command: command)
        self.slot = slot
    }

    var clusterPlan: ClusterPlan { slot.map(ClusterPlan.whole) ?? .everywhere(.inPlaces) }

    var bytes: [UInt8] { single.bytes }
    var sent: Int { single.sent }
    var special: [(position: Int, command: EncodedCommand)] { single.special }
    var waits: Bool { single.waits }
    var place: String { single.place }
    var label: String { single.label }
    var pipelinedLabel: String? { nil }
    var isUnsent: Bool { single.isUnsent }
    var unsentReplies: [RESPValue] { [single.unsentReplies] }

    func way() throws(RedisError) -> Way { try single.way() }
    func checkForLease() throws(RedisError) { try single.checkForLease() }
    func typedCommand(isQueueing: Bool) -> String? { single.typedCommand(isQueueing: isQueueing) }
    func extending(_ timeout: Timeout) -> Timeout { single.extending(timeout) }
    func brings(_ replies: [RESPValue]) -> Bool { single.brings(replies) }

    func send(over node: Node, on lane: Lane, until deadline: Deadline) async throws(ConnectionFailure) -> [RESPValue] {
        [try await single.send(over: node, on: lane, until: deadline)]
    }

    func send(
        over connection: AsyncConnection, until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        [try await single.send(over: connection, until: deadline)]
    }

    func send(
        over connection: BlockingConnection, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        [try single.send(over: connection, until: deadline)]
    }
}

extension RedisDatabase {
    /// The answers of all primaries, or of a slot's, where the name lives in a cluster; that of its server elsewhere.
    func everyPrimary<Reply>(
        _ command: RedisCommand<Reply>, of slot: HashSlot? = nil
    ) async throws(RedisError) -> [Reply] {
        try command.values(of: try await replies(to: PrimaryQuestion(command.encoded, of: slot)), in: name)
    }
}

extension BlockingRedisDatabase {
    /// The same on the caller's thread.
    func everyPrimary<Reply>(_ command: RedisCommand<Reply>, of slot: HashSlot? = nil) throws(RedisError) -> [Reply] {
        try command.values(of: try replies(to: PrimaryQuestion(command.encoded, of: slot)), in: name)
    }
}

extension RedisCommand {
    fileprivate func values(of replies: [RESPValue], in database: DatabaseName) throws(RedisError) -> [Reply] {
        var values: [Reply] = []
        for reply in replies { values.append(try value(of: reply, in: database)) }
        return values
    }
}
