import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct SetCommandTests {
    @Test func `members come one by one or in an array`() {
        #expect(words(.sadd("s", "a", "b")) == ["SADD", "s", "a", "b"])
        #expect(words(.sadd("s", ["a", "b"])) == ["SADD", "s", "a", "b"])
        #expect(words(.srem("s", "a")) == ["SREM", "s", "a"])
        #expect(words(.srem("s", ["a", "b"])) == ["SREM", "s", "a", "b"])
        #expect(words(.smismember("s", "a", "b")) == ["SMISMEMBER", "s", "a", "b"])
        #expect(words(.smismember("s", ["a", "b"])) == ["SMISMEMBER", "s", "a", "b"])
    }

    @Test func `sets are asked, counted and drawn from`() throws {
        #expect(words(.sismember("s", "a")) == ["SISMEMBER", "s", "a"])
        #expect(words(.scard("s")) == ["SCARD", "s"])
        #expect(words(.spop("s")) == ["SPOP", "s"])
        #expect(words(.srandmember("s")) == ["SRANDMEMBER", "s"])
        #expect(try reply(.array([.integer(1), .integer(0)]), to: .smismember("s", "a", "b")) == [true, false])
        #expect(try reply(.null, to: .spop("s", as: Int.self)) == nil)
    }

    @Test func `sets are combined by the names of several`() {
        #expect(words(.sinter("a", "b")) == ["SINTER", "a", "b"])
        #expect(words(.sinter(["a", "b"])) == ["SINTER", "a", "b"])
        #expect(words(.sunion("a", "b")) == ["SUNION", "a", "b"])
        #expect(words(.sunion(["a", "b"], as: Int.self)) == ["SUNION", "a", "b"])
        #expect(words(.sdiff("a", "b", as: Int.self)) == ["SDIFF", "a", "b"])
        #expect(words(.sdiff(["a", "b"])) == ["SDIFF", "a", "b"])
    }

    @Test func `members are a set, whether the server sends a set or an array`() throws {
        let command: RedisCommand<Set<String>> = .smembers("s")
        #expect(words(command) == ["SMEMBERS", "s"])
        #expect(try reply(.set([.bulk("a"), .bulk("b")]), to: command) == ["a", "b"])
        #expect(try reply(.bulks("a", "b"), to: command) == ["a", "b"])
        #expect(try reply(.set([]), to: command) == [])
        #expect(throws: RedisConversionError(expected: "an array", found: "nothing")) { try reply(.null, to: command) }
    }
}
