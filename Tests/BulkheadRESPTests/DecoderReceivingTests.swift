import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Testing

@Suite struct DecoderReceivingTests {
    @Test func `zero and negative answers pass through and append nothing`() throws {
        var decoder = RESPDecoder()
        decoder.feed("$40000\r\n".utf8)
        // Before the header is read, and inside the large string it opens.
        for _ in 0..<2 {
            for answer in [0, -1, -104, Int.min] {
                let passed = decoder.receive { _ in answer }
                #expect(passed == answer)
            }
            _ = try decoder.next()
        }
        let content = pattern(40_000)
        decoder.feed(content)
        for answer in [0, -1, Int.min] {
            let passed = decoder.receive { _ in answer }
            #expect(passed == answer)
        }
        decoder.feed("\r\n:1\r\n".utf8)
        let string = try decoder.next()
        #expect(string?.bytes?.holds(content) == true)
        let integer = try decoder.next()
        #expect(integer == .integer(1))
        let offset = decoder.offset
        #expect(offset == 8 + 40_000 + 2 + 4)
    }

    @Test func `the space lent is never empty and what is written there arrives`() throws {
        let contents = (0..<300).map { pattern($0 * 97 % 30_000, seed: $0) }
        let wire = contents.flatMap { bulk($0) }
        var decoder = RESPDecoder()
        var generator = SeededGenerator(seed: 7)
        var values: [RESPValue] = []
        var sent = 0
        while sent < wire.count {
            let wish = 1 + generator.below(20_000)
            var lent = 0
            let count = decoder.receive { space in
                lent = space.count
                let upper = min(wire.count, sent + min(wish, space.count))
                wire.withUnsafeBytes { space.copyBytes(from: $0[sent..<upper]) }
                return upper - sent
            }
            #expect(lent > 0 && count > 0)
            sent += count
            while let value = try decoder.next() { values.append(value) }
        }
        #expect(values.count == contents.count)
        for (value, content) in zip(values, contents) { #expect(value.bytes?.holds(content) == true) }
    }

    #if os(Linux) || os(macOS)
    @Test func `an answer of more than was lent ends the process before memory is read`() async {
        await #expect(processExitsWith: .failure) {
            var decoder = RESPDecoder()
            _ = decoder.receive { $0.count + 1 }
        }
        await #expect(processExitsWith: .failure) {
            var decoder = RESPDecoder()
            decoder.feed("$20000\r\n".utf8)
            _ = try decoder.next()
            _ = decoder.receive { $0.count + 1 }
        }
    }
    #endif

    @Test func `feeding much before asking loses nothing`() {
        let contents = (0..<500).map { pattern($0 * 61 % 20_000, seed: $0) }
        let outcome = decode(contents.flatMap { bulk($0) })
        #expect(outcome.values.count == contents.count)
        for (value, content) in zip(outcome.values, contents) { #expect(value.bytes?.holds(content) == true) }
    }

    @Test func `a string that is half received is not between replies`() throws {
        for wire in ["$5\r\nhel", "$20000\r\n", "$20000\r\nabc", "*1\r\n", "|0\r\n", "$?\r\n", "+"] {
            var decoder = RESPDecoder()
            decoder.feed(wire.utf8)
            let value = try decoder.next()
            #expect(value == nil)
            let isBetween = decoder.isBetweenReplies
            #expect(!isBetween, "\(wire)")
        }
    }
}
