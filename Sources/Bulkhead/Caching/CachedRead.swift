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
