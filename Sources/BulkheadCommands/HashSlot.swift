/// Which of a cluster's 16,384 slots a key lives in.
///
/// CRC16 (XMODEM: polynomial 0x1021, from 0) of the key, or of its tag, modulo 16,384. The tag is what stands between
/// the first `{` and the first `}` behind it, if that is not empty: keys with the same tag live together.
/// Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec, "Key distribution model".
package struct HashSlot: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// How many slots a cluster has.
    package static let count = 16_384

    /// From 0 to 16,383.
    package let number: Int

    /// Nil where a cluster has no such slot.
    package init?(_ number: Int) {
        guard (0..<Self.count).contains(number) else { return nil }
        self.number = number
    }

    package init(ofKey key: some BidirectionalCollection<UInt8>) {
        number =
            key.withContiguousStorageIfAvailable { Self.number(of: $0) }
            ?? Array(key).withUnsafeBufferPointer { Self.number(of: $0) }
    }

    private static func number(of key: UnsafeBufferPointer<UInt8>) -> Int {
        table.withUnsafeBufferPointer { table in
            // Most keys have no tag. One pass finds that out, and has the sum then.
            var sum: UInt16 = 0
            var isFirstBrace = true
            for index in key.indices {
                let byte = key[index]
                if byte == UInt8(ascii: "{"), isFirstBrace {
                    isFirstBrace = false
                    let tag = key[(index + 1)...].prefix { $0 != UInt8(ascii: "}") }
                    // Without a closing brace, and with nothing between the two, the braces mean nothing.
                    if !tag.isEmpty, tag.endIndex < key.endIndex {
                        return number(of: UnsafeBufferPointer(rebasing: tag))
                    }
                }
                sum = sum << 8 ^ table[Int(UInt8(truncatingIfNeeded: sum >> 8) ^ byte)]
            }
            return Int(sum) & (count - 1)
        }
    }

    package var description: String { "slot \(number)" }

    package static func < (left: HashSlot, right: HashSlot) -> Bool { left.number < right.number }

    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
    }
}

/// Where in a cluster a command belongs.
package enum CommandSlot: Sendable, Hashable {
    /// It names no key: any server that has slots will do.
    case any
    /// All its keys live there.
    case one(HashSlot)
    /// Its keys live in these, in the order of the keys.
    case several([HashSlot])
}

extension EncodedCommand {
    /// Where in a cluster it belongs.
    package var slot: CommandSlot {
        if let slot = Self.onlySlot(of: bytes) { return .one(slot) }
        let keys = keys
        let slots = (keys.isEmpty ? shardChannels : keys).map { HashSlot(ofKey: $0) }
        guard let first = slots.first else { return .any }
        return slots.allSatisfy { $0 == first } ? .one(first) : .several(slots)
    }

    /// The slot of one whole command with one key, if that stands behind its name; nil of any other, which ``slot`` has
    /// to look at more closely.
    package static func onlySlot(of bytes: [UInt8]) -> HashSlot? {
        bytes.withUnsafeBytes { HashSlot(ofOneKeyIn: $0) }
    }

    /// The same of a batch's command that stands there.
    package static func onlySlot(of batch: [UInt8], in range: Range<Int>) -> HashSlot? {
        batch.withUnsafeBytes { HashSlot(ofOneKeyIn: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension EncodedCommand {
    /// One whole command in RESP, whose way through the client is not asked for.
    package init(encoded bytes: [UInt8]) { self.init(bytes: bytes, route: .shared) }

    /// Where the commands of an encoded batch stand.
    package static func ranges(of batch: [UInt8]) -> some Sequence<Range<Int>> {
        EncodedCommandRanges(batch).lazy.map { $0.command }
    }

    /// The commands of an encoded batch, each with bytes of its own.
    package static func commands(of batch: [UInt8]) -> [EncodedCommand] {
        ranges(of: batch).map { EncodedCommand(encoded: Array(batch[$0])) }
    }
}
