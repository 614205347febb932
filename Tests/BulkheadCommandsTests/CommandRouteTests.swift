import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct CommandRouteTests {
    /// The route of a command written as one would type it.
    private func route(_ line: String) -> CommandRoute {
        let words = line.split(separator: " ").map { String($0) }
        let command: RedisCommand<RESPValue> = .raw(words.first ?? "", words.dropFirst().map { $0 })
        return command.encoded.route
    }

    private func isRefused(_ line: String) -> Bool {
        if case .refused(let reason) = route(line) { return !reason.description.isEmpty }
        return false
    }

    @Test(arguments: [
        "SELECT 1", "SWAPDB 0 1", "MOVE k 1", "COPY a b DB 1", "COPY a b REPLACE DB 1", "FLUSHALL", "FLUSHALL ASYNC",
        "FLUSHDB", "RESET", "HELLO", "HELLO 3", "AUTH p", "QUIT", "MONITOR", "SYNC", "PSYNC ? -1",
        "REPLCONF ACK 0", "CLIENT REPLY OFF", "SCRIPT DEBUG YES", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE",
    ])
    func `what would break or leave the connection's database is refused, in any case`(line: String) {
        #expect(isRefused(line))
        #expect(isRefused(line.lowercased()))
    }

    @Test func `a command without a name is refused`() {
        let command: RedisCommand<RESPValue> = .raw("", ["SELECT", "1"])
        #expect(command.encoded.route == .refused(reason: "a command needs a name"))
    }

    @Test(arguments: [
        "WAIT 1 0", "WAITAOF 1 1 0",
        "MULTI", "EXEC", "DISCARD", "WATCH k", "UNWATCH", "READONLY", "READWRITE", "ASKING", "CLIENT TRACKING ON",
        "CLIENT CACHING YES", "CLIENT NO-EVICT ON", "CLIENT NO-TOUCH ON", "CLIENT SETNAME n", "client tracking on",
        "CLIENT CAPA redirect", "CLIENT IMPORT-SOURCE ON",
    ])
    func `what changes the connection needs one of its own`(line: String) {
        #expect(route(line) == .conversation(confirmations: 0))
    }

    @Test(arguments: [
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "subscribe",
    ])
    func `a subscription is confirmed once for each name`(name: String) {
        #expect(route("\(name) a") == .conversation(confirmations: 1))
        #expect(route("\(name) a b a") == .conversation(confirmations: 3))
    }

    @Test(arguments: ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "unsubscribe"])
    func `the end of all subscriptions is confirmed at least once`(name: String) {
        #expect(route(name) == .conversation(confirmations: 1))
    }

    @Test(arguments: [
        "BLPOP k 0", "BRPOP k 0", "BLMOVE a b LEFT LEFT 0", "BRPOPLPUSH a b 0", "BLMPOP 0 1 k LEFT", "BZPOPMIN k 0",
        "BZPOPMAX k 0", "BZMPOP 0 1 k MIN", "XREAD BLOCK 0 STREAMS s $",
        "XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >", "XREADGROUP GROUP streams c BLOCK 0 STREAMS s >",
        "xread count 1 block 0 streams s $",
    ])
    func `what waits takes a lease`(line: String) {
        #expect(route(line) == .blocking)
    }

    @Test(arguments: [
        "SCAN 0", "HSCAN k 0", "SSCAN k 0", "ZSCAN k 0", "KEYS *", "MGET a b", "DUMP k", "RESTORE k 0 v", "SORT k",
        "SORT_RO k", "HGETALL k", "HKEYS k", "HVALS k", "SMEMBERS k", "SINTER a b", "SUNION a b", "SDIFF a b",
        "LRANGE k 0 -1", "XRANGE k - +", "XREVRANGE k + -", "ZRANGE k 0 -1", "ZRANGEBYSCORE k 0 1",
        "ZRANGEBYLEX k - +", "ZREVRANGE k 0 -1", "ZREVRANGEBYSCORE k 1 0", "ZREVRANGEBYLEX k + -", "ZINTER 1 k",
        "ZUNION 1 k", "ZDIFF 1 k", "MEMORY USAGE k", "DEBUG SLEEP 0", "XREAD STREAMS s 0",
        "XREADGROUP GROUP g c STREAMS s >", "XREADGROUP GROUP block block STREAMS s >", "hgetall k",
    ])
    func `what is slow or large takes the bulk lane`(line: String) {
        #expect(route(line) == .bulk)
    }

    @Test(arguments: [
        "GET k", "SET k v", "COPY a b", "copy a b replace", "CLIENT ID", "CLIENT", "OBJECT ENCODING k", "NOSUCH",
    ])
    func `all else is shared`(line: String) {
        #expect(route(line) == .shared)
    }

    @Test func `keys that are called like options do not change the way`() {
        #expect(route("COPY a db") == .shared)
        #expect(route("COPY DB a") == .shared)
        #expect(route("XREAD STREAMS block 0") == .bulk)
        #expect(route("GET SELECT") == .shared)
    }

    @Test func `arguments that are not text do not hide a name`() {
        let command: RedisCommand<RESPValue> = .raw("SELECT", [[0xff, 0xfe] as [UInt8]])
        #expect(command.encoded.route == route("SELECT 1"))
    }

    @Test func `a raw command keeps its words, and its name in upper case for messages`() throws {
        let command: RedisCommand<String> = .raw("object", ["ENCODING", [1] as [UInt8]], as: String.self)
        #expect(command.name == "OBJECT")
        #expect(words(command) == ["object", "ENCODING", "\u{1}"])
        #expect(try reply(.bulk("embstr"), to: command) == "embstr")
        let untyped: RedisCommand<RESPValue> = .raw("PING", [])
        #expect(try reply(.simple("PONG"), to: untyped) == .simple("PONG"))
    }

    @Test func `a command takes the way that its words would take by hand`() {
        expectSameRoute(.get("k"), .set("k", "v"), .mget("a"), .mset(pairs: ["k": 1]), .append("k", "v"))
        expectSameRoute(.del("k"), .unlink("k"), .ttl("k"), .type("k"), .rename("a", to: "b"), .randomkey())
        expectSameRoute(.copy("a", to: "db", replace: true), .expire("k", after: .seconds(1)))
        expectSameRoute(.hset("k", pairs: ["f": 1]), .hget("k", "f"), .hmget("k", "f"), .hgetall("k"), .hkeys("k"))
        expectSameRoute(.lpush("k", "v"), .lpop("k"), .blpop("k", timeout: .zero), .brpop("k", timeout: .zero))
        expectSameRoute(.lrange("k", from: 0, through: 1), .lmove(from: "a", .left, to: "b", .right), .hvals("k"))
        expectSameRoute(.sadd("k", "m"), .smembers("k"), .sinter("k"), .sunion("k"), .sdiff("k"), .spop("k"))
        expectSameRoute(
            .zadd("k", pairs: ["m": 1]), .zrange("k", from: 0, through: 1),
            .zrange("k", from: 0, through: 1, reversed: true))
        expectSameRoute(.zcard("k"), .zscore("k", "m"), .zcount("k", from: .unbounded, to: .unbounded))
        expectSameRoute(
            .zrangeWithScores("k", from: 0, through: 1), .zrangebyscore("k", from: .unbounded, to: .unbounded))
        expectSameRoute(.xadd("k", pairs: ["f": 1]), .xrange("k"), .xrevrange("k"), .xtrim("k", .maximumLength(1)))
        expectSameRoute(.scanPage(.start), .hscanPage("k", .start), .sscanPage("k", .start), .zscanPage("k", .start))
        expectSameRoute(.ping(), .echo("m"), .info(), .dbsize())
    }

    private func expectSameRoute<each Reply>(
        _ commands: repeat RedisCommand<each Reply>, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for command in repeat each commands {
            let words = words(command)
            #expect(command.name == words[0], sourceLocation: sourceLocation)
            let sameByHand = route(words.joined(separator: " "))
            #expect(command.encoded.route == sameByHand, "\(words)", sourceLocation: sourceLocation)
        }
    }
}
