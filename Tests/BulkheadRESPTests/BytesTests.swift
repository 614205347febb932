import BulkheadRESP
import BulkheadRESPComparison
import Testing

@Suite struct BytesTests {
    /// The same bytes in a block of their own, in a receive buffer behind others, and in a large block.
    private func threeHomes(of content: [UInt8]) throws -> [RESPBytes] {
        let values = decode(Array("+before\r\n".utf8) + bulk(content) + bulk(content)).values
        try #require(values.count == 3)
        return [RESPBytes(content)] + values.dropFirst().compactMap(\.bytes)
    }

    @Test func `equal bytes are equal and hash alike wherever they are stored`() throws {
        for content in [[], [0], pattern(100), pattern(20_000)] {
            let homes = try threeHomes(of: content)
            #expect(homes.count == 3)
            #expect(Set(homes).count == 1)
            for home in homes {
                #expect(home == homes[0] && home.hashValue == homes[0].hashValue)
                #expect(home.detached() == home)
                #expect(Array(home) == content)
            }
        }
    }

    @Test func `different bytes differ`() {
        #expect(RESPBytes("abc") != "abd")
        #expect(RESPBytes("abc") != "ab")
        #expect(RESPBytes("") != [0])
        #expect(Set<RESPBytes>(["a", "b", "a", "", "ab"]).count == 4)
    }

    @Test func `text is the bytes as UTF-8 or nothing`() {
        #expect(RESPBytes("grüße 🧱").text == "grüße 🧱")
        #expect(RESPBytes().text == "")
        #expect(RESPBytes([0]).text == "\0")
        #expect(RESPBytes([0x61, 0xff]).text == nil)
        #expect(RESPBytes([0xc3]).text == nil)
        #expect(RESPBytes([0xc0, 0x80]).text == nil)
        #expect(RESPBytes([0xed, 0xa0, 0x80]).text == nil)
    }

    @Test func `a description escapes what is not text`() {
        #expect(RESPBytes("plain ü").description == "plain ü")
        #expect(RESPBytes([0x61, 0xff, 0x0a, 0x00, 0x7f]).description == #"a\xff\x0a\x00\x7f"#)
    }

    @Test func `bytes are a random-access collection`() throws {
        for bytes in try threeHomes(of: Array("0123456789".utf8)) {
            #expect(bytes.count == 10 && bytes.startIndex == 0 && bytes.endIndex == 10 && !bytes.isEmpty)
            #expect(bytes.first == UInt8(ascii: "0") && bytes.last == UInt8(ascii: "9"))
            #expect(bytes[5] == UInt8(ascii: "5"))
            let slice = bytes[2..<5]
            #expect(slice.startIndex == 2 && slice.elementsEqual("234".utf8))
            #expect(RESPBytes(slice) == "234")
            #expect(slice.first == UInt8(ascii: "2") && slice[3] == UInt8(ascii: "3"))
            #expect(bytes.dropFirst(8).elementsEqual("89".utf8) && bytes.suffix(1).elementsEqual("9".utf8))
            #expect(Array(bytes.reversed()) == Array("9876543210".utf8))
            #expect(bytes.withContiguousStorageIfAvailable { Array($0) } == Array("0123456789".utf8))
            #expect(bytes.withUnsafeBytes { Array($0) } == Array("0123456789".utf8))
            #expect(String(decoding: bytes, as: UTF8.self) == "0123456789")
        }
        #expect(RESPBytes().isEmpty && RESPBytes().first == nil)
    }

    @Test func `bytes are made of any collection and of literals`() {
        #expect(RESPBytes([1, 2, 3]) == [1, 2, 3])
        #expect(RESPBytes(Array(1...9)[3...5]) == [4, 5, 6])
        #expect(RESPBytes([3, 2, 1].reversed()) == [1, 2, 3])
        #expect(RESPBytes("abcdef".dropFirst(2)) == "cdef")
        #expect(RESPBytes(repeatElement(UInt8(7), count: 3)) == [7, 7, 7])
    }

    @Test func `a body's error leaves withUnsafeBytes with its type`() {
        #expect(throws: NotOneReply.self) {
            try RESPBytes("a").withUnsafeBytes { bytes throws(NotOneReply) in
                throw NotOneReply(count: bytes.count)
            }
        }
    }
}

@Suite struct ValueTests {
    private let map = RESPMap([
        (.bulk("a"), .integer(1)), (.simple("b"), .integer(2)), (.verbatim("txt", "c"), .integer(3)),
        (.integer(4), .integer(4)), (.bulk("a"), .integer(5)), (.error("e"), .integer(6)),
    ])

    @Test func `a map finds the first value of a name`() {
        #expect(map["a"] == .integer(1))
        #expect(map["b"] == .integer(2))
        #expect(map["c"] == .integer(3))
        #expect(map["e"] == nil && map["4"] == nil && map[""] == nil)
    }

    @Test func `a map is a collection of pairs in order`() {
        #expect(map.count == 6 && map.flat.count == 12)
        #expect(map[3].key == .integer(4) && map[3].value == .integer(4))
        #expect(map.map(\.value) == [1, 2, 3, 4, 5, 6].map { .integer($0) })
        #expect(RESPMap([]).isEmpty)
        #expect(RESPMap(["x": 1].map { (.bulk($0.key), .integer($0.value)) })["x"] == .integer(1))
    }

    @Test func `each value gives its strings, its error or its elements`() {
        #expect(RESPValue.bulk("a").bytes == "a" && RESPValue.simple("a").bytes == "a")
        #expect(RESPValue.bigNumber("12").bytes == "12" && RESPValue.verbatim("txt", "v").bytes == "v")
        #expect(RESPValue.error("E").bytes == nil && RESPValue.error("E").errorMessage == "E")
        #expect(RESPValue.bulkError("E").bytes == nil && RESPValue.bulkError("E").errorMessage == "E")
        #expect(RESPValue.bulk("a").errorMessage == nil && RESPValue.null.bytes == nil)
        #expect(RESPValue.set([.null]).elements == [.null] && RESPValue.push([]).elements == [])
        #expect(RESPValue.map(RESPMap([(.null, .integer(1))])).elements == [.null, .integer(1)])
        #expect(RESPValue.bulk("a").elements == nil)
        #expect(RESPValue.attribute(map, .attribute(map, .null)).withoutAttributes == .null)
    }

    @Test func `values are small`() {
        #expect(MemoryLayout<RESPBytes>.stride == 16)
        #expect(MemoryLayout<RESPValue>.stride == 24)
    }
}
