import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestSupport
import Testing

/// What Redis 8.6 to 8.10 write, after what was published of it: no server here wrote any of it.
@Suite("The newest snapshots") struct NewestFormatTests {
    private static func body(_ write: (inout BodyWriter) -> Void, _ choose: @escaping (Int) -> Int) -> [UInt8] {
        var writer = BodyWriter(choose)
        write(&writer)
        return writer.bytes
    }

    private static let apart: [RDBType] = [
        .hashTemplateListpack, .hashTemplateListpackReference, .hashTemplateArray, .hashTemplateArrayReference,
    ]

    @Test(arguments: 0..<4)
    func `streams, arrays and hashes with names apart end where they do, at any split`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = RandomValues(longest: 40) { random.below($0) }
        var choices = SeededGenerator(seed: seed + 9)
        for _ in 0..<12 {
            let stream = values.newestStream()
            let always = RDBHashField(name: bytes("a name that is always there"), value: bytes("v"))
            let fields = values.hash(times: false) + [always]
            let writer = BodyWriter { choices.below($0) }
            var bodies: [(RDBType, [UInt8])] = [
                (.array, try #require(RDBValue.array(values.array()).body(.array, .redis, writer))),
                (.stream5, try #require(RDBValue.stream(stream).body(.stream5, .redis, writer))),
            ]
            for type in Self.apart {
                bodies.append((type, Self.body({ $0.hash(fields, apart: type, template: 7) }) { choices.below($0) }))
            }
            let template = [0xf2] + Self.body({ $0.template(7, fields) }) { choices.below($0) }
            let records = bodies.map { [$0.rawValue] + short("key") + $1 }
            let file = snapshot("REDIS0015", template, select(0), Array(records.joined()), string("after"))
            let whole = Reading(file)
            try #require(whole.violation == nil)
            #expect(whole.entries.map(\.body) == bodies.map(\.1) + [short("v")])
            #expect(whole.entries.last?.key == bytes("after"))
            for size in [1, 2, 5, 64] { #expect(Reading(file) { size } == whole) }
        }
    }

    @Test func `a hash is the same whether its names are in a template, before its values or among them`() throws {
        let fields = [("a", "1"), ("name", "x"), ("e-mail", "70000")].map {
            RDBHashField(name: bytes($0.0), value: bytes($0.1))
        }
        var templates = RDBHashTemplates()
        try templates.add(Self.body({ $0.template(3, fields) }) { _ in 0 })
        for type in Self.apart {
            for way in 0..<2 {
                let body = Self.body({ $0.hash(fields, apart: type, template: 3) }) { min(way, $0 - 1) }
                let plain = try templates.plain(type, body)
                #expect(try decode(.hash, plain).isEquivalent(to: .hash(fields)))
                #expect(throws: RDBViolation.self) { try templates.plain(type, body + [0]) }
            }
        }
        // What DUMP gives holds its names itself.
        let dumped = Self.body({ $0.hash(fields, apart: .hashTemplateArray, template: 0) }) { _ in 0 }
        #expect(try decode(.hashTemplateArray, dumped).isEquivalent(to: .hash(fields)))
        let reference = Self.body({ $0.hash(fields, apart: .hashTemplateArrayReference, template: 4) }) { _ in 0 }
        #expect(throws: RDBViolation.self) { try templates.plain(.hashTemplateArrayReference, reference) }
        #expect(violation(.hashTemplateArrayReference, reference)?.kind == .unknownType)
    }

    @Test func `a hash without its template, a template again and an empty one are damage`() {
        let hash = [32] + short("h") + [9] + short("v")
        let one: [UInt8] = [0xf2, 9, 1] + short("f")
        for records in [[hash], [one, one], [[0xf2, 9, 0]]] {
            let file = snapshot("REDIS0015", Array(records.joined()))
            #expect(Reading(file).violation?.kind == .malformed)
        }
        #expect(Reading(snapshot("REDIS0015", one, hash)).violation == nil)
    }

    @Test func `metadata of a key belongs to its record, and is Redis's`() throws {
        let metadata = Self.body({ $0.metadata([bytes("tag"), []]) }) { _ in 0 }
        let record = [0xfc] + littleEndian(Int64(5)) + metadata + string("k")
        let file = snapshot("REDIS0013", select(0), record, string("l"))
        let whole = Reading(file)
        try #require(whole.violation == nil)
        #expect(whole.entries.map(\.hasMetadata) == [true, false])
        #expect(whole.entries[0].head + whole.entries[0].body == record)
        for size in 1...file.count { #expect(Reading(file) { size } == whole) }
        #expect(Reading(snapshot("REDIS0013", select(0), metadata + metadata + string("k"))).violation != nil)
    }

    @Test func `a cut keeps templates and metadata`() throws {
        let template: [UInt8] = [0xf2, 9, 1] + short("f")
        let hash: [UInt8] = Self.body({ $0.metadata([[1]]) }) { _ in 0 } + [32] + short("h") + [9] + short("v")
        let file = snapshot("REDIS0015", template, select(0), string("other"), select(3), hash)
        let cut = Reading(try filtered(file, [RDBFilter.Cut(3)], block: file.count)[0].file)
        #expect(cut.violation == nil)
        #expect(cut.entries.map { $0.head + $0.body } == [hash])
        #expect(cut.events.contains(.hashTemplate(head: [0xf2, 9, 1], body: short("f"))))
    }

    @Test func `a group's entries that were given back are compared, and so is what producers added`() throws {
        var random = SeededGenerator(seed: 5)
        let values = RandomValues(longest: 20) { random.below($0) }
        var differing = 0
        for _ in 0..<40 {
            let stream = values.newestStream()
            var other = stream
            other.producers = []
            let isSame = RDBValue.stream(stream).isEquivalent(to: .stream(other))
            #expect(isSame == stream.producers.isEmpty)
            if !isSame {
                differing += 1
                #expect(RDBValue.stream(stream).difference(from: .stream(other))?.contains("producer") == true)
            }
        }
        #expect(differing > 0)
    }

    @Test(
        arguments: [
            (0.5, "0.5"), (-0.0, "-0.0"), (1, "1.0"), (1e22, "10000000000000000000000.0"), (1.5e-7, "0.00000015"),
            (-123_456_789.25, "-123456789.25"), (9_007_199_254_740_994, "9007199254740994.0"),
        ] as [(Double, String)])
    func `a double in an array is a text with a point and without an exponent`(number: Double, text: String) throws {
        let body: [UInt8] = [1, 0, 5, 2] + littleEndian(number.bitPattern)
        let element = RDBArray.Element(place: 5, bytes: bytes(text))
        #expect(try decode(.array, body) == .array(RDBArray(elements: [element])))
    }
}
