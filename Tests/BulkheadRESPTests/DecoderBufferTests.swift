import BulkheadRESP
import BulkheadTestSupport
import Testing

/// How large the receive buffer is, seen by the space that is lent.
@Suite struct DecoderBufferTests {
    /// The space lent for a receive of `count` bytes of `:1\r\n`, as many as there is space for.
    private func receive(_ count: Int, with decoder: inout RESPDecoder) throws -> Int {
        var lent = 0
        decoder.receive { space in
            lent = space.count
            let received = min(count, space.count) & ~3
            for index in 0..<received { space[index] = Array(":1\r\n".utf8)[index % 4] }
            return received
        }
        while let value = try decoder.next() { #expect(value == .integer(1)) }
        return lent
    }

    private func expectLent(
        _ kibibytes: Int, for count: Int, by decoder: inout RESPDecoder,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let lent = try receive(count, with: &decoder)
        #expect(lent == kibibytes << 10, sourceLocation: sourceLocation)
    }

    @Test func `the buffer is small until a receive fills it and when little comes again`() throws {
        var decoder = RESPDecoder()
        try expectLent(16, for: 4, by: &decoder)
        try expectLent(16, for: .max, by: &decoder)
        for _ in 0..<64 {
            try expectLent(64, for: 4, by: &decoder)
        }
        try expectLent(16, for: 4, by: &decoder)
    }

    @Test func `a receive that is not small keeps the buffer large`() throws {
        var decoder = RESPDecoder()
        _ = try receive(.max, with: &decoder)
        for _ in 0..<5 {
            for _ in 0..<50 {
                try expectLent(64, for: 4, by: &decoder)
            }
            try expectLent(64, for: 8_000, by: &decoder)
        }
    }

    @Test func `a long line does not leave a long buffer behind`() throws {
        var decoder = RESPDecoder()
        decoder.feed("+".utf8)
        decoder.feed([UInt8](repeating: UInt8(ascii: "x"), count: 700_000))
        decoder.feed("\r\n".utf8)
        let line = try decoder.next()
        #expect(line?.bytes?.count == 700_000)
        try expectLent(64, for: 4, by: &decoder)
    }

    @Test func `memory given back is taken again when bytes come`() throws {
        var decoder = RESPDecoder()
        _ = try receive(.max, with: &decoder)
        decoder.feed("$5\r\nhello\r\n".utf8)
        let kept = try decoder.next()
        decoder.releaseSpareMemory()
        try expectLent(16, for: 8, by: &decoder)
        let isBetween = decoder.isBetweenReplies
        #expect(isBetween)
        #expect(kept == .bulk("hello"))
    }

    @Test func `giving memory back in the middle of a reply loses nothing`() throws {
        let content = pattern(20_000)
        let wire = Array("*3\r\n$5\r\nhello\r\n".utf8) + bulk(content) + Array(":7\r\n".utf8)
        for cut in Array(1..<40) + [10_000, 20_020, wire.count - 3] {
            var decoder = RESPDecoder()
            decoder.feed(wire[..<cut])
            let nothing = try decoder.next()
            #expect(nothing == nil)
            let before = decoder.offset
            decoder.releaseSpareMemory()
            let after = decoder.offset
            #expect(after == before)
            decoder.feed(wire[cut...])
            let elements = try decoder.next()?.elements ?? []
            try #require(elements.count == 3, "cut at \(cut)")
            #expect(elements[0] == .bulk("hello") && elements[2] == .integer(7))
            #expect(elements[1].bytes?.holds(content) == true)
            let offset = decoder.offset
            #expect(offset == wire.count)
        }
    }
}
