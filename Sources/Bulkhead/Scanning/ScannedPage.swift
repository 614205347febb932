import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// A page of a blocking scan, and the process that it came from.
///
/// Pages come by any connection of the pool, and those may lead to several processes: behind a name with several
/// addresses, behind a balancer, and for a while behind a name that has moved. So each connection says its own.
struct ScannedPage: Request {
    private let single: SingleCommand
    private let isFirst: Bool

    init(_ command: EncodedCommand, isFirst: Bool) {
        single = SingleCommand(command: command)
        self.isFirst = isFirst
    }

    var bytes: [UInt8] { single.bytes }
    var sent: Int { single.sent }
    var special: [(position: Int, command: EncodedCommand)] { single.special }
    var waits: Bool { single.waits }
    var place: String { single.place }
    var label: String { single.label }
    var pipelinedLabel: String? { nil }
    var isUnsent: Bool { single.isUnsent }
    var unsentReplies: ScannedReply { ScannedReply(page: single.unsentReplies) }

    func way() throws(RedisError) -> Way { try single.way() }
    func checkForLease() throws(RedisError) { try single.checkForLease() }
    func typedCommand(isQueueing: Bool) -> String? { single.typedCommand(isQueueing: isQueueing) }
    func extending(_ timeout: Timeout) -> Timeout { single.extending(timeout) }
    func brings(_ replies: [RESPValue]) -> Bool { single.brings(replies) }

    func send(
        over node: Node, on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> ScannedReply {
        ScannedReply(page: try await single.send(over: node, on: lane, until: deadline))
    }

    func send(
        over connection: AsyncConnection, until deadline: Deadline
    ) async throws(ConnectionFailure) -> ScannedReply {
        ScannedReply(page: try await single.send(over: connection, until: deadline))
    }

    func send(
        over connection: BlockingConnection, until deadline: Deadline
    ) throws(ConnectionFailure) -> ScannedReply {
        let page = try single.send(over: connection, until: deadline)
        // A scan of one page needs no cursor, and so no process.
        if isFirst, page.isLastPage { return ScannedReply(page: page) }
        return ScannedReply(page: page, process: try connection.process(until: deadline))
    }
}

/// What it is answered by.
struct ScannedReply: Replies {
    let page: RESPValue
    /// The `run_id`; nil where it was not asked for, or is not said.
    var process: String?

    init(page: RESPValue, process: String? = nil) {
        self.page = page
        self.process = process
    }

    init(_ replies: [RESPValue]) { self.init(page: replies[0]) }
    var count: Int { 1 }
    func forEachReply(_ body: (RESPValue) -> Void) { body(page) }
    func forEachVerdict(_ body: (RESPValue) -> Void) { body(page) }
    static var verdictsAreServers: Bool { false }
    var firstError: RESPBytes? { page.firstError }
    var mayNotStand: Bool { page.mayNotStand }
    var commonRefusal: Refusal? { page.commonRefusal }
    var showsWrongConnection: Bool { page.showsWrongConnection }
}

extension RESPValue {
    /// True of an error, too.
    fileprivate var isLastPage: Bool {
        guard let cursor = elements?.first?.bytes else { return true }
        return cursor.elementsEqual("0".utf8)
    }
}

extension BlockingConnection {
    /// The `run_id` of the server at its other end, which is asked once.
    fileprivate func process(until deadline: Deadline) throws(ConnectionFailure) -> String? {
        if let known = peerProcess { return known }
        let reply = try send(Self.question, until: deadline)
        let process = (try? RedisInfo(redis: reply))?["run_id"]
        peerProcess = .some(process)
        return process
    }

    private static let question = RedisCommand<RESPValue>.raw("INFO", ["server"]).encoded.bytes
}

extension BlockingRedisExecutor {
    /// A page, with its process where a connection of a pool has brought it.
    func scanned<Element>(
        _ command: RedisCommand<RedisScanPage<Element>>, isFirst: Bool
    ) throws(RedisError) -> (page: RedisScanPage<Element>, process: String?) {
        guard let database = self as? BlockingRedisDatabase, database.binding.topology.cluster == nil else {
            return (try run(command), nil)
        }
        let reply = try database.replies(to: ScannedPage(command.encoded, isFirst: isFirst))
        return (try command.value(of: reply.page, in: name), reply.process)
    }
}
