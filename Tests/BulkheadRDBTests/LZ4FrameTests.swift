import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestSupport
import Testing

@Suite("Frames of LZ4") struct LZ4FrameTests {
    /// The frame of `content` without Valkey's seven bytes before it.
    private static func frame(_ content: [UInt8], _ choose: (Int) -> Int = { _ in 0 }) -> [UInt8] {
        Array(CompressedFile.lz4(content, choose: choose).dropFirst(7))
    }

    private static func content(_ random: inout SeededGenerator) -> [UInt8] {
        var content: [UInt8] = []
        for _ in 0..<random.below(60) {
            let word = (0..<1 + random.below(30)).map { _ in UInt8(random.below(5)) }
            for _ in 0..<1 + random.below(400) { content += word }
            content += (0..<random.below(3_000)).map { _ in UInt8(random.below(256)) }
        }
        return content
    }

    private static func decompressed(_ frame: [UInt8], _ block: () -> Int) throws -> (content: [UInt8], rest: [UInt8]) {
        var reader = LZ4Frame()
        var content: [UInt8] = []
        var fed = 0
        while fed < frame.count {
            let upper = min(frame.count, fed + max(1, block()))
            frame[fed..<upper].withUnsafeBytes { reader.feed($0) }
            fed = upper
            while let block = try reader.next() { content += block }
        }
        try reader.finish()
        return (content, Array(reader.rest))
    }

    @Test(arguments: 0..<12)
    func `what was compressed comes back, however it is split`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let content = seed == 0 ? [] : Self.content(&random)
        var choices = SeededGenerator(seed: seed + 50)
        let frame = Self.frame(content) { choices.below($0) }
        for longest in [frame.count + 2, 1_000, 7] {
            let (found, rest) = try Self.decompressed(frame + [1, 2]) { 1 + random.below(longest) }
            #expect(found == content)
            #expect(rest.suffix(2) == [1, 2])
        }
    }

    @Test func `every frame that ends early or has a changed byte is a violation or the same content`() throws {
        var random = SeededGenerator(seed: 3)
        let content = Self.content(&random)
        let frame = Self.frame(content)
        for end in stride(from: 0, to: frame.count, by: 1 + frame.count / 300) {
            #expect(throws: RDBViolation.self) { try Self.decompressed(Array(frame[..<end])) { 500 } }
        }
        for _ in 0..<300 {
            var changed = frame
            changed[random.below(frame.count)] ^= UInt8(1 + random.below(255))
            if let (found, _) = try? Self.decompressed(changed, { 5_000 }) { #expect(found == content) }
        }
    }

    @Test func `its checksum is xxHash`() {
        #expect(CompressedFile.sum([]) == 0x02cc_5d05)
        #expect(CompressedFile.sum(bytes("abc")) == 0x32d1_53ff)
        #expect(CompressedFile.sum(bytes("Nobody inspects the spammish repetition")) == 0xe229_3b2f)
    }

    @Test func `a frame that the program lz4 made is read`() throws {
        // Twelve times `key:N=` and "value" N % 4 times, with `lz4 -9 -BX`: a checksum of each block and of all.
        let frame = hex(
            """
            04224d187440bd50000000706b65793a303d3b070071313d76616c75650c0012320c000611001733110006160012343a
            0017353a001c363a001f373a000212383a0017393a002c31303b0013319300b076616c756576616c75653bf178824700
            0000008479bea8
            """)
        let content = (0..<12).map { "key:\($0)=" + String(repeating: "value", count: $0 % 4) + ";" }.joined()
        #expect(try Self.decompressed(frame) { frame.count }.content == bytes(content))
        #expect(try Self.decompressed(frame) { 3 }.content == bytes(content))
    }
}
