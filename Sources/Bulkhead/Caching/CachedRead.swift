import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// A read that a cache can keep: a command whose reply depends on one key alone.
struct CachedRead {
    let command: EncodedCommand
    let key: RESPBytes

    /// Throws `command-refused` for any other command; nil for one that is answered without the server.
    init?(_ command: EncodedCommand) throws(RedisError) {
        switch command.route {
        case .answered: return nil
        case .refused(let reason): throw RedisError(.commandRefused, reason.description)
        case .shared, .bulk, .searching, .blocking, .conversation: break
        }
        let keys = command.keys
        guard command.entry?.isCacheable == true, let key = keys.first, keys.count == 1 else {
            throw RedisError(
                .commandRefused,
                "a cache keeps only what a command reads about one key, and whose reply depends on nothing else; send "
                    + "this one to the database itself")
        }
        self.command = command
        self.key = RESPBytes(key)
    }
}

extension DatabaseBinding {
    /// What a cache asks for; nil where the command is not for a cache. Throws where it may not be sent.
    func cachedRead(_ command: EncodedCommand) throws(RedisError) -> CachedRead? {
        do throws(RedisError) {
            return try CachedRead(command)
        } catch {
            throw monitor.refused(SingleCommand(command: command), error).at(entry.name, command.name)
        }
    }

    /// The reply that a cache has or got; nil where the ordinary way is to be asked.
    func reply(
        to command: EncodedCommand, by reading: TrackedCache.Reading, since start: Moment
    ) throws(RedisError) -> RESPValue? {
        switch reading {
        case .reply(let reply, let isSent):
            // The server would answer so on other connections too, or not: the ordinary way knows what to do.
            if reply.mayNotStand { return nil }
            if isSent { monitor.answered(SingleCommand(command: command), reply, since: start) }
            return reply
        case .passed: return nil
        case .failed(let failure):
            throw monitor.failed(SingleCommand(command: command), failure, since: start).at(entry.name, command.name)
        }
    }
}
