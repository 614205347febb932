import Bulkhead
import BulkheadRESP

extension ToolPermissions {
    /// Asks the server about each command; nil where it does not let itself be asked at all.
    ///
    /// By ACL DRYRUN (from 7.0 on) if this user may. Else each command is queued in a transaction that is discarded:
    /// a server looks at rights before it queues, and runs nothing.
    static func ask(_ database: RedisDatabase, inCluster: Bool = false) async throws(RedisError) -> ToolPermissions? {
        var user: String?
        var refusal: RedisError?
        do throws(RedisError) {
            user = try await database.send("ACL", "WHOAMI", as: String.self)
        } catch {
            refusal = error
        }
        var permissions = ToolPermissions(user: user ?? unnamed, deniedCommands: [])
        permissions.namelessness = refusal
        permissions.isInCluster = inCluster
        if let user, try await permissions.ask(by: user, database) { return permissions }
        do {
            return try await database.withConnection { connection in
                try await permissions.ask(in: connection) ? permissions : nil
            }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(code: .unexpectedReply, message: "\(error)", stage: .answered)
        }
    }

    /// Commands that a server may lack because it is old, or has no such module.
    private static let optional: Set = ["PEXPIRETIME", "FUNCTION", "FT._LIST", "COPY", "CLUSTER GETSLOTMIGRATIONS"]
    /// A key as those of a move's notes.
    private static let note = Call("GET", String(decoding: HandoverNotes.prefix, as: UTF8.self) + "doctor")

    private var calls: [Call] { needs.flatMap(\.calls) }

    /// False if ACL DRYRUN is not to be had.
    private mutating func ask(by user: String, _ database: RedisDatabase) async throws(RedisError) -> Bool {
        let calls = calls + [Self.note]
        let answers = try await database.pipeline(
            calls.map { .raw("ACL", ["DRYRUN", user, $0.name] + $0.arguments, as: String.self) })
        guard answers.contains(where: { (try? $0.get()) != nil }) else { return false }
        for (index, (call, answer)) in zip(calls, answers).enumerated() {
            switch answer {
            case .success("OK"): continue
            case .success(let text): take(call, text, isNote: index == calls.count - 1)
            case .failure(let error) where error.message.contains("not found"): miss(call)
            case .failure: continue
            }
        }
        return true
    }

    /// False if the server does not queue anything for this user.
    private mutating func ask(in connection: RedisConnection) async throws(RedisError) -> Bool {
        var open = RedisBatch()
        open.append(raw("MULTI"))
        // Alone: if it is refused, what follows would be run.
        if let refusal = try await connection.pipeline(open).first?.failure {
            guard refusal.isOfOneCommand else { return false }
            take(Call("MULTI"), refusal)
            knowsAll = false
            return true
        }
        let calls = calls.filter { !Self.outside.contains($0.name) } + [Self.note]
        var queued = RedisBatch()
        for call in calls { queued.append(RedisCommand<RESPValue>.reaching(call.name, call.arguments)) }
        queued.append(raw("DISCARD"))
        let replies = try await connection.pipeline(queued)
        for (index, (call, reply)) in zip(calls, replies).enumerated() {
            if let refusal = reply.failure { take(call, refusal, isNote: index == calls.count - 1) }
        }
        // SYNC cannot be queued, but whether there is one is no secret.
        let infos = try? await connection.send("COMMAND", "INFO", "SYNC").elements
        if infos?.allSatisfy({ $0 == .null || $0.elements?.isEmpty == true }) == true { miss(Call("SYNC")) }
        var direct = RedisBatch()
        for word in ["MULTI", "EXEC"] { direct.append(raw(word)) }
        direct.append(raw("WATCH", "bulkhead:doctor"))
        direct.append(raw("UNWATCH"))
        for (name, reply) in zip(["MULTI", "EXEC", "WATCH", "UNWATCH"], try await connection.pipeline(direct)) {
            if let refusal = reply.failure { take(Call(name), refusal) }
        }
        return true
    }

    /// What is no part of a transaction. SYNC cannot be tried at all; whoever may not say REPLCONF may not say it.
    private static let outside: Set = ["MULTI", "EXEC", "WATCH", "UNWATCH", "SYNC"]

    private mutating func take(_ call: Call, _ refusal: RedisError, isNote: Bool = false) {
        if refusal.isUnknownCommand {
            miss(call)
        } else if refusal.code == .noPermission {
            take(call, refusal.message, isNote: isNote)
        }
    }

    /// Takes what the server says of a denial: of the command, or of the key alone.
    private mutating func take(_ call: Call, _ text: String, isNote: Bool) {
        if text.contains("to run") {
            deniedCommands.insert(call.title)
        } else if isNote {
            deniesNotes = true
        } else {
            hasKeyLimits = true
        }
    }

    private mutating func miss(_ call: Call) {
        let isOptional = Self.optional.contains(call.name) || Self.optional.contains(call.title)
        if !isOptional { missingCommands.insert(call.title) }
    }
}
