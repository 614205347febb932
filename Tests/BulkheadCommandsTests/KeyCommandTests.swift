import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct KeyCommandTests {
    @Test func `keys come one by one or in an array`() {
        #expect(words(.del("a")) == ["DEL", "a"])
        #expect(words(.del("a", "b")) == ["DEL", "a", "b"])
        #expect(words(.del(["a", "b"])) == ["DEL", "a", "b"])
        #expect(words(.unlink("a", "b")) == ["UNLINK", "a", "b"])
        #expect(words(.unlink(["a"])) == ["UNLINK", "a"])
        #expect(words(.exists("a", "a")) == ["EXISTS", "a", "a"])
        #expect(words(.exists(["a", "a"])) == ["EXISTS", "a", "a"])
        #expect(words(.touch("a", "b")) == ["TOUCH", "a", "b"])
        #expect(words(.touch(["a", "b"])) == ["TOUCH", "a", "b"])
        #expect(words(.del(1, 2)) == ["DEL", "1", "2"])
        #expect(words(.del([1, 2])) == ["DEL", "1", "2"])
    }

    @Test func `an array of bytes is one binary key, an array of such arrays several`() {
        let key: [UInt8] = [0x61, 0x62]
        #expect(words(.del(key)) == ["DEL", "ab"])
        #expect(words(.del(key, [0x63])) == ["DEL", "ab", "c"])
        #expect(words(.del([key, [0x63]])) == ["DEL", "ab", "c"])
        #expect(words(.mget(key)) == ["MGET", "ab"])
        #expect(words(.sadd("s", key)) == ["SADD", "s", "ab"])
        #expect(lastArgument(.lpush("l", [0.5] as [Float])) == [0, 0, 0, 0x3f])
        #expect(words(.del(RESPBytes("ab"))) == ["DEL", "ab"])
        #expect(words(.del([RESPBytes("a"), RESPBytes("b")])) == ["DEL", "a", "b"])
    }

    @Test func `no keys at all are left to the server to refuse`() {
        #expect(words(.del([String]())) == ["DEL"])
    }

    @Test(arguments: [
        (Duration.seconds(1), "1000"),
        (.milliseconds(1), "1"),
        (.microseconds(1), "1"),
        (.microseconds(1_001), "2"),
        (.zero, "0"),
        (.nanoseconds(-1), "-1"),
        (.milliseconds(-1), "-1"),
        (.microseconds(-1_500), "-2"),
        (.seconds(Int64.max / 1_000) + .milliseconds(807), "9223372036854775807"),
        (.seconds(Int64.max / 1_000) + .milliseconds(808), "9223372036854775807"),
        (.seconds(Int64.max), "9223372036854775807"),
        (.seconds(Int64.min), "-9223372036854775808"),
    ])
    func `times are whole milliseconds away from zero and never wrap around`(time: Duration, text: String) {
        #expect(words(.expire("k", after: time)) == ["PEXPIRE", "k", text])
        #expect(words(.set("k", "v", expiry: .after(time))) == ["SET", "k", "v", "PX", text])
    }

    @Test(arguments: [Int64.max, .min])
    func `whole seconds are kept within 64 bits`(_ bound: Int64) {
        let time = Duration.seconds(bound) * 2
        #expect(time.redisWholeSeconds == bound && time.redisFullSeconds == bound)
        #expect(words(.expire("k", after: time)) == ["PEXPIRE", "k", "\(bound)"])
        let longest = Duration.seconds(Int64.max) + Duration.milliseconds(1)
        #expect(longest.redisWholeSeconds == Int64.max)
        let oneAndAHalf = Duration.milliseconds(1_500)
        #expect(oneAndAHalf.redisWholeSeconds == 2 && oneAndAHalf.redisFullSeconds == 1)
        #expect(Duration.milliseconds(-1_500).redisWholeSeconds == -1)
    }

    @Test func `a time of the clock is sent as it is`() {
        #expect(words(.expire("k", atUnixMilliseconds: 12)) == ["PEXPIREAT", "k", "12"])
        #expect(words(.persist("k")) == ["PERSIST", "k"])
    }

    @Test func `a time to live tells no key from no expiry`() throws {
        #expect(words(.ttl("k")) == ["PTTL", "k"])
        #expect(try reply(.integer(-2), to: .ttl("k")) == .noKey)
        #expect(try reply(.integer(-1), to: .ttl("k")) == .noExpiry)
        #expect(try reply(.integer(0), to: .ttl("k")) == .expires(in: .zero))
        #expect(try reply(.integer(1_500), to: .ttl("k")) == .expires(in: .milliseconds(1_500)))
    }

    @Test func `keys are renamed, copied, asked for their type`() throws {
        #expect(words(.type("k")) == ["TYPE", "k"])
        #expect(try reply(.simple("none"), to: .type("k")) == "none")
        #expect(words(.rename("a", to: "b")) == ["RENAME", "a", "b"])
        try reply(.simple("OK"), to: .rename("a", to: "b"))
        #expect(words(.renamenx("a", to: "b")) == ["RENAMENX", "a", "b"])
        #expect(words(.copy("a", to: "b")) == ["COPY", "a", "b"])
        #expect(words(.copy("a", to: "b", replace: true)) == ["COPY", "a", "b", "REPLACE"])
        #expect(try !reply(.integer(0), to: .copy("a", to: "b")))
        #expect(words(.randomkey()) == ["RANDOMKEY"])
        #expect(try reply(.null, to: .randomkey()) == nil)
    }
}
