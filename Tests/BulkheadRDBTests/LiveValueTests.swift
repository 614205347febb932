import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite("Values that a server dumped", .timeLimit(.minutes(10))) struct LiveValueTests {
    @Test func `what a dump holds is what the server says by commands, in every encoding`() throws {
        try LiveServer.with { live in
            let keys = try live.fill("a:")
            try live.pack()
            try live.fill("b:")
            try live.unpack()
            try live.fill("c:")
            for key in keys {
                let first = try live.dumped("a:" + key)
                for prefix in ["a:", "b:", "c:"] {
                    let dumped = try live.dumped(prefix + key)
                    let told = try live.toldAsDumped(prefix + key, dumped)
                    #expect(dumped.difference(from: told) == nil, "\(prefix + key)")
                    #expect(dumped.difference(from: first) == nil, "\(prefix + key)")
                    #expect(dumped.canonicalDigest == first.canonicalDigest, "\(prefix + key)")
                }
            }
            // The comparison was between encodings that differ.
            for key in ["hash", "scores", "narrow", "wide"] {
                #expect(try live.encoding("a:" + key) != live.encoding("c:" + key), "\(key)")
            }
            #expect(try live.encoding("b:zset") != live.encoding("c:zset"))
        }
    }

    @Test func `after a save and a load everything is equivalent`() throws {
        try LiveServer.with { live in
            let keys = try live.fill("")
            try live.unpack()
            let other = try live.fill("c:").map { "c:" + $0 }
            let before = try (keys + other).map { try live.dumped($0) }
            try live.call("DEBUG", "RELOAD")
            for (key, value) in zip(keys + other, before) {
                #expect(try live.dumped(key).difference(from: value) == nil, "\(key)")
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.identity.flavour == .redis && ServerUnderTest.isAtLeast(redis: 8, 0)))
    func `a restored vector set has other bytes and is equivalent`() throws {
        try LiveServer.with { live in
            try live.fill("")
            for key in ["int8", "noquant", "binary"] {
                let payload = try live.dump(key)
                try live.call("RESTORE", "again", 0, payload.bytes)
                let again = try live.dump("again")
                #expect(payload.bytes != again.bytes)
                #expect(try payload.value().isEquivalent(to: again.value()))
                try live.call("DEL", "again")
            }
            let numbers = (0..<6).map { "\($0)" }
            try live.call("VADD", arguments: ["reduced", "REDUCE", 3, "VALUES", 6] + numbers + ["e0"])
            guard case .vectorSet(let set) = try live.dumped("reduced") else { throw NotExpected(value: "no set") }
            #expect(set.projection?.inputDimension == 6 && set.dimension == 3)
        }
    }

    static let changes: [[any RedisArgument]] = [
        ["APPEND", "string31", "b"], ["SET", "string31", "A"], ["LSET", "list", 7, "x"], ["LPOP", "list"],
        ["RPUSH", "longlist", "x"], ["LSET", "longlist", 1_500, "x"], ["SADD", "set", "x"], ["SREM", "narrow", 1],
        ["SADD", "wide", 99], ["ZINCRBY", "scores", "1e-10", "member4"], ["ZADD", "scores", "inf", "member9"],
        ["ZREM", "zset", ""], ["HSET", "hash", "a", 2], ["HDEL", "hash", "b"], ["HSET", "longhash", "x", 1],
        ["XADD", "stream", "9999-0", "a", "1"], ["XDEL", "stream", "1000-0"], ["XACK", "stream", "group", "1000-0"],
        ["XGROUP", "CREATE", "stream", "new", 0], ["XGROUP", "SETID", "stream", "group", "1000-0"],
        ["XGROUP", "CREATECONSUMER", "stream", "group", "new"], ["XGROUP", "DELCONSUMER", "stream", "group", "c2"],
        ["XGROUP", "DESTROY", "stream", "idle"], ["XSETID", "stream", "99999-0"],
        ["XCLAIM", "stream", "group", "c2", 0, "1000-0", "TIME", LiveServer.delivered + 3, "RETRYCOUNT", 3],
        ["XCLAIM", "stream", "group", "c1", 0, "1000-0", "TIME", LiveServer.delivered + 4, "RETRYCOUNT", 3],
        ["XCLAIM", "stream", "group", "c1", 0, "1000-0", "TIME", LiveServer.delivered + 3, "RETRYCOUNT", 4],
        ["XTRIM", "longstream", "MAXLEN", 14_999],
    ]
    static let changesOfTimes: [[any RedisArgument]] = [
        ["HPEXPIREAT", "times", LiveServer.later, "FIELDS", 1, "b"], ["HPERSIST", "times", "FIELDS", 1, "a"],
        ["HPEXPIREAT", "times", LiveServer.later + 1, "FIELDS", 1, "a"],
        ["HPERSIST", "longtimes", "FIELDS", 1, "field2"],
    ]
    static let changesOfVectors: [[any RedisArgument]] = [
        ["VSETATTR", "int8", "e3", "{}"], ["VREM", "int8", "e3"],
        ["VADD", "int8", "VALUES", 5, 1, 2, 3, 4, 5, "x"],
        ["VADD", "noquant", "VALUES", 5, 1, 2, 3, 4, 5, "e3", "NOQUANT"],
        ["VADD", "binary", "VALUES", 5, 1, 1, 1, -1, -1, "e3", "BIN"],
    ]

    @Test func `every change is seen, and what changes nothing is not`() throws {
        try LiveServer.with { live in
            try live.fill("")
            let changes =
                Self.changes + (live.hasFieldTimes ? Self.changesOfTimes : [])
                + (live.isRedis8 ? Self.changesOfVectors : [])
            for words in changes {
                let name = try #require(words[0] as? String)
                let place = ["XGROUP"].contains(name) ? 2 : 1
                let key = try #require(words[place] as? String)
                let payload = try live.dump(key)
                let before = try payload.value()
                try live.call("RESTORE", "copy", 0, payload.bytes, "REPLACE")
                #expect(try live.dumped("copy").difference(from: before) == nil, "\(words)")
                var changed = words
                changed[place] = "copy"
                try live.call(name, arguments: Array(changed.dropFirst()))
                let after = try live.dumped("copy")
                #expect(after.difference(from: before) != nil && !after.isEquivalent(to: before), "\(words)")
            }
            // A consumer that comes and gets nothing.
            try live.call("XGROUP", "CREATECONSUMER", "stream", "idle", "late")
            let before = try live.dumped("stream")
            try live.call("XREADGROUP", "GROUP", "idle", "late", "STREAMS", "stream", ">")
            #expect(try live.dumped("stream").isEquivalent(to: before))
        }
    }
}

extension LiveServer {
    /// As ``told(_:)``, with what commands do not tell taken from the dump: the entries that groups have read, before
    /// Redis 7.0.
    func toldAsDumped(_ key: String, _ dumped: RDBValue) throws -> RDBValue {
        let told = try told(key)
        guard case .stream(var stream) = told, case .stream(let other) = dumped, !has(redis: 7, 0) else { return told }
        for (place, group) in other.groups.enumerated() where place < stream.groups.count {
            stream.groups[place].entriesRead = group.entriesRead
        }
        return .stream(stream)
    }
}
