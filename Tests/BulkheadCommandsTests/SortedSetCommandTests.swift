import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct SortedSetCommandTests {
    @Test func `ZADD puts each score before its member`() {
        #expect(words(.zadd("z", ["ada": 10, "bob": 2.5])) == ["ZADD", "z", "10", "ada", "2.5", "bob"])
        #expect(words(.zadd("z", ["a": 1, "a": 2])) == ["ZADD", "z", "1", "a", "2", "a"])
        #expect(
            words(.zadd("z", ["a": .infinity, "b": -.infinity], condition: .ifAbsent))
                == ["ZADD", "z", "NX", "inf", "a", "-inf", "b"])
        let scores: [Int: Double] = [7: 1.5]
        #expect(words(.zadd("z", pairs: scores, condition: .ifPresent)) == ["ZADD", "z", "XX", "1.5", "7"])
        let tuples = [(key: RESPBytes("m"), value: 0.0)]
        #expect(words(.zadd("z", pairs: tuples)) == ["ZADD", "z", "0", "m"])
    }

    @Test func `members are removed, scored, counted and ranked`() throws {
        #expect(words(.zrem("z", "a", "b")) == ["ZREM", "z", "a", "b"])
        #expect(words(.zrem("z", ["a", "b"])) == ["ZREM", "z", "a", "b"])
        #expect(words(.zscore("z", "a")) == ["ZSCORE", "z", "a"])
        #expect(words(.zincrby("z", by: 0.5, "a")) == ["ZINCRBY", "z", "0.5", "a"])
        #expect(words(.zcard("z")) == ["ZCARD", "z"])
        #expect(words(.zrank("z", "a")) == ["ZRANK", "z", "a"])
        #expect(words(.zremrangebyrank("z", from: 0, through: -2)) == ["ZREMRANGEBYRANK", "z", "0", "-2"])
        #expect(try reply(.null, to: .zscore("z", "a")) == nil)
        #expect(try reply(.double(.infinity), to: .zscore("z", "a")) == .infinity)
        #expect(try reply(.bulk("-inf"), to: .zscore("z", "a")) == -.infinity)
        #expect(try reply(.null, to: .zrank("z", "a")) == nil)
    }

    @Test func `bounds are inclusive, exclusive or without end`() {
        #expect(words(.zcount("z", from: .unbounded, to: .unbounded)) == ["ZCOUNT", "z", "-inf", "+inf"])
        #expect(words(.zcount("z", from: .inclusive(1), to: .exclusive(2.5))) == ["ZCOUNT", "z", "1", "(2.5"])
        #expect(
            words(.zremrangebyscore("z", from: .exclusive(-1), to: .unbounded))
                == ["ZREMRANGEBYSCORE", "z", "(-1", "+inf"])
        #expect(
            words(.zrangebyscore("z", from: .unbounded, to: .inclusive(9))) == ["ZRANGEBYSCORE", "z", "-inf", "9"])
    }

    @Test func `a limit is sent if there is one, or something to skip`() {
        #expect(
            words(.zrangebyscore("z", from: .unbounded, to: .unbounded, limit: 10))
                == ["ZRANGEBYSCORE", "z", "-inf", "+inf", "LIMIT", "0", "10"])
        #expect(
            words(.zrangebyscore("z", from: .unbounded, to: .unbounded, offset: 5))
                == ["ZRANGEBYSCORE", "z", "-inf", "+inf", "LIMIT", "5", "-1"])
    }

    @Test func `a range reversed is ZREVRANGE`() {
        #expect(words(.zrange("z", from: 0, through: -1)) == ["ZRANGE", "z", "0", "-1"])
        #expect(words(.zrange("z", from: 0, through: 2, reversed: true, as: Int.self)) == ["ZREVRANGE", "z", "0", "2"])
        #expect(words(.zrangeWithScores("z", from: 0, through: -1)) == ["ZRANGE", "z", "0", "-1", "WITHSCORES"])
        #expect(
            words(.zrangeWithScores("z", from: 0, through: -1, reversed: true))
                == ["ZREVRANGE", "z", "0", "-1", "WITHSCORES"])
    }

    @Test func `members with scores are pairs in RESP3 and flat in RESP2`() throws {
        let command: RedisCommand<[RedisScored<String>]> = .zrangeWithScores("z", from: 0, through: -1)
        let expected = [RedisScored("a", score: 1), RedisScored("b", score: 2.5)]
        let pairs: RESPValue = .array([.array([.bulk("a"), .double(1)]), .array([.bulk("b"), .double(2.5)])])
        #expect(try reply(pairs, to: command) == expected)
        #expect(try reply(.bulks("a", "1", "b", "2.5"), to: command) == expected)
        #expect(try reply(.array([.array([.bulk("a"), .double(1)]).withAttribute]), to: command) == [expected[0]])
        #expect(try reply(.array([]), to: command) == [])
        #expect(throws: RedisConversionError(expected: "members with scores", found: "an array of 1")) {
            try reply(.bulks("a"), to: command)
        }
        #expect(throws: RedisConversionError(expected: "a pair", found: "an array of 1")) {
            try reply(.array([.bulks("a")]), to: command)
        }
    }
}
