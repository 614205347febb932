import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct ListCommandTests {
    @Test func `values are pushed one by one or in an array`() {
        #expect(words(.lpush("l", "a", "b")) == ["LPUSH", "l", "a", "b"])
        #expect(words(.lpush("l", ["a", "b"])) == ["LPUSH", "l", "a", "b"])
        #expect(words(.rpush("l", 1)) == ["RPUSH", "l", "1"])
        #expect(words(.rpush("l", [1, 2])) == ["RPUSH", "l", "1", "2"])
    }

    @Test func `elements are popped, moved, read and removed`() {
        #expect(words(.lpop("l")) == ["LPOP", "l"])
        #expect(words(.rpop("l")) == ["RPOP", "l"])
        #expect(words(.lmove(from: "a", .right, to: "b", .left)) == ["LMOVE", "a", "b", "RIGHT", "LEFT"])
        #expect(words(.lrange("l", from: 0, through: -1)) == ["LRANGE", "l", "0", "-1"])
        #expect(words(.llen("l")) == ["LLEN", "l"])
        #expect(words(.lindex("l", -1)) == ["LINDEX", "l", "-1"])
        #expect(words(.lset("l", index: 0, "v")) == ["LSET", "l", "0", "v"])
        #expect(words(.lrem("l", count: -2, "v")) == ["LREM", "l", "-2", "v"])
        #expect(words(.ltrim("l", from: 0, through: 99)) == ["LTRIM", "l", "0", "99"])
    }

    @Test(arguments: [
        (Duration.seconds(5), "5"),
        (.milliseconds(1_500), "1.5"),
        (.nanoseconds(1), "0.002"), (.milliseconds(1), "0.002"),
        (.zero, "0"),
        (.nanoseconds(-1), "-1"),
        (.milliseconds(-2_500), "-2.5"),
    ])
    func `only a timeout of zero waits for ever`(timeout: Duration, text: String) {
        #expect(words(.blpop("a", "b", timeout: timeout)) == ["BLPOP", "a", "b", text])
        #expect(words(.brpop(["a"], timeout: timeout)) == ["BRPOP", "a", text])
        #expect(words(.blpop(["a"], timeout: timeout)) == ["BLPOP", "a", text])
        #expect(words(.brpop("a", "b", timeout: timeout)) == ["BRPOP", "a", "b", text])
    }

    @Test func `a blocking pop tells the list, or nil when the time ran out`() throws {
        let command: RedisCommand<RedisPopped<Int>?> = .blpop("a", timeout: .seconds(1), as: Int.self)
        let popped = try #require(try reply(.bulks("a", "7"), to: command))
        #expect(popped.key == "a")
        #expect(popped.value == 7)
        #expect(try reply(.null, to: command) == nil)
        #expect(throws: RedisConversionError(expected: "a key and a value", found: "an array of 1")) {
            try reply(.bulks("a"), to: command)
        }
    }
}
