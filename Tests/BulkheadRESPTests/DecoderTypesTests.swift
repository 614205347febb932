import BulkheadRESP
import BulkheadRESPComparison
import Testing

@Suite struct DecoderTypesTests {
    @Test(arguments: Corpus.all)
    func `every type means its value`(canned: Canned) {
        let outcome = decode(canned.wire)
        #expect(outcome.violation == nil)
        #expect(outcome.values.isSame(as: [canned.value]))
        #expect(outcome.offset == canned.wire.count)
        #expect(outcome.isBetweenReplies)
    }

    @Test func `the three nulls of the wire are one value`() throws {
        #expect(try decodeOne("_\r\n") == .null)
        #expect(try decodeOne("$-1\r\n") == .null)
        #expect(try decodeOne("*-1\r\n") == .null)
    }

    @Test func `a bulk string may hold any byte`() {
        let content = (0...255).map { UInt8($0) }
        #expect(decode(bulk(content)).values == [.bulkString(RESPBytes(content))])
    }

    @Test func `a double is the nearest one to its decimal text`() throws {
        for text in ["0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "123456789012345678901234567890"] {
            let expected = try #require(Double(text))
            #expect(try decodeOne(",\(text)\r\n") == .double(expected))
        }
        #expect(try decodeOne(",1e999\r\n") == .double(.infinity))
        #expect(try decodeOne(",1e-999\r\n") == .double(0))
    }

    @Test func `a negative zero keeps its sign`() throws {
        guard case .double(let zero) = try decodeOne(",-0\r\n") else {
            Issue.record("not a double")
            return
        }
        #expect(zero == 0 && zero.sign == .minus)
    }

    @Test func `a verbatim string has a format and a content`() throws {
        guard case .verbatimString(let verbatim) = try decodeOne("=7\r\nmkd:# a\r\n") else {
            Issue.record("not a verbatim string")
            return
        }
        #expect(verbatim.format == "mkd")
        #expect(verbatim.content == "# a")
        #expect(verbatim.content.detached() == "# a")
    }

    @Test func `an attribute belongs to the next value only`() {
        let outcome = decode("|1\r\n+a\r\n:1\r\n:2\r\n:3\r\n")
        let expected: [RESPValue] = [
            .attribute(RESPMap([(.simple("a"), .integer(1))]), .integer(2)), .integer(3),
        ]
        #expect(outcome.values == expected)
    }

    @Test func `nothing is delivered before a reply is whole`() {
        for canned in Corpus.all {
            for count in 0..<canned.wire.count {
                let outcome = decode(Array(canned.wire.prefix(count)))
                #expect(outcome.values.isEmpty && outcome.violation == nil)
                #expect(outcome.isBetweenReplies == (count == 0), "\(canned) at \(count)")
            }
        }
    }

    @Test func `nothing is delivered without bytes`() throws {
        var decoder = RESPDecoder()
        decoder.feed([])
        let value = try decoder.next()
        #expect(value == nil)
        let isBetween = decoder.isBetweenReplies
        #expect(isBetween)
    }
}
