import Bulkhead
import BulkheadRESP

/// Any command without a type for its reply.
func raw(_ name: String, _ arguments: any RedisArgument...) -> RedisCommand<RESPValue> {
    .raw(name, arguments)
}

extension RESPValue {
    /// The server's error, if it is one.
    var failure: RedisError? {
        guard let message = errorMessage else { return nil }
        let text = String(decoding: message, as: UTF8.self)
        let word = String(text.prefix { $0 != " " })
        return RedisError(code: RedisError.Code(server: word), message: text, stage: .answered)
    }

    var integer: Int64? {
        if case .integer(let number) = withoutAttributes { number } else { nil }
    }
}

extension RedisError {
    static let strangeReply = RedisError(
        code: .unexpectedReply, message: "the server gave an answer that neither Redis nor Valkey gives",
        stage: .answered)

    /// True if the server would say the same of every key: there is no use in going on.
    var concernsEveryKey: Bool {
        let codes = [
            "OOM", "READONLY", "MISCONF", "NOPERM", "NOAUTH", "LOADING", "BUSY", "NOREPLICAS", "MASTERDOWN",
            "EXECABORT", "CLUSTERDOWN", "MOVED",
        ]
        return codes.contains(code.name)
    }
}

extension RedisConnection {
    /// Watches these keys, and none that were watched before.
    func watch(_ keys: [RESPBytes]) async throws(RedisError) {
        var batch = RedisBatch()
        batch.append(raw("UNWATCH"))
        batch.append(RedisCommand<RESPValue>.raw("WATCH", keys, as: RESPValue.self))
        if let failure = try await pipeline(batch).lazy.compactMap(\.failure).first { throw failure }
    }

    /// Runs the commands in one transaction: their replies, errors among them; nil if a watched key has changed and
    /// nothing was run. Throws what kept the transaction from being run at all.
    func transaction(_ commands: [RedisCommand<RESPValue>]) async throws(RedisError) -> [RESPValue]? {
        var batch = RedisBatch()
        batch.append(raw("MULTI"))
        for command in commands { batch.append(command) }
        batch.append(raw("EXEC"))
        let replies = try await pipeline(batch)
        guard let result = replies.last else { throw .strangeReply }
        if result.failure != nil { throw replies.lazy.compactMap(\.failure).first ?? .strangeReply }
        return result.elements.map { Array($0) }
    }
}
