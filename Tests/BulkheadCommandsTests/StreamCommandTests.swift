import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct StreamCommandTests {
    @Test func `XADD sends trim, id and fields in this order`() {
        #expect(words(.xadd("x", ["b": "1", "a": 2, "b": 3])) == ["XADD", "x", "*", "b", "1", "a", "2", "b", "3"])
        #expect(
            words(.xadd("x", ["f": "v"], id: "5-1", trim: .maximumLength(1_000)))
                == ["XADD", "x", "MAXLEN", "~", "1000", "5-1", "f", "v"])
        #expect(
            words(.xadd("x", ["f": "v"], trim: .minimumID("9-0", exact: true)))
                == ["XADD", "x", "MINID", "=", "9-0", "*", "f", "v"])
        let fields = ["f": 1.5]
        #expect(words(.xadd("x", pairs: fields)) == ["XADD", "x", "*", "f", "1.5"])
        let tuples = [(key: "f", value: "1"), (key: "f", value: "2")]
        #expect(words(.xadd("x", pairs: tuples, id: "1-*")) == ["XADD", "x", "1-*", "f", "1", "f", "2"])
    }

    @Test func `ranges run from the first to the last or back`() {
        #expect(words(.xrange("x")) == ["XRANGE", "x", "-", "+"])
        #expect(words(.xrange("x", from: "1-0", to: "(5", count: 10)) == ["XRANGE", "x", "1-0", "(5", "COUNT", "10"])
        #expect(words(.xrevrange("x")) == ["XREVRANGE", "x", "+", "-"])
        #expect(words(.xrevrange("x", from: "5", to: "1", count: 2)) == ["XREVRANGE", "x", "5", "1", "COUNT", "2"])
    }

    @Test func `entries are counted, deleted and trimmed`() {
        #expect(words(.xlen("x")) == ["XLEN", "x"])
        #expect(words(.xdel("x", "1-0", "2-0")) == ["XDEL", "x", "1-0", "2-0"])
        #expect(words(.xdel("x", ["1-0", "2-0"])) == ["XDEL", "x", "1-0", "2-0"])
        #expect(words(.xtrim("x", .maximumLength(5, exact: true))) == ["XTRIM", "x", "MAXLEN", "=", "5"])
        #expect(words(.xtrim("x", .minimumID("7"))) == ["XTRIM", "x", "MINID", "~", "7"])
    }

    @Test func `an entry keeps its fields in order and repeated`() throws {
        let command: RedisCommand<[RedisStreamEntry<Int>]> = .xrange("x", as: Int.self)
        let entries = try reply(.array([.array([.bulk("1-0"), .bulks("a", "1", "b", "2", "a", "3")])]), to: command)
        #expect(entries.map(\.id) == ["1-0"])
        #expect(entries[0].fields.map(\.name) == ["a", "b", "a"])
        #expect(entries[0].fields.map(\.value) == [1, 2, 3])
        #expect(entries[0]["a"] == 1)
        #expect(entries[0]["c"] == nil)
    }

    @Test func `every entry has its own names, also where the entry before it has others`() throws {
        let rows = [
            ["a", "1", "b", "2"], ["a", "3", "b", "4"], ["b", "5", "a", "6"], ["a", "7"], [], ["a", "8", "bb", "9"],
            ["a", "10", "b", "11"], ["", "12"],
        ]
        var sent: [RESPValue] = rows.enumerated().map { index, row in
            RESPValue.array([RESPValue.bulk("\(index)-0"), RESPValue.array(row.map { RESPValue.bulk($0) })])
        }
        sent.append(.array([.bulk("8-0"), .null]))
        let value = RESPValue.array(sent)
        let entries = try [RedisStreamEntry<String>](redis: value)
        #expect(entries.map(\.id) == (0...8).map { "\($0)-0" })
        let read = entries.map { entry in entry.fields.flatMap { [$0.name.text ?? "no text", $0.value] } }
        #expect(read == rows + [[]])
        let raw = try [RedisStreamEntry<RESPBytes>](redis: value)
        let names = entries.map { $0.fields.map(\.name) }
        #expect(raw.map { $0.fields.map(\.name) } == names)
        // In order of a map as well.
        let map = RESPValue.array([.bulk("1-0"), .pairs((.bulk("a"), .bulk("1")))])
        #expect(try [RedisStreamEntry<Int>](redis: .array([map, map])).map { $0["a"] } == [1, 1])
    }

    @Test(arguments: [RESPValue.null, RESPValue.null.withAttribute])
    func `a deleted entry has no fields`(missing: RESPValue) throws {
        let entry = try RedisStreamEntry<String>(redis: .array([.bulk("1-0"), missing]))
        #expect(entry.id == "1-0")
        #expect(entry.fields.isEmpty)
    }

    @Test func `an entry that is not an id with fields is refused`() {
        #expect(throws: RedisConversionError(expected: "an entry's id and fields", found: "an array of 1")) {
            try RedisStreamEntry<String>(redis: .bulks("1-0"))
        }
        #expect(throws: RedisConversionError(expected: "fields with values", found: "an array of 1")) {
            try RedisStreamEntry<String>(redis: .array([.bulk("1-0"), .bulks("a")]))
        }
    }
}
