/// Decompresses an LZ4 frame block by block: feed bytes, take blocks until none is left, repeat.
///
/// ```
/// 04 22 4d 18, flags, largest block, [8 bytes: size of all], checksum of these
/// block:  4 bytes: its size, the top bit for bytes as they are; the bytes; [4 bytes: their checksum]
/// end:    4 bytes of 0; [4 bytes: checksum of all]
/// ```
/// In a block, each sequence is a byte LLLLMMMM, more bytes of L, L bytes as they are, two bytes of distance, more
/// bytes of M, and a copy of M + 4 bytes from so far back, up to 64 KiB and into the blocks before. All is
/// little-endian.
///
/// Memory is that of a block, 4 MiB at most, as it is and compressed. It does no I/O.
/// Source: the descriptions of LZ4's frame and block formats.
package struct LZ4Frame: Sendable {
    private static let magic: [UInt8] = [0x04, 0x22, 0x4d, 0x18]
    private static let farthest = 65_535

    private enum Phase {
        case head, blocks, ended
    }

    private var phase = Phase.head
    private var input: [UInt8] = []
    private var place = 0
    /// Bytes of the frame before those in `input`.
    private var passed = 0
    /// The last bytes that were given, for copies.
    private var history: [UInt8] = []
    private var largestBlock = 0
    private var hasBlockChecksums = false
    private var areBlocksApart = false
    private var size: UInt64?
    private var given: UInt64 = 0
    private var sum: XXH32?

    package init() {}

    /// True when the end of the frame has been read.
    package var hasEnded: Bool { phase == .ended }

    /// What was fed and lies behind the end.
    package var rest: ArraySlice<UInt8> { input[place...] }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        passed += place
        input.removeFirst(place)
        place = 0
        input.append(contentsOf: bytes)
    }

    /// The next block's bytes; nil until more bytes are fed, and at the end.
    package mutating func next() throws(RDBViolation) -> [UInt8]? {
        if phase == .head, try !readHead() { return nil }
        guard phase == .blocks, let head = number(at: place) else { return nil }
        if head == 0 { return try readEnd() }
        let isPlain = head >> 31 == 1
        let count = Int(head & 0x7fff_ffff)
        guard count <= largestBlock else { throw malformed("a block of \(count) bytes, above the frame's largest") }
        let whole = 4 + count + (hasBlockChecksums ? 4 : 0)
        guard input.count - place >= whole else { return nil }
        let bytes = input[(place + 4)..<(place + 4 + count)]
        if hasBlockChecksums, number(at: place + 4 + count) != XXH32.of(bytes) {
            throw RDBViolation(.wrongChecksum, at: passed + place, "the checksum of an LZ4 block does not match it")
        }
        let block = isPlain ? Array(bytes) : try decompressed(bytes)
        place += whole
        sum?.update(block[...])
        given += UInt64(block.count)
        history = areBlocksApart ? [] : Array((history + block).suffix(Self.farthest))
        return block
    }

    /// Says that no more bytes will come: throws unless the frame has ended.
    package func finish() throws(RDBViolation) {
        guard hasEnded else {
            throw RDBViolation(.truncated, at: passed + input.count, "the LZ4 frame is incomplete")
        }
    }

    private func number(at place: Int) -> UInt32? {
        guard input.count - place >= 4 else { return nil }
        return input.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        }
    }

    private func malformed(_ message: String) -> RDBViolation { RDBViolation(.malformed, at: passed + place, message) }

    private mutating func readHead() throws(RDBViolation) -> Bool {
        guard input.count >= 7 else { return false }
        guard input.starts(with: Self.magic) else { throw malformed("expected a frame of LZ4") }
        let (flags, sizes) = (input[4], input[5])
        guard flags >> 6 == 1, flags & 0b11 == 0, sizes & 0b1000_1111 == 0, (4...7).contains(sizes >> 4) else {
            throw malformed("a frame of LZ4 of a kind that is not known, or one with a dictionary")
        }
        let hasSize = flags & 0b1000 != 0
        let count = hasSize ? 15 : 7
        guard input.count >= count else { return false }
        guard input[count - 1] == UInt8(truncatingIfNeeded: XXH32.of(input[4..<(count - 1)]) >> 8) else {
            throw RDBViolation(.wrongChecksum, at: count - 1, "the checksum of the LZ4 header does not match it")
        }
        if hasSize { size = input[6..<14].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        largestBlock = 1 << (8 + 2 * Int(sizes >> 4))
        areBlocksApart = flags & 0b10_0000 != 0
        hasBlockChecksums = flags & 0b1_0000 != 0
        sum = flags & 0b100 != 0 ? XXH32() : nil
        place = count
        phase = .blocks
        return true
    }

    private mutating func readEnd() throws(RDBViolation) -> [UInt8]? {
        if let sum {
            guard let stated = number(at: place + 4) else { return nil }
            guard stated == sum.value else {
                throw RDBViolation(
                    .wrongChecksum, at: passed + place, "the LZ4 checksum does not match its content")
            }
        }
        guard size == nil || size == given else {
            throw malformed("an LZ4 frame of \(given) bytes declares \(size ?? 0)")
        }
        place += sum == nil ? 4 : 8
        phase = .ended
        return nil
    }

    private func decompressed(_ bytes: ArraySlice<UInt8>) throws(RDBViolation) -> [UInt8] {
        var input = ByteReader(bytes, start: passed + place + 4)
        var output = history
        let most = history.count + largestBlock
        func length(_ first: UInt8, _ input: inout ByteReader) throws(RDBViolation) -> Int {
            var length = Int(first)
            guard first == 15 else { return length }
            while true {
                let more = try input.byte()
                length += Int(more)
                guard length <= largestBlock else {
                    throw input.malformed("an LZ4 block decompresses to more than its limit")
                }
                if more < 255 { return length }
            }
        }
        while true {
            let token = try input.byte()
            let literals = try input.take(UInt64(try length(token >> 4, &input)))
            guard literals.count <= most - output.count else {
                throw input.malformed("an LZ4 block decompresses to more than its limit")
            }
            output.append(contentsOf: literals)
            if input.isAtEnd { return Array(output[history.count...]) }
            let distance = Int(try input.littleEndian(UInt16.self))
            let count = try length(token & 15, &input) + 4
            guard (1...max(1, output.count)).contains(distance), distance <= output.count else {
                throw input.malformed("a copy in a block of LZ4 begins before the frame")
            }
            guard count <= most - output.count else {
                throw input.malformed("an LZ4 block decompresses to more than its limit")
            }
            let source = output.count - distance
            for position in source..<(source + count) { output.append(output[position]) }
        }
    }
}
