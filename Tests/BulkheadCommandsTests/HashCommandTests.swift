import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct HashCommandTests {
    @Test func `HSET takes one field, a literal, or any sequence of pairs`() {
        #expect(words(.hset("h", "f", 1)) == ["HSET", "h", "f", "1"])
        #expect(words(.hset("h", ["id": "a", "n": 1, "id": 0.5])) == ["HSET", "h", "id", "a", "n", "1", "id", "0.5"])
        #expect(words(.hset("h", ["z": "1", "a": "2"])) == ["HSET", "h", "z", "1", "a", "2"])
        let vector = lastArgument(.hset("doc:1", ["id": "a", "vector": [0.5, 1.5] as [Float]]))
        #expect(vector == [0, 0, 0, 0x3f, 0, 0, 0xc0, 0x3f])
        let dictionary = ["f": 2.5]
        #expect(words(.hset("h", pairs: dictionary)) == ["HSET", "h", "f", "2.5"])
        let tuples = [(key: 1, value: "a"), (key: 2, value: "b")]
        #expect(words(.hset("h", pairs: tuples)) == ["HSET", "h", "1", "a", "2", "b"])
        #expect(words(.hset("h", ["x": "1", "x": "2"])) == ["HSET", "h", "x", "1", "x", "2"])
    }

    @Test func `fields come one by one or in an array`() {
        #expect(words(.hmget("h", "a", "b")) == ["HMGET", "h", "a", "b"])
        #expect(words(.hmget("h", ["a", "b"], as: Int.self)) == ["HMGET", "h", "a", "b"])
        #expect(words(.hdel("h", "a")) == ["HDEL", "h", "a"])
        #expect(words(.hdel("h", ["a", "b"])) == ["HDEL", "h", "a", "b"])
    }

    @Test func `single fields are read, measured and counted`() throws {
        #expect(words(.hsetnx("h", "f", "v")) == ["HSETNX", "h", "f", "v"])
        #expect(words(.hget("h", "f")) == ["HGET", "h", "f"])
        #expect(words(.hexists("h", "f")) == ["HEXISTS", "h", "f"])
        #expect(words(.hlen("h")) == ["HLEN", "h"])
        #expect(words(.hstrlen("h", "f")) == ["HSTRLEN", "h", "f"])
        #expect(words(.hkeys("h")) == ["HKEYS", "h"])
        #expect(words(.hvals("h")) == ["HVALS", "h"])
        #expect(words(.hincrby("h", "f", by: -1)) == ["HINCRBY", "h", "f", "-1"])
        #expect(words(.hincrbyfloat("h", "f", by: 0.1)) == ["HINCRBYFLOAT", "h", "f", "0.1"])
        #expect(try reply(.null, to: .hget("h", "f")) == nil)
        #expect(try reply(.array([.bulk("1"), .null]), to: .hmget("h", "a", "b")) == ["1", nil])
    }

    @Test func `HGETALL reads the map of RESP3 and the flat array of RESP2 alike`() throws {
        let command: RedisCommand<[String: Int]> = .hgetall("h", as: Int.self)
        #expect(words(command) == ["HGETALL", "h"])
        #expect(try reply(.pairs((.bulk("a"), .bulk("1")), (.bulk("b"), .bulk("2"))), to: command) == ["a": 1, "b": 2])
        #expect(try reply(.bulks("a", "1", "b", "2"), to: command) == ["a": 1, "b": 2])
        #expect(try reply(.array([]), to: command) == [:])
        let binary: [RESPBytes: [UInt8]] = try reply(
            .array([.bulk(bytes: [0xff]), .bulk("x")]), to: .hgetall("h", fields: RESPBytes.self, as: [UInt8].self))
        #expect(binary == [[0xff]: [0x78]])
    }
}
