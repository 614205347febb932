import RESP

/// The way a command takes through the client.
///
/// | Route | Commands |
/// |---|---|
/// | shared | all that is not named below |
/// | bulk | SCAN family, KEYS, DUMP, RESTORE, SORT, MGET, whole hashes, sets and ranges, XREAD |
/// | blocking: a lease of its own | BLPOP and its kin, XREAD and XREADGROUP with BLOCK |
/// | conversation: only inside `withConnection` | MULTI, WATCH, SUBSCRIBE and kin, CLIENT TRACKING, READONLY, WAIT … |
/// | refused: another database | SELECT, SWAPDB, MOVE, COPY … DB, FLUSHALL; FLUSHDB has a function of its own |
/// | refused: the end of replies | RESET, QUIT, MONITOR, CLIENT REPLY, SCRIPT DEBUG, HELLO, AUTH, SYNC |
public enum CommandRoute: Sendable, Hashable {
    /// The lane that all callers share.
    case shared
    /// The second shared lane, for what is slow or large.
    case bulk
    /// A leased connection for as long as the command waits.
    case blocking
    /// Several commands that need one connection; SUBSCRIBE and its kin answer by confirmations.
    case conversation(confirmations: Int)
    /// Never sent; the reason says what to do instead.
    case refused(reason: String)
}

extension CommandRoute {
    /// The route of a command written by hand, read from its own bytes.
    init(rawCommand bytes: [UInt8]) {
        var decoder = RESPDecoder()
        decoder.feed(bytes)
        let command = try? decoder.next()
        let words = (command?.elements ?? []).map { String(decoding: $0.bytes ?? RESPBytes(), as: UTF8.self) }
        self.init(words: words.map { $0.uppercased() })
    }

    /// The table; `words` are in upper case, the command's name first.
    init(words: [String]) {
        let name = words.first ?? ""
        let second = words.count > 1 ? words[1] : ""
        switch name {
        case "":
            self = .refused(reason: "a command needs a name")
        case "SELECT":
            self = .refused(reason: "a connection serves one database: take another name, databases[.other]")
        case "SWAPDB":
            self = .refused(reason: "it would exchange the content of two names under everyone's feet")
        case "MOVE":
            self = .refused(reason: "it reaches into another database")
        case "COPY" where words.dropFirst(3).contains("DB"):
            self = .refused(reason: "COPY with DB reaches into another database")
        case _ where name == "FLUSHALL" || (name == "DEBUG" && second == "FLUSHALL"):
            self = .refused(reason: "it empties every database: use flushdb() on the one you mean")
        case "FLUSHDB":
            self = .refused(reason: "use flushdb(), which asks the catalogue whether this database may be flushed")
        case "RESET", "HELLO", "AUTH":
            self = .refused(reason: "the handshake has done it: set login and protocol in the configuration")
        case "QUIT":
            self = .refused(reason: "close the databases instead")
        case "MONITOR", "SYNC", "PSYNC", "REPLCONF":
            self = .refused(reason: "it turns the connection into a stream that answers no command")
        case "CLIENT" where second == "REPLY":
            self = .refused(reason: "without replies no request would ever be answered")
        case "SCRIPT" where second == "DEBUG":
            self = .refused(reason: "a script under the debugger takes the connection over")
        case "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "READONLY", "READWRITE", "ASKING",
            "WAIT", "WAITAOF":
            self = .conversation(confirmations: 0)
        case "CLIENT" where ["TRACKING", "CACHING", "NO-EVICT", "NO-TOUCH", "SETNAME"].contains(second):
            self = .conversation(confirmations: 0)
        case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
            self = words.count > 1
                ? .conversation(confirmations: words.count - 1)
                : .refused(reason: "name the channels; without names the number of replies is unknown")
        case "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP":
            self = .blocking
        case "XREAD", "XREADGROUP":
            // Streams may be called BLOCK.
            self = words.prefix { $0 != "STREAMS" }.contains("BLOCK") ? .blocking : .bulk
        case "SCAN", "HSCAN", "SSCAN", "ZSCAN", "KEYS", "MGET", "DUMP", "RESTORE", "SORT", "SORT_RO", "HGETALL",
            "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "LRANGE", "XRANGE", "XREVRANGE", "ZRANGE",
            "ZRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGE", "ZREVRANGEBYSCORE", "ZREVRANGEBYLEX", "ZINTER", "ZUNION",
            "ZDIFF", "MEMORY", "DEBUG":
            self = .bulk
        default:
            self = .shared
        }
    }
}
