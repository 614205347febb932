/// The compression of strings: runs of bytes as they are, and copies of what came up to 8 KiB before.
///
/// ```
/// 000LLLLL  L + 1 bytes                  those bytes
/// LLLDDDDD  dddddddd                     L + 2 bytes (L = 1...6), from D·256 + d + 1 before the end so far
/// 111DDDDD  LLLLLLLL  dddddddd           L + 9 bytes, from there
/// ```
///
/// A copy may reach into what it writes itself; so a byte is repeated. Source: `src/lzf_d.c` of Redis (LibLZF).
enum LZF {
    /// No three bytes of input give more: 255 + 9 bytes by the longest copy.
    private static let mostOfThree = 264

    /// The string of exactly `count` bytes; `offset` is where `compressed` stands, for what is thrown.
    ///
    /// Throws before it allocates where the input cannot give so many bytes.
    static func decompress(
        _ compressed: ArraySlice<UInt8>, count: Int, at offset: Int
    ) throws(RDBViolation) -> [UInt8] {
        guard count / mostOfThree <= compressed.count / 3 else {
            throw RDBViolation(
                .tooLong, at: offset, "\(compressed.count) compressed bytes cannot give \(count) bytes")
        }
        var output: [UInt8] = []
        output.reserveCapacity(count)
        var input = ByteReader(compressed, start: offset)
        while !input.isAtEnd {
            let control = Int(try input.byte())
            if control < 32 {
                let run = try input.take(UInt64(control + 1))
                guard run.count <= count - output.count else { throw overrun(count, input) }
                output.append(contentsOf: run)
                continue
            }
            var length = control >> 5 + 2
            if length == 9 { length += Int(try input.byte()) }
            let distance = (control & 0x1f) << 8 + Int(try input.byte()) + 1
            guard length <= count - output.count else { throw overrun(count, input) }
            guard distance <= output.count else {
                throw input.malformed("a copy in a compressed string begins before the string")
            }
            let source = output.count - distance
            if distance >= length {
                output.append(contentsOf: output[source..<source + length])
            } else {
                for position in source..<source + length { output.append(output[position]) }
            }
        }
        guard output.count == count else {
            throw input.malformed("a compressed string decompresses to \(output.count) bytes, but declares \(count)")
        }
        return output
    }

    private static func overrun(_ count: Int, _ input: ByteReader) -> RDBViolation {
        input.malformed("a compressed string decompresses to more than its declared \(count) bytes")
    }
}
