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
        Int(sum(of: hashed(in: key))) & (count - 1)
    }

    /// The tag, if the key has one, else all of it.
    private static func hashed(in key: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let brace = key.firstIndex(of: UInt8(ascii: "{")) else { return key }
        let tag = key[(brace + 1)...].prefix { $0 != UInt8(ascii: "}") }
        // Without a closing brace, and with nothing between the two, the braces mean nothing.
        return tag.isEmpty || tag.endIndex == key.endIndex ? key : UnsafeBufferPointer(rebasing: tag)
    }

    private static func sum(of bytes: UnsafeBufferPointer<UInt8>) -> UInt16 {
        tables.withUnsafeBufferPointer { tables in
            var sum: UInt16 = 0
            var index = 0
            // Four look-ups that do not wait for one another, where a byte at a time each waits for the one before it.
            while bytes.count - index >= 4 {
                sum =
                    tables[768 + Int(UInt8(truncatingIfNeeded: sum >> 8) ^ bytes[index])]
                    ^ tables[512 + Int(UInt8(truncatingIfNeeded: sum) ^ bytes[index + 1])]
                    ^ tables[256 + Int(bytes[index + 2])] ^ tables[Int(bytes[index + 3])]
                index += 4
            }
            while index < bytes.count {
                sum = sum << 8 ^ tables[Int(UInt8(truncatingIfNeeded: sum >> 8) ^ bytes[index])]
                index += 1
            }
            return sum
        }
    }

    package var description: String { "slot \(number)" }

    package static func < (left: HashSlot, right: HashSlot) -> Bool { left.number < right.number }

    /// What a byte adds to the sum; behind that what it adds if one, two and three bytes follow it.
    private static let tables: [UInt16] = {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021 }
        }
        for place in 0..<768 {
            let sum = tables[place]
            tables.append(sum << 8 ^ tables[Int(sum >> 8)])
        }
        return tables
    }()
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
