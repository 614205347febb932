import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What of a search module a FLUSHDB would take along: RediSearch drops every index of its server, whichever number is
/// flushed (seen with 2.10.5 on Redis 7.4.1 and 8.2.3).
package enum SearchIndexes: Sendable, Hashable {
    /// There is no such module, or it has no index.
    case none
    case named([String])
    /// There is such a module, and this user may not ask for its indexes.
    case hidden

    /// First, as it is no error on a server without the module: whether there is FT._LIST at all.
    fileprivate static let question = RedisCommand<RESPValue>.raw("COMMAND", ["INFO", "FT._LIST"])
    fileprivate static let list = RedisCommand<RESPValue>.raw("FT._LIST", [])

    /// False if `answer`, to the first question, settles it. A user who may not ask it gets the answer from the
    /// second: a server looks for a command before it looks at rights.
    static func needsList(after answer: Result<RESPValue, RedisError>) throws(RedisError) -> Bool {
        switch answer {
        case .success(let commands):
            // Null in RESP3 and 7.0; an empty list in some versions of RESP2.
            commands.elements?.allSatisfy { $0 == .null || $0.elements?.isEmpty == true } != true
        case .failure(let error) where error.stage == .answered: true
        case .failure(let error): throw error
        }
    }

    /// What `answer` means, to FT._LIST.
    init(list answer: Result<RESPValue, RedisError>) throws(RedisError) {
        switch answer {
        case .success(let names):
            let names = (names.elements ?? []).map { String(decoding: $0.bytes ?? [], as: UTF8.self) }
            self = names.isEmpty ? .none : .named(names)
        case .failure(let error) where error.code == .serverError: self = .none
        case .failure(let error) where error.code == .noPermission: self = .hidden
        case .failure(let error): throw error
        }
    }
}

extension RedisDatabase {
    /// Asks the server of this database; one round trip, and another where there is such a module.
    package func searchIndexes() async throws(RedisError) -> SearchIndexes {
        let deadline = Deadline(after: timeout)
        guard try SearchIndexes.needsList(after: await outcome(of: SearchIndexes.question)) else { return .none }
        return try SearchIndexes(list: await until(deadline).outcome(of: SearchIndexes.list))
    }

    private func outcome(of command: RedisCommand<RESPValue>) async -> Result<RESPValue, RedisError> {
        do {
            return .success(try await run(command))
        } catch {
            return .failure(error)
        }
    }
}

extension BlockingRedisDatabase {
    /// The same.
    func searchIndexes() throws(RedisError) -> SearchIndexes {
        let deadline = Deadline(after: timeout)
        guard try SearchIndexes.needsList(after: outcome(of: SearchIndexes.question)) else { return .none }
        return try SearchIndexes(list: until(deadline).outcome(of: SearchIndexes.list))
    }

    private func outcome(of command: RedisCommand<RESPValue>) -> Result<RESPValue, RedisError> {
        Result { () throws(RedisError) in try run(command) }
    }
}
