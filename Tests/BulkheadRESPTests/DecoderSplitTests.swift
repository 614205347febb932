import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Testing

@Suite struct DecoderSplitTests {
    @Test(arguments: Corpus.all)
    func `a reply cut in two anywhere is the same`(canned: Canned) {
        let whole = decode(canned.wire)
        for cut in 1..<canned.wire.count {
            var sizes = [cut, canned.wire.count - cut][...]
            #expect(decode(canned.wire) { sizes.removeFirst() } == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: Corpus.all)
    func `a reply in pieces of any one size is the same`(canned: Canned) {
        let whole = decode(canned.wire)
        for size in 1...canned.wire.count {
            #expect(decode(canned.wire) { size } == whole, "pieces of \(size)")
        }
    }

    @Test func `replies back to back stay apart however they are cut`() {
        let wire = Corpus.all.flatMap(\.wire)
        let expected = Outcome(values: Corpus.all.map(\.value), offset: wire.count)
        #expect(decode(wire) == expected)
        for size in Array(1...40) + [100, 999, 4095, 4096] {
            #expect(decode(wire) { size } == expected, "pieces of \(size)")
        }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            #expect(decode(wire) { 1 + generator.below(60) } == expected)
        }
    }

    @Test func `the corpus a hundred times over outlives the receive buffer`() {
        let once = Corpus.all.flatMap(\.wire)
        let wire = Array(repeatElement(once, count: 100).joined())
        let expected = Outcome(
            values: Array(repeatElement(Corpus.all.map(\.value), count: 100).joined()), offset: wire.count)
        for size in [61, 1_021, 4_099, 70_001, wire.count] {
            #expect(decode(wire) { size } == expected, "pieces of \(size)")
        }
    }

    @Test func `any collection of bytes can be fed`() throws {
        var decoder = RESPDecoder()
        decoder.feed("*2\r\n".utf8)
        decoder.feed([UInt8]("xx:1\r\n".utf8)[2...])
        decoder.feed("\n\r2:".utf8.reversed())
        let value = try decoder.next()
        #expect(value == .array([.integer(1), .integer(2)]))
    }

    @Test func `the offset counts what whole replies and finished parts consumed`() throws {
        var decoder = RESPDecoder()
        var seen: [Int] = []
        for piece in ["+OK\r", "\n", "*2\r\n", ":1", "\r\n:", "2\r\n"] {
            decoder.feed(piece.utf8)
            while try decoder.next() != nil {}
            seen.append(decoder.offset)
        }
        #expect(seen == [0, 5, 9, 9, 13, 17])
    }
}
