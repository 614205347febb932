import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// The commands of a transaction, sent as MULTI, the commands and EXEC in one write.
///
/// It takes a connection of its own. If MULTI were accepted and EXEC refused, the server would go on queueing: such a
/// connection is closed, which a shared one could not be without failing the calls of others.
struct TransactionRequest: Request {
    let batch: RedisBatch
    /// MULTI, the commands, EXEC.
    private let framed: [UInt8]

    private static let begin = RedisCommand<RESPValue>.raw("MULTI", []).encoded
    private static let end = RedisCommand<RESPValue>.raw("EXEC", []).encoded

    init(_ batch: RedisBatch) {
        self.batch = batch
        framed = Self.begin.bytes + batch.bytes + Self.end.bytes
    }

    /// Those of the commands alone: they decide whether the transaction may be sent again.
    var bytes: [UInt8] { batch.bytes }
    var sent: Int { batch.sent + 2 }
    var special: [(position: Int, command: EncodedCommand)] {
        // Those of the batch that may be there are the searching ones.
        [(0, Self.begin)] + batch.special.map { ($0.position + 1, $0.command) } + [(sent - 1, Self.end)]
    }
    var waits: Bool { false }
    var place: String { "a transaction" }
    var label: String { "MULTI" }
    var pipelinedLabel: String? { nil }
    /// What proves that transactions are permitted is empty, and is sent.
    var isUnsent: Bool { batch.count > 0 && batch.isUnsent }
    var unsentReplies: TransactionReplies { TransactionReplies([]) }

    func way() throws(RedisError) -> Way {
        try batch.checkForTransaction()
        return isUnsent ? .unsent : .lease
    }

    func checkForLease() throws(RedisError) { try batch.checkForTransaction() }

    /// One within another would end the other.
    func typedCommand(isQueueing: Bool) -> String? { isQueueing ? "MULTI" : nil }

    func extending(_ timeout: Timeout) -> Timeout { timeout }

    func brings(_ replies: [RESPValue]) -> Bool { false }

    func send(
        over node: Node, on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> TransactionReplies {
        TransactionReplies(try await node.sendAll(framed, count: sent, on: lane, until: deadline))
    }

    func send(
        over connection: AsyncConnection, until deadline: Deadline
    ) async throws(ConnectionFailure) -> TransactionReplies {
        TransactionReplies(try await connection.sendAll(framed, count: sent, until: deadline).get())
    }

    func send(
        over connection: BlockingConnection, until deadline: Deadline
    ) throws(ConnectionFailure) -> TransactionReplies {
        TransactionReplies(try connection.sendAll(framed, count: sent, until: deadline))
    }
}

extension TransactionRequest {
    /// The replies to the commands, errors of single ones among them; nil if a watched key had changed.
    ///
    /// Throws if the server ran none of them, or did not run them atomically.
    func results(_ received: TransactionReplies) throws(RedisError) -> [RESPValue]? {
        if isUnsent { return batch.replies(with: []) }
        if let message = received.begin.errorMessage { throw notBegun(message, received) }
        if let (position, message) = received.firstRefused { throw refusedWhenQueued(position, message) }
        switch received.end.withoutAttributes {
        case .null: return nil
        case .array(let results) where results.count == batch.sent: return batch.replies(with: Array(results))
        case let end:
            if let message = end.errorMessage {
                throw RedisError(server: message).inTransaction("the server ran none of its commands", of: "EXEC")
            }
            throw RedisError(
                .unexpectedReply, "EXEC did not answer with one reply for each command", command: "EXEC",
                stage: .answered)
        }
    }

    /// MULTI was refused, so nothing bound the commands together.
    private func notBegun(_ message: RESPBytes, _ received: TransactionReplies) -> RedisError {
        let consequence =
            batch.sent == 0 || received.areAllErrors
            ? "no transaction was begun, and none of its commands ran"
            : "no transaction was begun, so the commands that the server did not refuse ran one by one"
        return RedisError(server: message).inTransaction(consequence, of: "MULTI")
    }

    private func refusedWhenQueued(_ position: Int, _ message: RESPBytes) -> RedisError {
        RedisError(
            .transactionAborted,
            "the server refused command \(position + 1) of \(batch.sent) when it was queued, and so ran none of them: "
                + RedisError(server: message).message,
            command: name(at: position), stage: .answered)
    }

    /// The word of a command, by its place among those that are sent.
    private func name(at position: Int) -> String {
        var commands = EncodedCommands(batch.bytes)
        for _ in 0..<position { _ = commands.next() }
        return commands.next()?.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
    }
}

extension RedisTransaction {
    /// True if something is sent, and may be.
    var isSent: Bool { batch.sent > 0 && (try? batch.checkForTransaction()) != nil }
}

extension RedisError {
    fileprivate func inTransaction(_ consequence: String, of command: String) -> RedisError {
        RedisError(code, "\(consequence): \(message)", command: command, stage: stage)
    }
}

extension RedisBatch {
    /// Throws if one of the commands cannot stand in a transaction.
    fileprivate func checkForTransaction() throws(RedisError) {
        guard let command = special.first(where: { $0.command.route != .searching })?.command else { return }
        let reason =
            switch command.route {
            case .blocking: "in a transaction it cannot wait: use the form that does not block"
            case .conversation(confirmations: 1...): "a subscription cannot stand in a transaction"
            case .conversation:
                "it cannot stand in a transaction, which sends MULTI and EXEC by itself; "
                    + "keys are watched by transaction(watching:)"
            case .refused(let reason): reason.description
            case .shared, .bulk, .searching, .answered: "it cannot stand in a transaction"
            }
        throw RedisError(.commandRefused, reason, command: command.name)
    }
}
