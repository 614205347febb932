import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct ScanPageTests {
    @Test func `options are sent where they are given`() {
        #expect(words(.scanPage(.start)) == ["SCAN", "0"])
        #expect(
            words(.scanPage(.start, match: "doc:*", count: 100, type: "hash"))
                == ["SCAN", "0", "MATCH", "doc:*", "COUNT", "100", "TYPE", "hash"])
        #expect(words(.hscanPage("h", .start, match: "f*")) == ["HSCAN", "h", "0", "MATCH", "f*"])
        #expect(words(.sscanPage("s", .start, count: 5)) == ["SSCAN", "s", "0", "COUNT", "5"])
        #expect(words(.zscanPage("z", .start)) == ["ZSCAN", "z", "0"])
    }

    @Test func `a cursor may need all 64 bits, and goes back as it came`() throws {
        let page = try reply(.array([.bulk("18446744073709551615"), .bulks("a")]), to: .scanPage(.start))
        #expect(page.elements == ["a"])
        let cursor = try #require(page.cursor)
        #expect(words(.scanPage(cursor)) == ["SCAN", "18446744073709551615"])
    }

    @Test func `cursor 0 is the end, and an empty page is not`() throws {
        let last = try reply(.array([.bulk("0"), .bulks("a", "b")]), to: .sscanPage("s", .start))
        #expect(last.cursor == nil)
        #expect(last.elements == ["a", "b"])
        let empty = try reply(.array([.bulk("5"), .array([])]), to: .scanPage(.start))
        #expect(empty.cursor != nil)
        #expect(empty.elements.isEmpty)
    }

    @Test func `fields come with values, members with scores, flat or in pairs`() throws {
        let fields = try reply(
            .array([.bulk("0"), .bulks("a", "1", "b", "2")]), to: .hscanPage("h", .start, as: Int.self))
        #expect(fields.elements.map(\.name) == ["a", "b"])
        #expect(fields.elements.map(\.value) == [1, 2])
        let map = try reply(
            .array([.bulk("0"), .pairs((.bulk("a"), .bulk("1")))]), to: .hscanPage("h", .start, as: Int.self))
        #expect(map.elements.map(\.name) == ["a"])
        let flat = try reply(.array([.bulk("0"), .bulks("a", "1.5")]), to: .zscanPage("z", .start))
        #expect(flat.elements == [RedisScored("a", score: 1.5)])
        let pairs = try reply(
            .array([.bulk("0"), .array([.array([.bulk("a"), .double(1.5)])])]), to: .zscanPage("z", .start))
        #expect(pairs.elements == flat.elements)
    }

    @Test func `a page without a cursor is refused`() {
        #expect(throws: RedisConversionError(expected: "a cursor and a page", found: "an array of 1")) {
            try reply(.bulks("0"), to: .scanPage(.start))
        }
        #expect(throws: RedisConversionError(expected: "a cursor of 64 bits", found: "a bulk string of 6 bytes")) {
            try reply(.array([.bulk("secret"), .array([])]), to: .scanPage(.start))
        }
    }
}
