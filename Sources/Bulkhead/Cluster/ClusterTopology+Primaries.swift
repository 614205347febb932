import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// Questions that each server answers for itself, such as for a setting.

extension ClusterTopology {
    /// The replies of all primaries to one command.
    fileprivate func everyReply(
        to command: [UInt8], until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        try await findMap(until: deadline)
        var replies: [RESPValue] = []
        for target in try primaries() ?? [] {
            replies.append(try await target.node.send(command, on: .shared, until: deadline))
        }
        return replies
    }

    /// The same on the caller's thread.
    fileprivate func everyReplyBlocking(
        to command: [UInt8], until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        try findMap(until: deadline)
        var replies: [RESPValue] = []
        for target in try primaries() ?? [] {
            replies += try target.node.blocking.exchange(command, count: 1, until: deadline)
        }
        return replies
    }
}

extension RedisDatabase {
    /// The answers of all primaries, where the name lives in a cluster, and that of its server elsewhere.
    func everyPrimary<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> [Reply] {
        guard let cluster = binding.topology.cluster else { return [try await run(command)] }
        let replies: [RESPValue]
        do {
            replies = try await cluster.everyReply(to: command.encoded.bytes, until: Deadline(after: timeout))
        } catch {
            throw RedisError(error).at(name, command.name)
        }
        return try command.values(of: replies, in: name)
    }
}

extension BlockingRedisDatabase {
    /// The same on the caller's thread.
    func everyPrimary<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> [Reply] {
        guard let cluster = binding.topology.cluster else { return [try run(command)] }
        let replies: [RESPValue]
        do {
            replies = try cluster.everyReplyBlocking(to: command.encoded.bytes, until: Deadline(after: timeout))
        } catch {
            throw RedisError(error).at(name, command.name)
        }
        return try command.values(of: replies, in: name)
    }
}

extension RedisCommand {
    fileprivate func values(of replies: [RESPValue], in database: DatabaseName) throws(RedisError) -> [Reply] {
        var values: [Reply] = []
        for reply in replies { values.append(try value(of: reply, in: database)) }
        return values
    }
}

extension Topology {
    /// Nil of a name that lives elsewhere.
    var cluster: ClusterTopology? { if case .cluster(let topology) = self { topology } else { nil } }
}
