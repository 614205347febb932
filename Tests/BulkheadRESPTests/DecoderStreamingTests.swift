import BulkheadRESP
import BulkheadRESPComparison
import Testing

/// Long input in small pieces. The time limits only guard against hanging: quadratic work would take hours.
@Suite struct DecoderStreamingTests {
    /// Feeds `wire` byte by byte and asks for a value after each.
    private func decodeByteByByte(_ wire: [UInt8]) throws -> [RESPValue] {
        var decoder = RESPDecoder()
        var values: [RESPValue] = []
        var index = 0
        while index < wire.count {
            let byte = wire[index]
            decoder.receive { space in
                space[0] = byte
                return 1
            }
            if let value = try decoder.next() { values.append(value) }
            index += 1
        }
        return values
    }

    @Test(.timeLimit(.minutes(10)))
    func `a million elements may arrive one byte at a time`() throws {
        let wire = Array("*1000000\r\n".utf8) + Array(repeatElement(Array("_\r\n".utf8), count: 1_000_000).joined())
        let values = try decodeByteByByte(wire)
        #expect(values.count == 1)
        let elements = values.first?.elements
        #expect(elements?.count == 1_000_000)
        #expect(elements?.last == .null)
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["+", "-", "("])
    func `a line of a mebibyte may arrive one byte at a time`(type: String) throws {
        let content = [UInt8](repeating: UInt8(ascii: "7"), count: (1 << 20) - 1)
        let values = try decodeByteByByte(Array(type.utf8) + content + Array("\r\n".utf8))
        #expect(values.count == 1)
        let bytes = values.first?.bytes ?? values.first?.errorMessage
        #expect(bytes?.holds(content) == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func `a large bulk string may arrive one byte at a time`() throws {
        let content = pattern(200_000)
        let values = try decodeByteByByte(bulk(content))
        #expect(values.count == 1)
        #expect(values.first?.bytes?.holds(content) == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func `an endless integer ends in a violation after a few digits`() throws {
        #expect(throws: RESPViolation.self) {
            var decoder = RESPDecoder()
            decoder.feed(":".utf8)
            for _ in 0..<(1 << 20) {
                decoder.feed("0".utf8)
                _ = try decoder.next()
            }
        }
    }

    @Test func `long streams of parts and elements are whole`() {
        let parts = (0..<2_000).map { pattern($0 % 97 + 1, seed: $0) }
        var wire = Array("$?\r\n".utf8)
        for part in parts { wire += bulk(part, type: ";") }
        wire += Array(";0\r\n".utf8)
        for size in [13, 5_000, wire.count] {
            let values = decode(wire) { size }.values
            #expect(values.count == 1)
            #expect(values.first?.bytes?.holds(Array(parts.joined())) == true)
        }
    }

    @Test func `a streamed string may have large parts`() {
        let parts = [1, 16_384, 16_385, 70_000, 3, (1 << 20) + 7].map { pattern($0, seed: $0) }
        let wire = Array("*2\r\n$?\r\n".utf8) + parts.flatMap { bulk($0, type: ";") } + Array(";0\r\n:5\r\n".utf8)
        for size in [4_001, 65_536, wire.count] {
            let values = decode(wire) { size }.values
            #expect(values.first?.elements?.first?.bytes?.holds(Array(parts.joined())) == true)
            #expect(values.first?.elements?.last == .integer(5))
        }
    }
}
