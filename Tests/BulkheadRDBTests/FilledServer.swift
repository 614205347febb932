import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// A server with something of everything it can hold, in several databases.
enum FilledServer {
    /// Keys of the databases 0, 2 and 5: every type and encoding, the same ones but for a prefix.
    static func fill(_ talk: Conversation) throws {
        for database in [0, 2, 5] {
            try talk.say("SELECT \(database)")
            try fillStrings(talk, "db\(database):")
            try fillCollections(talk, "db\(database):")
            try fillStreams(talk, "db\(database):")
        }
        try talk.say("SELECT 0")
        if ServerUnderTest.isAtLeast(redis: 7, 0) {
            try talk.say(
                [
                    "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)\n",
                ].map { Array($0.utf8) })
        }
    }

    private static func fillStrings(_ talk: Conversation, _ prefix: String) throws {
        try talk.say("SET \(prefix)string hello")
        for number in [0, 7, -7, 300, -300, 70_000, -70_000, 5_000_000_000] {
            try talk.say("SET \(prefix)int:\(number) \(number)")
        }
        try talk.say("SET \(number(prefix)) v")
        try talk.say("SET \(prefix)lzf \(String(repeating: "abcdefgh", count: 500))")
        try talk.say("SET \(prefix)\(String(repeating: "longkey", count: 40)) compressed")
        try talk.say([Array("SET".utf8), Array(prefix.utf8) + [0, 13, 10, 255], (0...255).map { UInt8($0) }])
        let noise = (0..<100_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 2_654_435_761) >> 13) }
        try talk.say([Array("SET".utf8), Array("\(prefix)noise".utf8), noise])
        try talk.say("SET \(prefix)expires v PX 86400000")
        try talk.say("PEXPIREAT \(prefix)int:7 4102444800123")
        for index in 0..<300 { try talk.say("SET \(prefix)key:\(index) value:\(index) EX \(1_000 + index)") }
    }

    /// A key that is a number, which servers write as one.
    private static func number(_ prefix: String) -> String {
        String(prefix.utf8.reduce(0) { $0 &* 31 &+ Int($1) } % 1_000)
    }

    private static func fillCollections(_ talk: Conversation, _ prefix: String) throws {
        let long = String(repeating: "x", count: 100)
        try talk.say("RPUSH \(prefix)list:small a 1 -5000 \(long)")
        for index in 0..<2_000 { try talk.say("RPUSH \(prefix)list:large element:\(index)") }
        try talk.say([Array("RPUSH".utf8), Array("\(prefix)list:plain".utf8), Array(repeating: 9, count: 20_000)])
        try talk.say("SADD \(prefix)set:ints 1 2 300 -70000 5000000000")
        try talk.say("SADD \(prefix)set:small a b \(long)")
        for index in 0..<600 { try talk.say("SADD \(prefix)set:large member:\(index)") }
        try talk.say("HSET \(prefix)hash:small f v g 1")
        for index in 0..<600 { try talk.say("HSET \(prefix)hash:large field:\(index) \(index)") }
        try talk.say("ZADD \(prefix)zset:small 1.5 a -inf b inf c")
        for index in 0..<300 { try talk.say("ZADD \(prefix)zset:large \(index).25 member:\(index)") }
        try talk.say("PFADD \(prefix)hll a b c")
        try talk.say("GEOADD \(prefix)geo 13.361389 38.115556 Palermo")
        if hasFieldExpiry {
            try talk.say("HSET \(prefix)hash:ttl f v g w")
            try talk.say("HEXPIRE \(prefix)hash:ttl 5000 FIELDS 1 f")
            for index in 0..<600 { try talk.say("HSET \(prefix)hash:large:ttl field:\(index) \(index)") }
            try talk.say("HPEXPIRE \(prefix)hash:large:ttl 5000000 FIELDS 2 field:1 field:77")
        }
        if hasVectorSets {
            for index in 0..<20 { try talk.say("VADD \(prefix)vectors VALUES 3 0.\(index) 0.5 -1 element:\(index)") }
        }
    }

    private static func fillStreams(_ talk: Conversation, _ prefix: String) throws {
        let stream = "\(prefix)stream"
        for index in 1...500 { try talk.say("XADD \(stream) \(index)-1 field \(index) other value") }
        try talk.say("XADD \(stream) 600-0 different \(String(repeating: "y", count: 200))")
        try talk.say("XDEL \(stream) 4-1 5-1")
        try talk.say("XGROUP CREATE \(stream) workers 0")
        try talk.say("XGROUP CREATE \(stream) nobody $")
        try talk.say("XREADGROUP GROUP workers alice COUNT 70 STREAMS \(stream) >")
        try talk.say("XREADGROUP GROUP workers bob COUNT 5 STREAMS \(stream) >")
        try talk.say("XACK \(stream) workers 1-1 2-1")
        try talk.say("XGROUP CREATE \(prefix)stream:empty group $ MKSTREAM")
    }

    static let hasVectorSets = ServerUnderTest.identity.flavour == .redis && ServerUnderTest.isAtLeast(redis: 8, 0)
    static let hasFieldExpiry =
        ServerUnderTest.identity.flavour == .redis
        ? ServerUnderTest.isAtLeast(redis: 7, 4) : ServerUnderTest.isAtLeast(valkey: 9, 0)

    /// The snapshot that the server writes.
    static func save(_ server: RedisTestServer, _ talk: Conversation) throws -> [UInt8] {
        try talk.say("SAVE")
        return Array(try Data(contentsOf: URL(fileURLWithPath: server.folder + "/dump.rdb")))
    }
}
