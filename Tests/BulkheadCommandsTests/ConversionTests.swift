import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct ConversionTests {
    private func refusal<Value: RedisDecodable>(of value: RESPValue, as type: Value.Type) -> String? {
        do {
            _ = try Value(redis: value)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        RESPValue.bulk("x"), .simple("x"), .bigNumber("x"),
        .verbatimString(RESPVerbatim(format: "txt", content: "x".utf8)!), RESPValue.bulk("x").withAttribute,
    ])
    func `strings of every kind are strings`(value: RESPValue) throws {
        #expect(try String(redis: value) == "x")
        #expect(try RESPBytes(redis: value) == "x")
        #expect(try [UInt8](redis: value) == [0x78])
    }

    @Test func `bytes that are not UTF-8 are refused as text and fine as bytes`() throws {
        let bytes: [UInt8] = [0x61, 0xff]
        #expect(
            refusal(of: .bulk(bytes: bytes), as: String.self)
                == "expected UTF-8 (ask for RESPBytes, [UInt8] or Data instead of String), found 2 other bytes")
        #expect(try RESPBytes(redis: .bulk(bytes: bytes)) == RESPBytes(bytes))
        #expect(try [UInt8](redis: .bulk(bytes: bytes)) == bytes)
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc3], [0x61, 0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80],
            [0xf0, 0x80, 0x80, 0x80],
            [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xff],
        ] as [[UInt8]])
    func `no invalid sequence of UTF-8 becomes text, wherever it stands`(sequence: [UInt8]) {
        for length in [0, 1, 7, 8, 15, 16, 63, 64, 100] {
            let letters = [UInt8](repeating: 0x61, count: length)
            for bytes in [letters + sequence, sequence + letters, letters + sequence + letters] {
                let refusal = refusal(of: .bulk(bytes: bytes), as: String.self)
                #expect(refusal?.hasSuffix("found \(bytes.count) other bytes") == true)
            }
        }
    }

    @Test(arguments: [
        "", "a", "\u{0}", "fünfzehn bytes", "sechzehn bytes….", "日本語", "🦦", "e\u{301}", "\u{fffd}\u{10ffff}",
    ])
    func `text of any script and length comes as it was sent`(text: String) throws {
        for count in [1, 2, 7, 100] {
            let whole = String(repeating: text, count: count)
            #expect(try String(redis: .bulk(whole)).unicodeScalars.elementsEqual(whole.unicodeScalars))
            #expect(try String?(redis: .bulk(whole)) == whole)
        }
    }

    @Test func `an attribute in front changes no conversion`() throws {
        #expect(try String(redis: .integer(7).withAttribute) == "7")
        #expect(try Int(redis: .integer(7).withAttribute.withAttribute) == 7)
        #expect(try Int64(redis: .bulk("7").withAttribute) == 7)
        #expect(try Double(redis: .double(0.5).withAttribute) == 0.5)
        #expect(try Bool(redis: .boolean(true).withAttribute))
        #expect(try String?(redis: .null.withAttribute) == nil)
        #expect(try reply(.null.withAttribute, to: RedisCommand<Bool>.set("k", "v")) == false)
        #expect(
            refusal(of: .bulk("x").withAttribute, as: Int.self)
                == "expected an integer of 64 bits, found a bulk string of 1 bytes")
    }

    @Test func `numbers are text on demand, and text numbers`() throws {
        #expect(try String(redis: .integer(-5)) == "-5")
        #expect(try String(redis: .double(2)) == "2")
        #expect(try Int(redis: .integer(.max)) == .max)
        #expect(try Int(redis: .bulk("-12")) == -12)
        #expect(try Int64(redis: .simple("7")) == 7)
        #expect(try Double(redis: .double(-.infinity)) == -.infinity)
        #expect(try Double(redis: .integer(3)) == 3)
        #expect(try Double(redis: .bulk("1e3")) == 1_000)
        #expect(try Double(redis: .bulk("nan")).isNaN)
        #expect(try UInt8(redis: .integer(255)) == 255)
        #expect(try Float(redis: .bulk("0.1")) == 0.1)
        #expect(try Float(redis: .double(.infinity)) == .infinity)
    }

    @Test func `numbers that do not fit are refused`() {
        #expect(
            refusal(of: .bulk("9223372036854775808"), as: Int.self)
                == "expected an integer of 64 bits, found a bulk string of 19 bytes")
        #expect(
            refusal(of: .bulk("1.5"), as: Int.self)
                == "expected an integer of 64 bits, found a bulk string of 3 bytes")
        #expect(
            refusal(of: .bulk(""), as: Int64.self)
                == "expected an integer of 64 bits, found a bulk string of 0 bytes")
        #expect(refusal(of: .bulk("one"), as: Double.self) == "expected a number, found a bulk string of 3 bytes")
        #expect(
            refusal(of: .integer(256), as: UInt8.self)
                == "expected an integer from 0 to 255, found another integer")
        #expect(refusal(of: .integer(-1), as: UInt8.self) == "expected an integer from 0 to 255, found another integer")
        #expect(refusal(of: .bulk("1e39"), as: Float.self) == "expected a number of 32 bits, found a larger number")
    }

    @Test func `every integer type reads what fits it, from whatever holds it, and refuses the rest unseen`() throws {
        func check<Number: FixedWidthInteger & RedisDecodable>(_ type: Number.Type) throws {
            for number in [Number.min, 0, 1, Number.max] {
                #expect(try Number(redis: .bulk("\(number)")) == number)
                #expect(try Number(redis: .bigNumber(RESPBytes("\(number)")).withAttribute) == number)
                if let integer = Int64(exactly: number) { #expect(try Number(redis: .integer(integer)) == number) }
            }
            #expect(try Number(redis: .double(7)) == 7 && Number(redis: .boolean(true)) == 1)
            for wrong in ["\(Number.max)0", "-\(Number.max)0", "1.5", "", "one"] {
                let words = refusal(of: .bulk(wrong), as: Number.self) ?? "no refusal"
                #expect(words.hasPrefix("expected an ") && words.hasSuffix("of \(wrong.count) bytes"))
            }
            #expect(refusal(of: .double(1.5), as: Number.self)?.hasSuffix("found a double") == true)
        }
        try check(Int8.self)
        try check(Int16.self)
        try check(Int32.self)
        try check(Int64.self)
        try check(Int128.self)
        try check(UInt16.self)
        try check(UInt32.self)
        try check(UInt64.self)
        try check(UInt.self)
        try check(UInt128.self)
    }

    @Test func `booleans are booleans, 1 and 0, and nothing else`() throws {
        #expect(try Bool(redis: .bulk("1")) && !Bool(redis: .bulk("0").withAttribute))
        #expect(refusal(of: .bulk("10"), as: Bool.self) != nil && refusal(of: .bulk("/"), as: Bool.self) != nil)
        #expect(try Bool(redis: .boolean(true)))
        #expect(try !Bool(redis: .boolean(false).withAttribute))
        #expect(try Bool(redis: .integer(1)))
        #expect(try !Bool(redis: .integer(0)))
        #expect(refusal(of: .integer(2), as: Bool.self) == "expected a boolean, 1 or 0, found an integer")
        #expect(
            refusal(of: .bulk("true"), as: Bool.self)
                == "expected a boolean, 1 or 0, found a bulk string of 4 bytes")
    }

    @Test func `null is nil for an optional and refused for the rest`() throws {
        #expect(try String?(redis: .null) == nil)
        #expect(try Int?(redis: RESPValue.null.withAttribute) == nil)
        #expect(try [UInt8]?(redis: .null) == nil)
        #expect(try Int?(redis: .integer(1)) == 1)
        #expect(refusal(of: .null, as: String.self) == "expected a string, found nothing")
        #expect(refusal(of: .null, as: Int.self) == "expected an integer of 64 bits, found nothing")
        #expect(refusal(of: .null, as: [String].self) == "expected an array, found nothing")
        #expect(refusal(of: .null, as: [UInt8].self) == "expected bytes, found nothing")
        #expect(refusal(of: .null, as: [String: String].self) == "expected pairs, found nothing")
        #expect(RESPValue(redis: .null) == .null)
    }

    @Test func `a value converts to itself with its attributes`() {
        let value = RESPValue.array([.bulk("a"), .pairs((.bulk("k"), .integer(1)))]).withAttribute
        #expect(RESPValue(redis: value) == value)
    }

    @Test func `arrays nest, and hold optionals`() throws {
        #expect(try [Int](redis: .array([.integer(1), .bulk("2")])) == [1, 2])
        #expect(try [Int?](redis: .array([.integer(1), .null])) == [1, nil])
        #expect(try [[String]](redis: .array([.bulks("a"), .array([])])) == [["a"], []])
        #expect(try Set<Int>(redis: .set([.integer(1), .integer(2)])) == [1, 2])
        #expect(try [String](redis: .set([.bulk("a")]).withAttribute) == ["a"])
        #expect(
            refusal(of: .bulks("1", "x"), as: [Int].self)
                == "expected an integer of 64 bits, found a bulk string of 1 bytes")
        #expect(refusal(of: .bulk("a"), as: [String].self) == "expected an array, found a bulk string of 1 bytes")
    }

    @Test func `a list, pairs and a dictionary read each kind of string, and refuse what is no text`() throws {
        let kinds: [RESPValue] = [
            .bulk("short"), .bulk("sixteen letters."), .simple("x"), .bigNumber("12"), .integer(-7), .double(1.5),
            .boolean(true), .verbatimString(RESPVerbatim(format: "txt", content: "x".utf8)!),
            .bulk("x").withAttribute, .bulk("fünfzehn bytes"), .bulk(""),
        ]
        let texts = try kinds.map { try String(redis: $0) }
        #expect(try [String](redis: .array(kinds)) == texts)
        #expect(try [String?](redis: .array(kinds + [.null])) == texts + [nil])
        let flat = RESPValue.array(kinds.enumerated().flatMap { [RESPValue.bulk("\($0)"), $1] })
        let map = RESPValue.map(RESPMap(kinds.enumerated().map { (RESPValue.bulk("\($0)"), $1) }))
        let pairs = RESPValue.array(kinds.enumerated().map { RESPValue.array([RESPValue.bulk("\($0)"), $1]) })
        for reply in [flat, map, pairs, map.withAttribute] {
            #expect(try [String: String](redis: reply).count == kinds.count)
            #expect(try [String: String](redis: reply)["1"] == "sixteen letters.")
            #expect(try [RedisField<String>](redis: reply).map(\.value) == texts)
        }
        for length in [0, 13, 14, 15, 40] {
            let broken = RESPValue.bulk(bytes: [UInt8](repeating: 0x61, count: length) + [0xff])
            let words = refusal(of: broken, as: String.self)
            #expect(words?.hasSuffix("found \(length + 1) other bytes") == true)
            #expect(refusal(of: .array([.bulk("a"), broken]), as: [String].self) == words)
            #expect(refusal(of: .array([.bulk("a"), broken]), as: [String?].self) == words)
            #expect(refusal(of: .pairs((.bulk("a"), broken)), as: [String: String].self) == words)
            #expect(refusal(of: .pairs((broken, .bulk("a"))), as: [String: String].self) == words)
        }
        #expect(refusal(of: .array([.bulk("a"), .null]), as: [String].self) == "expected a string, found nothing")
    }

    @Test func `no dictionary and no set loses what differs in the reply`() throws {
        let twins = ["caf\u{e9}", "cafe\u{301}"].map { RESPValue.bulk($0) }
        for reply in [RESPValue.set(twins), .array(twins)] {
            #expect(refusal(of: reply, as: Set<String>.self)?.contains("RESPBytes") == true)
            #expect(try Set<RESPBytes>(redis: reply).count == 2)
            #expect(try [String](redis: reply).count == 2)
        }
        #expect(
            refusal(of: .bulks("1", "01"), as: Set<Int>.self)
                == "expected members that differ as Int (members whose bytes differ may be equal as text: ask for "
                + "RESPBytes or [UInt8]), found 2 members that would become 1")
        #expect(try Set<String>(redis: .bulks("a", "b", "a")) == ["a", "b"])
        let map = RESPValue.pairs((twins[0], .integer(1)), (twins[1], .integer(2)))
        #expect(refusal(of: map, as: [String: Int].self)?.contains("2 pairs with 1 different keys") == true)
        #expect(try [RESPBytes: Int](redis: map).count == 2)
        #expect(refusal(of: .bulks("a", "1", "a", "2"), as: [String: Int].self)?.contains("repeated") == true)
        #expect(try [RedisField<Int>](redis: .bulks("a", "1", "a", "2")).map(\.value) == [1, 2])
    }

    @Test func `numbers, booleans and doubles convert alike in both protocols`() throws {
        #expect(try Int(redis: .double(3)) == 3)
        #expect(try Int(redis: .bulk("3")) == 3)
        #expect(refusal(of: .double(3.5), as: Int.self) == "expected an integer of 64 bits, found a double")
        #expect(refusal(of: .double(.infinity), as: Int.self) != nil && refusal(of: .double(.nan), as: Int.self) != nil)
        #expect(try Int(redis: .boolean(true)) == 1)
        #expect(try Double(redis: .boolean(false)) == 0)
        #expect(try String(redis: .boolean(true)) == "1")
        #expect(try RESPBytes(redis: .double(2.5)) == "2.5")
    }

    @Test func `vectors are unpacked from one string`() throws {
        #expect(try [Float](redis: .bulk(bytes: [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])) == [1, -2])
        #expect(try [Float](redis: .bulk("")) == [])
        #expect(try [[Float]?](redis: .array([.bulk(bytes: [0, 0, 0x80, 0x3f]), .null])) == [[1], nil])
        #expect(
            refusal(of: .bulk("12345"), as: [Float].self)
                == "expected packed FLOAT32, a multiple of 4 bytes, found a string of 5 bytes")
        #expect(refusal(of: .integer(1), as: [Float].self) == "expected packed FLOAT32, found an integer")
    }

    @Test func `vectors are unpacked from any place in a reply`() throws {
        var decoder = RESPDecoder()
        decoder.feed("*2\r\n$3\r\nabc\r\n$4\r\n".utf8 + [0, 0, 0x80, 0x3f, 13, 10])
        let elements = try #require(try decoder.next()?.elements)
        #expect(try [Float](redis: elements[1]) == [1])
    }

    @Test func `dictionaries are maps, arrays of pairs or flat arrays`() throws {
        #expect(try [String: Int](redis: .pairs((.bulk("a"), .integer(1)))) == ["a": 1])
        #expect(try [String: Int](redis: .bulks("a", "1", "b", "2")) == ["a": 1, "b": 2])
        #expect(try [String: Int](redis: .array([.bulks("a", "1"), .bulks("b", "2")])) == ["a": 1, "b": 2])
        #expect(try [String: [Int]](redis: .array([.bulk("a"), .bulks("1", "2")])) == ["a": [1, 2]])
        #expect(try [String: Int](redis: .array([])) == [:])
        #expect(
            refusal(of: .array([.bulks("a", "1"), .bulks("b")]), as: [String: Int].self)
                == "expected a pair, found an array of 1")
        #expect(refusal(of: .bulks("a"), as: [String: String].self) == "expected pairs, found an array of 1")
    }

    @Test(arguments: [
        (RESPValue.error("ERR secret"), "an error"), (.bulkError("ERR secret"), "an error"),
        (.integer(9), "an integer"),
        (.bulk("secret"), "a bulk string of 6 bytes"), (.simple("secret"), "a simple string"), (.null, "nothing"),
        (.boolean(true), "a boolean"), (.double(1), "a double"), (.bigNumber("123"), "a big number"),
        (.verbatimString(RESPVerbatim(format: "txt", content: "secret".utf8)!), "a verbatim string"),
        (.bulks("secret"), "an array of 1"), (.set([.bulk("secret")]), "a set of 1"), (.push([]), "a push"),
        (.pairs((.bulk("secret"), .null)), "a map of 1 pairs"),
        (RESPValue.bulk("secret").withAttribute, "a bulk string of 6 bytes"),
    ])
    func `refusals name kind and size, never content`(value: RESPValue, kind: String) {
        let error = RedisConversionError(expected: "x", found: value)
        #expect(error.found == kind)
        #expect(!"\(error)".contains("secret"))
    }
}
