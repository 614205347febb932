import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct StringCommandTests {
    @Test func `a command is an array of bulk strings, counted up to any length`() {
        let get: RedisCommand<String?> = .get("schlüssel")
        #expect(get.encoded.bytes == Array("*2\r\n$3\r\nGET\r\n$10\r\nschlüssel\r\n".utf8))
        let keys = (0..<12).map { "k\($0)" }
        let mget: RedisCommand<[String?]> = .mget(keys)
        #expect(mget.encoded.bytes.starts(with: "*13\r\n$4\r\nMGET\r\n$2\r\nk0\r\n".utf8))
        #expect(words(mget) == ["MGET"] + keys)
    }

    @Test func `the reply's type follows from the command alone`() {
        func replies<each Reply>(_ commands: repeat RedisCommand<each Reply>) -> [String] {
            var names: [String] = []
            for type in repeat (each Reply).self { names.append("\(type)") }
            return names
        }
        #expect(replies(.get("a")) == ["Optional<String>"])
        #expect(
            replies(.get("a", as: Int.self), .get("a", as: [Float].self))
                == ["Optional<Int>", "Optional<Array<Float>>"])
        #expect(replies(.mget("a", "b", as: [UInt8].self)) == ["Array<Optional<Array<UInt8>>>"])
        #expect(replies(.incr("n"), .mget("a", "b"), .del("a")) == ["Int", "Array<Optional<String>>", "Int"])
        #expect(replies(.set("a", "b"), .dbsize()) == ["Bool", "Int"])
    }

    @Test func `SET sends its condition before its expiry`() {
        #expect(words(.set("k", "v")) == ["SET", "k", "v"])
        #expect(words(.set("k", "v", condition: .ifAbsent)) == ["SET", "k", "v", "NX"])
        #expect(
            words(.set("k", 7, expiry: .after(.seconds(2)), condition: .ifPresent))
                == ["SET", "k", "7", "XX", "PX", "2000"])
        #expect(
            words(.set("k", "v", expiry: .at(unixMilliseconds: 1_700_000_000_123)))
                == ["SET", "k", "v", "PXAT", "1700000000123"])
        #expect(words(.set("k", "v", expiry: .keep)) == ["SET", "k", "v", "KEEPTTL"])
    }

    @Test func `SET answers whether it wrote`() throws {
        #expect(try reply(.simple("OK"), to: .set("k", "v")))
        #expect(try !reply(.null, to: .set("k", "v", condition: .ifAbsent)))
        #expect(try !reply(RESPValue.null.withAttribute, to: .set("k", "v", condition: .ifAbsent)))
    }

    @Test func `reading commands give nil for null`() throws {
        #expect(try reply(.null, to: .get("k")) == nil)
        #expect(try reply(.bulk("v"), to: .get("k")) == "v")
        #expect(try reply(.bulk("42"), to: .getdel("k", as: Int.self)) == 42)
        #expect(try reply(.array([.bulk("1"), .null]), to: .mget("a", "b", as: Int.self)) == [1, nil])
    }

    @Test func `GETEX sets, moves or removes the expiry`() {
        #expect(words(.getdel("k")) == ["GETDEL", "k"])
        #expect(words(.getex("k", expiry: .after(.milliseconds(5)))) == ["GETEX", "k", "PX", "5"])
        #expect(words(.getex("k", expiry: .at(unixMilliseconds: 9))) == ["GETEX", "k", "PXAT", "9"])
        #expect(words(.getex("k", expiry: .remove)) == ["GETEX", "k", "PERSIST"])
    }

    @Test func `MSET takes a literal of mixed values in its order, the same key twice too`() {
        let vector: [Float] = [1]
        #expect(words(.mset(["b": "text", "a": 5, "b": 2.5])) == ["MSET", "b", "text", "a", "5", "b", "2.5"])
        #expect(lastArgument(.mset(["id": "x", "vector": vector])) == [0, 0, 0x80, 0x3f])
        #expect(words(.mset(["b": "1", "b": "2"])) == ["MSET", "b", "1", "b", "2"])
    }

    @Test func `MSET takes dictionaries and other sequences of pairs`() {
        let one = ["k": 1]
        let binary: [[UInt8]: [UInt8]] = [[1]: [2]]
        let tuples = [(key: "a", value: "1"), (key: "a", value: "2")]
        #expect(words(.mset(pairs: one)) == ["MSET", "k", "1"])
        #expect(words(.mset(pairs: binary)) == ["MSET", "\u{1}", "\u{2}"])
        #expect(words(.mset(pairs: tuples)) == ["MSET", "a", "1", "a", "2"])
        let lazy = tuples.lazy.map { (key: $0.value, value: 0.5) }
        #expect(words(.mset(pairs: lazy)) == ["MSET", "1", "0.5", "2", "0.5"])
    }

    @Test func `counters send their amounts in decimal`() throws {
        #expect(words(.incr("n")) == ["INCR", "n"])
        #expect(words(.decr("n")) == ["DECR", "n"])
        #expect(words(.incrby("n", by: .max)) == ["INCRBY", "n", "9223372036854775807"])
        #expect(words(.decrby("n", by: -3)) == ["DECRBY", "n", "-3"])
        #expect(words(.incrbyfloat("n", by: -0.25)) == ["INCRBYFLOAT", "n", "-0.25"])
        #expect(try reply(.bulk("10.5"), to: .incrbyfloat("n", by: 0.5)) == 10.5)
        #expect(try reply(.integer(8), to: .incr("n")) == 8)
    }

    @Test func `parts of strings are addressed by byte`() throws {
        #expect(words(.append("k", "tail")) == ["APPEND", "k", "tail"])
        #expect(words(.strlen("k")) == ["STRLEN", "k"])
        #expect(words(.getrange("k", from: 0, through: -1)) == ["GETRANGE", "k", "0", "-1"])
        #expect(words(.setrange("k", offset: 6, "Redis")) == ["SETRANGE", "k", "6", "Redis"])
        #expect(try reply(.bulk(""), to: .getrange("k", from: 5, through: 4)) == "")
    }
}
