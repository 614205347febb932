import BulkheadRDB
import Testing

/// Each encoding by bytes written by hand, so that no writer of ours stands between the format and the reader.
@Suite("Encodings of values, by hand") struct ValueEncodingTests {
    private static let strings: [(body: String, value: String)] = [
        ("00", ""), ("03 616263", "abc"), ("4003 616263", "abc"), ("80 00000003 616263", "abc"),
        ("81 0000000000000003 616263", "abc"), ("c0 7f", "127"), ("c0 80", "-128"), ("c1 0080", "-32768"),
        ("c1 ff7f", "32767"), ("c2 00000080", "-2147483648"), ("c2 ffffff7f", "2147483647"),
        // Two bytes as they are, then a copy of 10 that reaches into itself.
        ("c3 06 0c 01 6162 e0 01 01", "abababababab"),
        // A copy of 3 from the start.
        ("c3 06 06 02 616263 20 02", "abcabc"),
    ]

    @Test(arguments: strings)
    func `a string is bytes, an integer or compressed`(body: String, value: String) throws {
        #expect(try decode(.string, hex(body)) == .string(bytes(value)))
    }

    @Test func `a plain list and set are a length and strings`() throws {
        let body = hex("03 0161 c0ff 00")
        #expect(try decode(.list, body) == .list([bytes("a"), bytes("-1"), []]))
        #expect(try decode(.set, body) == .set([bytes("a"), bytes("-1"), []]))
    }

    @Test func `a listpack has strings and integers of every width`() throws {
        let elements = hex(
            """
            00 01  7f 01  8161 02  80 01  dfff 02  cfff 02  d000 02  e00161 03  f00100000061 06
            f10080 03  f2000080 04  f300000080 05  f40000000000000080 09
            """)
        let listpack = hex("\(hexCount(elements.count + 7)) 0d00") + elements + [0xff]
        let expected = [
            "0", "127", "a", "", "-1", "4095", "-4096", "a", "a", "-32768", "-8388608", "-2147483648",
            "-9223372036854775808",
        ].map { bytes($0) }
        #expect(try decode(.listQuicklist2, [1, 2] + short(listpack)) == .list(expected))
    }

    @Test func `a ziplist has strings and integers of every width`() throws {
        let elements = hex(
            """
            00 f1  02 fd  02 0161  03 00  02 400161  04 800000000161  07 feff  03 c00080
            04 f0000080  05 d000000080  06 e00000000000000080
            """)
        let tail = elements.count - 10
        let ziplist = hex("\(hexCount(elements.count + 11)) \(hexCount(tail + 10)) 0b00") + elements + [0xff]
        let expected = [
            "0", "12", "a", "", "a", "a", "-1", "-32768", "-8388608", "-2147483648", "-9223372036854775808",
        ].map { bytes($0) }
        #expect(try decode(.listZiplist, short(ziplist)) == .list(expected))
        #expect(try decode(.listQuicklist, [2] + short(ziplist) + short(ziplist)) == .list(expected + expected))
    }

    /// Four bytes, for a count below 256.
    private func hexCount(_ count: Int) -> String {
        (count < 16 ? "0" : "") + String(count, radix: 16) + "000000"
    }

    @Test func `a node of a quicklist may be one plain element`() throws {
        #expect(try decode(.listQuicklist2, hex("02 01 03616263 01 c005")) == .list([bytes("abc"), bytes("5")]))
    }

    @Test func `an intset has integers of one width`() throws {
        let narrow = short(hex("02000000 02000000 0080 ff7f"))
        #expect(try decode(.setIntset, narrow) == .set([bytes("-32768"), bytes("32767")]))
        #expect(try decode(.setIntset, short(hex("04000000 01000000 00000080"))) == .set([bytes("-2147483648")]))
        #expect(
            try decode(.setIntset, short(hex("08000000 01000000 ffffffffffffff7f")))
                == .set([bytes("9223372036854775807")]))
    }

    @Test func `a zipmap has fields with spare bytes behind their values`() throws {
        let first = [3] + bytes("foo") + [3, 2] + bytes("bar!!")
        let zipmap = [2] + first + [5] + bytes("hello") + [5, 0] + bytes("world") + [255]
        #expect(
            try decode(.hashZipmap, short(zipmap))
                == .hash([
                    RDBHashField(name: bytes("foo"), value: bytes("bar")),
                    RDBHashField(name: bytes("hello"), value: bytes("world")),
                ]))
    }

    @Test func `scores are text, doubles or packed`() throws {
        #expect(
            try decode(.sortedSet, hex("04 0161 03312e35 0162 fe 0163 ff 0164 022d30"))
                == .sortedSet([scored("a", 1.5), scored("b", .infinity), scored("c", -.infinity), scored("d", -0.0)]))
        #expect(try decode(.sortedSet2, hex("01 0161 000000000000f83f")) == .sortedSet([scored("a", 1.5)]))
        let listpack = hex("18000000 0400 8161 02 83312e35 04 8162 02 84 2d696e66 05 ff")
        #expect(
            try decode(.sortedSetListpack, short(listpack))
                == .sortedSet([scored("a", 1.5), scored("b", -.infinity)]))
    }

    private func scored(_ member: String, _ score: Double) -> RDBScoredMember {
        RDBScoredMember(member: bytes(member), score: score)
    }

    @Test func `times of fields are relative in one type and absolute in the others`() throws {
        let expected = RDBValue.hash([
            RDBHashField(name: bytes("a"), value: bytes("1"), expiresAt: 1_000),
            RDBHashField(name: bytes("b"), value: bytes("2")),
            RDBHashField(name: bytes("c"), value: bytes("3"), expiresAt: 1_005),
        ])
        let relative = hex("e803000000000000 03 01 0161 0131 00 0162 0132 06 0163 0133")
        #expect(try decode(.hashMetadata, relative) == expected)
        let absolute = hex("03 43e8 0161 0131 00 0162 0132 43ed 0163 0133")
        #expect(try decode(.hashMetadataBefore74, absolute) == expected)
        let listpack = short(
            hex("21000000 0900 8161 02 8131 02 c3e8 02 8162 02 8132 02 00 01 8163 02 8133 02 c3ed 02 ff"))
        #expect(try decode(.hashListpackBefore74, listpack) == expected)
        #expect(try decode(.hashListpackEx, hex("e803000000000000") + listpack) == expected)
        // The same number, by another server.
        let valkey = hex(
            "03 0161 0131 e803000000000000 0162 0132 ffffffffffffffff 0163 0133 ed03000000000000")
        #expect(try decode(.valkeyHash2, valkey, .valkey) == expected)
        #expect(violation(.valkeyHash2, absolute, .valkey) != nil)
        #expect(violation(.hashMetadataBefore74, valkey, .redis) != nil)
    }

    @Test func `a stream's entries share the fields of their node, or have their own, and deleted ones are left out`()
        throws
    {
        // Master: 2 entries, 1 deleted, field f. Entries +0-0 (same), +1-0 (deleted), +1-2 (own fields g, h).
        let items = hex(
            """
            02 01  01 01  01 01  8166 02  00 01
            02 01  00 01  00 01  8131 02  04 01
            03 01  01 01  00 01  8132 02  04 01
            00 01  01 01  02 01  02 01  8167 02  8133 02  8168 02  8134 02  08 01
            """)
        let listpack = [UInt8(items.count + 7), 0, 0, 0, 24, 0] + items + [0xff]
        let id = hex("0000000000000005 0000000000000007")
        let pending = hex("01") + id + hex("0a00000000000000 03")
        let group = hex("0167 06 09 02") + pending + hex("01 0163 0b00000000000000 0c00000000000000 01") + id
        let body = [1] + short(id) + short(listpack) + hex("02 06 09 05 07 06 07 03 01") + group
        let stream = RDBStream(
            entries: [
                RDBStream.Entry(id: .init(5, 7), fields: [.init(name: bytes("f"), value: bytes("1"))]),
                RDBStream.Entry(
                    id: .init(6, 9),
                    fields: [
                        .init(name: bytes("g"), value: bytes("3")), .init(name: bytes("h"), value: bytes("4")),
                    ]),
            ],
            length: 2, lastID: .init(6, 9), firstID: .init(5, 7), maxDeletedID: .init(6, 7), entriesAdded: 3,
            groups: [
                RDBStream.Group(
                    name: bytes("g"), lastID: .init(6, 9), entriesRead: 2,
                    pending: [.init(id: .init(5, 7), deliveredAt: 10, deliveries: 3)],
                    consumers: [.init(name: bytes("c"), seenAt: 11, activeAt: 12, pending: [.init(5, 7)])])
            ])
        #expect(try decode(.stream3, body) == .stream(stream))
    }

    @Test func `a module's name and version are in its id, and its items are kept as they are`() throws {
        // The id of "vectorset" version 0, as Redis 8.2.3 wrote it, tells how names are packed.
        #expect(RDBModuleValue.name(of: 0xbde7_2da2_bb1e_b400) == "vectorset")
        let items = hex("02 05  05 03616263  04 000000000000f03f  03 0000803f  01 07 00")
        let body = hex("81 bde72da2bb1eb403") + items
        #expect(
            try decode(.module2, body)
                == .module(RDBModuleValue(name: "vectorset", encodingVersion: 3, bytes: items)))
    }
}
