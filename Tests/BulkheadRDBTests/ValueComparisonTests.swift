import BulkheadRDB
import Testing

@Suite("Comparing values") struct ValueComparisonTests {
    private static func field(_ name: String, _ value: String, _ expiresAt: Int64? = nil) -> RDBHashField {
        RDBHashField(name: bytes(name), value: bytes(value), expiresAt: expiresAt)
    }

    private static func scored(_ member: String, _ score: Double) -> RDBScoredMember {
        RDBScoredMember(member: bytes(member), score: score)
    }

    private static func strings(_ texts: String...) -> [[UInt8]] { texts.map { bytes($0) } }

    private static var stream: RDBStream {
        let id = RDBStream.ID(5, 1)
        return RDBStream(
            entries: [
                RDBStream.Entry(id: id, fields: [.init(name: bytes("a"), value: bytes("1"))]),
                RDBStream.Entry(id: .init(6, 0), fields: [.init(name: bytes("a"), value: bytes("2"))]),
            ],
            length: 2, lastID: .init(6, 0), firstID: id, maxDeletedID: .init(5, 0), entriesAdded: 3,
            groups: [
                RDBStream.Group(
                    name: bytes("g"), lastID: .init(6, 0), entriesRead: 3,
                    pending: [
                        .init(id: id, deliveredAt: 10, deliveries: 1),
                        .init(id: .init(6, 0), deliveredAt: 11, deliveries: 1),
                    ],
                    consumers: [
                        .init(name: bytes("c"), seenAt: 1, activeAt: 1, pending: [id]),
                        .init(name: bytes("d"), seenAt: 1, activeAt: 1, pending: [.init(6, 0)]),
                    ])
            ])
    }

    private static func changed(_ change: (inout RDBStream) -> Void) -> RDBValue {
        var stream = stream
        change(&stream)
        return .stream(stream)
    }

    private static var vectors: RDBVectorSet {
        RDBVectorSet(
            dimension: 2, quantisation: .int8, links: 16, projection: nil,
            elements: [
                .init(name: bytes("a"), vector: [1, 2], norm: 1, range: 0.5, attributes: []),
                .init(name: bytes("b"), vector: [3, 4], norm: .nan, range: 0.5, attributes: bytes("{}")),
            ])
    }

    private static func changed(_ change: (inout RDBVectorSet) -> Void) -> RDBValue {
        var vectors = vectors
        change(&vectors)
        return .vectorSet(vectors)
    }

    private static var same: [(RDBValue, RDBValue)] {
        [
            (.string([]), .string([])),
            (.set(strings("a", "b")), .set(strings("b", "a"))),
            (.sortedSet([scored("a", 0), scored("b", 1)]), .sortedSet([scored("b", 1), scored("a", -0.0)])),
            (.hash([field("a", "1", 5), field("b", "2")]), .hash([field("b", "2"), field("a", "1", 5)])),
            (.stream(stream), changed { $0.groups[0].consumers[0].seenAt = 99 }),
            (.stream(stream), changed { $0.groups[0].consumers[0].activeAt = 99 }),
            (.stream(stream), changed { $0.groups[0].consumers.reverse() }),
            (
                changed { (stream: inout RDBStream) in stream.entries = [] },
                changed {
                    $0.entries = []
                    $0.firstID = .init(.max, .max)
                }
            ),
            (.vectorSet(vectors), changed { $0.elements.reverse() }),
        ]
    }

    @Test func `values are equivalent whatever the order that they were written in`() {
        for (left, right) in Self.same {
            #expect(left.isEquivalent(to: right) && right.isEquivalent(to: left), "\(left.typeName)")
            #expect(left.canonicalDigest == right.canonicalDigest)
            #expect(left.difference(from: right) == nil)
        }
    }

    private static var different: [(RDBValue, RDBValue, String)] {
        [
            (.string(bytes("a")), .list(strings("a")), "the left is of type string and the right of type list"),
            (.list(strings("a")), .set(strings("a")), "the left is of type list and the right of type set"),
            (.string(bytes("abc")), .string(bytes("ab")), "the left has 3 bytes and the right 2"),
            (.string(bytes("abc")), .string(bytes("abd")), "byte 2 of 3 differs"),
            (.string(bytes("abc")), .string(bytes("bbd")), "2 of 3 bytes differ, byte 0 first"),
            (.list(strings("a", "b")), .list(strings("a", "c")), "element 1 differs"),
            (.list(strings("a", "b")), .list(strings("b", "a")), "2 elements differ, element 0 first"),
            (.list(strings("a", "b")), .list(strings("a")), "the left has 2 elements and the right 1"),
            (.list(strings("ab", "c")), .list(strings("a", "bc")), "2 elements differ, element 0 first"),
            (.set(strings("a", "b")), .set(strings("a")), "1 member is only in the left"),
            (
                .set(strings("a", "b")), .set(strings("a", "c", "d")),
                "1 member is only in the left, 2 are only in the right"
            ),
            (.sortedSet([scored("a", 1)]), .sortedSet([scored("a", 2)]), "1 of 1 members have another score"),
            (
                .hash([field("a", "1"), field("b", "2")]), .hash([field("a", "1"), field("b", "3")]),
                "1 of 2 fields differ"
            ),
            (.hash([field("a", "1", 5)]), .hash([field("a", "1")]), "only the left has a time on a field"),
            (.hash([field("a", "1")]), .hash([field("a", "1", 5)]), "only the right has a time on a field"),
            (
                .hash([field("a", "1", 4), field("b", "", 4)]), .hash([field("a", "2", 5), field("b", "", 5)]),
                "1 of 2 fields differ, both have another time on 2 fields"
            ),
            (.stream(stream), changed { $0.entries[0].fields[0].value = [] }, "1 of 2 entries differ"),
            (.stream(stream), changed { $0.entries[0].fields[0].name = [] }, "1 of 2 entries differ"),
            (
                .stream(stream), changed { $0.entries[0].id = .init(5, 2) },
                "1 entry is only in the left, 1 is only in the right"
            ),
            (.stream(stream), changed { $0.length = 3 }, "the length differs"),
            (.stream(stream), changed { $0.lastID = .init(7, 0) }, "the last id differs"),
            (.stream(stream), changed { $0.firstID = .init(4, 0) }, "the first id differs"),
            (.stream(stream), changed { $0.maxDeletedID = .zero }, "the largest deleted id differs"),
            (.stream(stream), changed { $0.entriesAdded = 4 }, "the count of entries ever added differs"),
            (.stream(stream), changed { $0.groups = [] }, "1 group is only in the left"),
            (.stream(stream), changed { $0.groups[0].lastID = .zero }, "1 of 1 groups differ in the last id"),
            (.stream(stream), changed { $0.groups[0].entriesRead = nil }, "1 of 1 groups differ in the entries read"),
            (
                .stream(stream), changed { $0.groups[0].pending[0].deliveries = 2 },
                "1 of 1 groups differ in pending entries"
            ),
            (
                .stream(stream), changed { $0.groups[0].pending[0].deliveredAt = 9 },
                "1 of 1 groups differ in pending entries"
            ),
            (
                .stream(stream), changed { $0.groups[0].consumers[1].name = bytes("e") },
                "1 of 1 groups differ in consumers"
            ),
            (.vectorSet(vectors), changed { $0.elements[0].vector[0] = 9 }, "1 of 2 elements differ"),
            (.vectorSet(vectors), changed { $0.elements[0].attributes = [1] }, "1 of 2 elements differ"),
            (.vectorSet(vectors), changed { $0.elements[0].norm = 2 }, "1 of 2 elements differ"),
            (.vectorSet(vectors), changed { $0.elements[0].range = 2 }, "1 of 2 elements differ"),
            (
                .vectorSet(vectors), changed { $0.elements[0].name = [] },
                "1 element is only in the left, 1 is only in the right"
            ),
            (.vectorSet(vectors), changed { $0.links = 8 }, "the dimension, quantisation, links or projection differ"),
            (
                .module(RDBModuleValue(name: "abcdefghi", encodingVersion: 0, bytes: [0])),
                .module(RDBModuleValue(name: "abcdefghi", encodingVersion: 1, bytes: [0])),
                "the module values have other versions (0 and 1)"
            ),
            (
                .module(RDBModuleValue(name: "abcdefghi", encodingVersion: 0, bytes: [0])),
                .module(RDBModuleValue(name: "abcdefghi", encodingVersion: 0, bytes: [2, 1, 0])),
                "the bytes of the module values differ (1 and 3 bytes)"
            ),
        ]
    }

    @Test func `a change in any part is seen, and reported without what the value holds`() {
        for (left, right, words) in Self.different {
            #expect(!left.isEquivalent(to: right) && !right.isEquivalent(to: left), "\(words)")
            #expect(left.canonicalDigest != right.canonicalDigest, "\(words)")
            #expect(left.difference(from: right) == words)
        }
    }
}
