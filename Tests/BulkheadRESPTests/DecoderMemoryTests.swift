import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Foundation
import Testing

/// Many decoders at once: arrays cannot hold what is not copyable.
private final class Box {
    var decoder: RESPDecoder

    init(_ limits: RESPLimits = RESPLimits()) { decoder = RESPDecoder(limits: limits) }
}

/// Memory follows what has arrived. The bounds are generous, because other tests run in the same process.
@Suite(.serialized) struct DecoderMemoryTests {
    #if os(Linux)
    /// Bytes of address space and of resident memory of this process.
    private func memory() throws -> (reserved: Int, resident: Int) {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").prefix(2)
            .compactMap { Int($0) }
        try #require(pages.count == 2)
        return (pages[0] * 4096, pages[1] * 4096)
    }

    @Test func `declared lengths and counts cost no memory`() throws {
        let before = try memory()
        var boxes: [Box] = []
        for wire in [
            "$536870912\r\nab", "!536870912\r\nab", "=536870912\r\ntxt:", "*33554432\r\n:1\r\n",
            "%22000000\r\n:1\r\n", "~33554432\r\n:1\r\n", ">33554432\r\n:1\r\n", "|22000000\r\n:1\r\n",
            "$?\r\n;536870912\r\nab",
        ] {
            for _ in 0..<60 {
                let box = Box()
                box.decoder.feed(wire.utf8)
                let nothing = try box.decoder.next()
                #expect(nothing == nil)
                box.decoder.feed("cd".utf8)
                boxes.append(box)
            }
        }
        let grown = try memory().resident - before.resident
        #expect(grown < 512 << 20)
        #expect(boxes.count == 540)
    }

    @Test func `nested declarations do not reserve the same bytes again and again`() throws {
        let before = try memory()
        var wire = Array(repeatElement(Array("*33554432\r\n".utf8), count: 1_023).joined())
        wire += Array(repeatElement(Array(":1\r\n".utf8), count: 500_000).joined())
        let box = Box(RESPLimits(depth: 1_024, memoryBytes: .max))
        box.decoder.feed(wire)
        let nothing = try box.decoder.next()
        #expect(nothing == nil)
        let reserved = try memory().reserved - before.reserved
        #expect(reserved < 2 << 30)
    }

    /// Values of kinds that the short way leaves to the state machine end a run of aggregates that share blocks.
    @Test(arguments: ["*1\r\n*1\r\n*1\r\n*1\r\n_\r\n-E\r\n", "*1\r\n_\r\n(1\r\n", "*2\r\n:1\r\n#t\r\n*-1\r\n"])
    func `small aggregates between rare values take about the memory that is counted`(item: String) throws {
        let before = try memory()
        let box = Box(RESPLimits(memoryBytes: 40 << 20))
        box.decoder.feed(Array("*160000\r\n".utf8) + Array(repeatElement(Array(item.utf8), count: 80_000).joined()))
        let value = try box.decoder.next()
        #expect(value?.elements?.count == 160_000)
        let grown = try memory().resident - before.resident
        #expect(grown < 192 << 20)
    }

    @Test func `detached values do not keep receive buffers in memory`() throws {
        let before = try memory()
        let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 60_000)
        var kept: [RESPValue] = []
        for index in 0..<16_000 {
            var decoder = RESPDecoder()
            decoder.feed("*1\r\n$5\r\nhello\r\n:\(index)\r\n+".utf8)
            decoder.feed(filler)
            let value = try decoder.next()
            kept.append(try #require(value).detached())
        }
        let grown = try memory().resident - before.resident
        #expect(grown < 640 << 20)
        #expect(kept.allSatisfy { $0 == .array([.bulk("hello")]) })
    }

    @Test func `a small value does not keep the buffer of a long line in memory`() throws {
        let before = try memory()
        let wire =
            Array("+".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
            + Array("\r\n$5\r\nhello\r\n+OK\r\n*1\r\n+word\r\n".utf8)
        var kept: [RESPValue] = []
        for _ in 0..<600 {
            var decoder = RESPDecoder()
            decoder.feed(wire)
            _ = try decoder.next()
            while let value = try decoder.next() { kept.append(value) }
        }
        let grown = try memory().resident - before.resident
        #expect(grown < 400 << 20)
        #expect(kept.count == 1_800 && kept.prefix(3) == [.bulk("hello"), .simple("OK"), .array([.simple("word")])])
    }
    #endif

    @Test func `values stay as they are while the decoder goes on`() throws {
        var generator = SeededGenerator(seed: 42)
        var decoder = RESPDecoder()
        var kept: [(value: RESPValue, content: [UInt8])] = []
        var index = 0
        for round in 0..<400 {
            var contents: [[UInt8]] = []
            var wire: [UInt8] = []
            for _ in 0..<(1 + generator.below(12)) {
                let size = generator.below(10) == 0 ? generator.below(40_000) : generator.below(3_000)
                contents.append(pattern(size, seed: index))
                wire += bulk(contents[contents.count - 1])
                index += 1
            }
            var values: [RESPValue] = []
            var rest = wire[...]
            while !rest.isEmpty {
                let part = rest.prefix(1 + generator.below(round % 3 == 0 ? 200_000 : 5_000))
                rest = rest.dropFirst(part.count)
                decoder.feed(part)
                while let value = try decoder.next() { values.append(value) }
            }
            #expect(values.count == contents.count)
            // Letting some go lets the buffer be reused; keeping others makes it be renewed.
            for (value, content) in zip(values, contents) where generator.below(4) == 0 || round % 5 == 0 {
                kept.append((value, content))
            }
            if round % 50 == 49 { kept.removeFirst(kept.count / 2) }
            for (value, content) in kept.suffix(20) { #expect(value.bytes?.holds(content) == true) }
        }
        #expect(kept.count > 100)
        for (value, content) in kept { #expect(value.bytes?.holds(content) == true) }
    }

    @Test func `values stay as they are when bytes follow a violation`() throws {
        var decoder = RESPDecoder()
        decoder.feed("$5\r\nhello\r\n+world\r\nX".utf8)
        let first = try decoder.next()
        let second = try decoder.next()
        #expect(throws: RESPViolation.self) { try Self.ask(&decoder) }
        for _ in 0..<40 { decoder.feed([UInt8](repeating: UInt8(ascii: "z"), count: 5_000)) }
        #expect(first == .bulk("hello"))
        #expect(second == .simple("world"))
    }

    private static func ask(_ decoder: inout RESPDecoder) throws {
        _ = try decoder.next()
    }

    @Test func `a value outlives its decoder`() throws {
        var kept: [RESPValue] = []
        for index in 0..<100 {
            var decoder = RESPDecoder()
            decoder.feed("*2\r\n$5\r\nab\(100 + index)\r\n+line\(index)\r\n".utf8)
            let value = try decoder.next()
            kept.append(try #require(value))
        }
        for (index, value) in kept.enumerated() {
            #expect(value == .array([.bulk("ab\(100 + index)"), .simple("line\(index)")]))
        }
    }

    @Test(arguments: Corpus.all)
    func `a detached copy is the same value`(canned: Canned) {
        let values = decode(canned.wire).values
        #expect(values.map { $0.detached() }.isSame(as: [canned.value]))
    }
}
