import BulkheadRDB
import Foundation
import BulkheadTestSupport
import Testing

@Suite("The limits of a reader of snapshots", .serialized) struct ReaderLimitsTests {
    private static func violation(
        _ record: [UInt8], _ limits: RDBLimits = RDBLimits(), magic: String = "REDIS0011"
    ) -> RDBViolation? {
        let bytes = snapshot(magic, record)
        let violation = Reading(bytes, limits: limits).violation
        #expect(Reading(bytes, limits: limits) { 1 }.violation == violation)
        return violation
    }

    @Test func `a key may be as long as its limit and no longer`() {
        let limits = RDBLimits(keyBytes: 5)
        #expect(Self.violation(string("12345"), limits) == nil)
        let tooLong = RDBViolation(.tooLong, at: 10, "a string of more than 5 bytes")
        #expect(Self.violation(string("123456"), limits) == tooLong)
        #expect(Self.violation(aux("123456", ""), limits)?.offset == 10)
        #expect(Self.violation(aux("1", "123456"), limits)?.offset == 12)
        // Three bytes that give six.
        #expect(Self.violation([0, 0xc3, 4, 6, 0, 97, 0x60, 0] + short("v"), limits)?.kind == .tooLong)
    }

    @Test func `a string may be as long as its limit and no longer`() {
        let limits = RDBLimits(stringBytes: 5)
        #expect(Self.violation(string("a key of any length", "12345"), limits) == nil)
        #expect(Self.violation(string("k", "123456"), limits)?.offset == 12)
        #expect(Self.violation([0] + short("k") + [0xc3, 6, 5], limits)?.offset == 12)
        #expect(Self.violation([0] + short("k") + [0xc3, 5, 6], limits)?.offset == 12)
    }

    @Test func `a collection may have as many elements as its limit and no more`() {
        let limits = RDBLimits(elements: 2)
        #expect(Self.violation(joined([2], short("k"), [2], short("a"), short("b")), limits) == nil)
        #expect(
            Self.violation(joined([2], short("k"), [3], short("a")), limits)
                == RDBViolation(.tooLong, at: 12, "a collection of more than 2 elements"))
    }

    @Test func `the number of a database has a limit`() {
        let limits = RDBLimits(database: 15)
        #expect(Self.violation(select(15), limits) == nil)
        let tooHigh = RDBViolation(.tooLong, at: 10, "the number of a database above 15")
        #expect(Self.violation(select(16), limits) == tooHigh)
    }

    @Test(
        arguments: [
            [0, 0x81, 255, 255, 255, 255, 255, 255, 255, 255], [0, 0x81, 127, 255, 255, 255, 255, 255, 255, 255],
            [0, 0xc3, 0x81, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            [0xfe, 0x81, 255, 255, 255, 255, 255, 255, 255, 255],
            [0xfb, 0x81, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            [0xf8, 0x81, 255, 255, 255, 255, 255, 255, 255, 255],
            [4, 1, 97, 0x81, 255, 255, 255, 255, 255, 255, 255, 255], [0xfa, 0x81, 200, 0, 0, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func `lengths of 64 bits do not overflow`(record: [UInt8]) {
        #expect(Self.violation(record)?.kind == .tooLong)
    }

    @Test(
        arguments: [
            ([0, 0x82], 10), ([0, 0xc4], 10), ([0xfe, 0xc0], 10), ([4, 1, 97, 0xc0], 12), ([0xfb, 1, 0xbf], 11),
            ([0xfc, 1, 2, 3, 4, 5, 6, 7, 8, 0xfe, 0], 18), ([0xf9, 1, 0xf9, 2], 11), ([0xf8, 1, 0xff], 11),
            ([0xf7, 1, 3, 1], 11), ([7, 1, 97, 1, 6], 13), ([18, 1, 97, 1, 0xc0], 13), ([0, 0xc3, 2, 5, 0x20, 0], 15),
        ] as [([UInt8], Int)])
    func `what contradicts the format is malformed, at its byte`(record: [UInt8], offset: Int) {
        let violation = Self.violation(record)
        #expect(violation?.kind == .malformed)
        #expect(violation?.offset == offset)
    }

    @Test func `compressed bytes that cannot give what they say allocate nothing`() {
        #expect(Self.violation([0, 0xc3, 3, 0x80, 0x1f, 0xff, 0xff, 0xff, 1, 2, 3])?.kind == .tooLong)
    }

    #if os(Linux)
    private static func memory() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (Int(pages[1]) ?? 0) * 4096
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `values of more than 100 MB stream through a filter in constant memory`() throws {
        var filter = RDBFilter([RDBFilter.Cut(0)])
        var taken: [UInt8] = []
        var written = 0
        func feed(_ bytes: [UInt8]) throws {
            _ = try bytes.withUnsafeBytes { try filter.feed($0) }
            filter.take(0, into: &taken)
            written += taken.count
        }
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        try feed(Array("REDIS0011".utf8) + select(0))
        // A string of 100 MB, and a hash of 262,144 fields that is 26 MB.
        try feed([0] + short("string") + length(100 << 20))
        let before = try Self.memory()
        for _ in 0..<100 { try feed(block) }
        try feed([4] + short("hash") + length(1 << 18))
        let fields = Array(repeatElement(short("field") + length(90) + block.prefix(90), count: 1 << 12).joined())
        for _ in 0..<64 { try feed(fields) }
        let grown = try Self.memory() - before
        #expect(grown < 32 << 20)
        #expect(filter.results[0].tally.types == ["string": 1, "hash": 1])
        #expect(throws: RDBViolation.self) { try filter.finish() }
        #expect(written == filter.consumed)
    }

    @Test func `lengths that are only said reserve nothing`() throws {
        let before = try Self.memory()
        for record in [[0] + length(500 << 20), [0xfa] + length(500 << 20), [0] + short("k") + length(500 << 20)] {
            for _ in 0..<200 {
                #expect(Reading(Array("REDIS0011".utf8) + record + [1, 2, 3]).violation?.kind == .truncated)
            }
        }
        #expect(try Self.memory() - before < 64 << 20)
    }
    #endif
}
