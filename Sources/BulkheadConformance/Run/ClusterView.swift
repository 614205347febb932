/// What a primary of a cluster says of itself and of another one: which keys are its own.
struct ClusterView {
    /// The number of another primary.
    let node: [UInt8]
    /// What stands in the braces of a key's name, by the beginning of the name that a case uses.
    private let tags: [(name: String, tag: String)]

    /// Reads the lines of CLUSTER NODES; nil for a replica, and where no other primary has slots.
    init?(nodes: [UInt8]) {
        var own: [ClosedRange<Int>] = []
        var others: [(node: Substring, ranges: [ClosedRange<Int>])] = []
        let text = String(decoding: nodes, as: UTF8.self)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 7 else { continue }
            let flags = fields[2].split(separator: ",")
            let ranges = fields[8...].compactMap(Self.range)
            if flags.contains("myself") {
                guard flags.contains("master") else { return nil }
                own = ranges
            } else if flags.contains("master"), !ranges.isEmpty {
                others.append((fields[0], ranges))
            }
        }
        guard let other = others.first else { return nil }
        func tag(_ ranges: [ClosedRange<Int>], but slot: Int? = nil) -> (tag: String, slot: Int)? {
            for number in 0..<1_000_000 {
                let found = Self.slot(of: String(number))
                if found != slot, ranges.contains(where: { $0.contains(found) }) { return (String(number), found) }
            }
            return nil
        }
        guard let here = tag(own), let near = tag(own, but: here.slot), let away = tag(other.ranges) else { return nil }
        node = Array(other.node.utf8)
        tags = [("here", here.tag), ("near", near.tag), ("away", away.tag)]
    }

    /// What makes a key of the slot that its name in a case asks for; empty for another name.
    func suffix(of name: String) -> String {
        tags.first { name.hasPrefix($0.name) }.map { "{\($0.tag)}" } ?? ""
    }

    /// `0-5460` or `7`; nil for a slot on its way.
    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let bounds = text.split(separator: "-").compactMap { Int($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last, !text.hasPrefix("[") else { return nil }
        return first...last
    }

    /// CRC16 as XMODEM has it, over 16384 slots.
    static func slot(of tag: String) -> Int {
        var crc: UInt16 = 0
        for byte in tag.utf8 {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
        }
        return Int(crc) % 16_384
    }
}
