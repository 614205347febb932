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
        var sum: UInt16 = 0
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { sum = sum << 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: sum >> 8) ^ byte)] }
        }
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let tag = key[key.index(after: open)...].prefix { $0 != UInt8(ascii: "}") }
            // Without a closing brace, and with nothing between the two, the braces mean nothing.
            if !tag.isEmpty, tag.endIndex < key.endIndex { add(tag) } else { add(key) }
        } else {
            add(key)
        }
        number = Int(sum) & (Self.count - 1)
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
        let keys = keys
        let slots = (keys.isEmpty ? shardChannels : keys).map { HashSlot(ofKey: $0) }
        guard let first = slots.first else { return .any }
        return slots.allSatisfy { $0 == first } ? .one(first) : .several(slots)
    }
}

extension EncodedCommand {
    /// One whole command in RESP, whose way through the client is not asked for.
    package init(encoded bytes: [UInt8]) { self.init(bytes: bytes, route: .shared) }

    /// The commands of an encoded batch, each with bytes of its own.
    package static func commands(of batch: [UInt8]) -> [EncodedCommand] {
        var ranges = EncodedCommandRanges(batch)
        var commands: [EncodedCommand] = []
        while let next = ranges.next() { commands.append(EncodedCommand(encoded: Array(batch[next.command]))) }
        return commands
    }
}
