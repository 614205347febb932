import BulkheadBenchmarkSupport

/// Changes bytes the way a broken peer, a broken cable or an attacker would.
enum Mutation {
    /// Longer inputs find nothing that shorter ones do not, and take longer.
    static let longest = 64 << 10

    static let respAlphabet = Array("$*%~>|!=;.?:,(+-_#\r\n0123456789tfeinax \0\u{7f}".utf8) + [0xff]
    static let numbers = [
        "0", "1", "-1", "2", "3", "-2", "-0", "+1", "?", "00", "01", "007", "", "16384", "16385", "65536", "65537",
        "1048576", "1048577", "536870912", "536870913", "134217728", "134217729", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "4611686018427387904", "999999999999999999", "1000000000000000000", "18446744073709551616",
        "123456789012345678901234567890", "1e5", "0x10", " 1", "1 ",
    ].map { Array($0.utf8) }

    /// One change; `other` gives bytes to splice in.
    static func apply(
        to bytes: inout [UInt8], alphabet: [UInt8], _ random: inout SeededGenerator,
        other: (inout SeededGenerator) -> [UInt8]
    ) {
        guard !bytes.isEmpty else { return bytes = other(&random) }
        let place = random.below(bytes.count)
        switch random.below(14) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = random.pick(alphabet)
        case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 3: bytes.insert(random.pick(alphabet), at: place)
        case 4: bytes.removeSubrange(range(from: place, in: bytes, &random))
        case 5: bytes.removeSubrange(place...)
        case 6: bytes.removeSubrange(..<place)
        case 7: bytes.insert(contentsOf: Array(bytes[range(from: place, in: bytes, &random)]), at: place)
        case 8:
            let part = Array(bytes[range(from: place, in: bytes, &random)])
            let times = random.once(in: 8) ? 1 + random.below(2_000) : 1 + random.below(20)
            bytes.insert(contentsOf: Array(repeatElement(part, count: times).joined()), at: place)
        case 9:
            let spliced = other(&random)
            bytes = Array(bytes[..<place]) + spliced[random.below(spliced.count + 1)...]
        case 10: bytes.insert(contentsOf: other(&random), at: place)
        case 11:
            // Two parts change places.
            let first = range(from: place, in: bytes, &random)
            let moved = Array(bytes[first])
            bytes.removeSubrange(first)
            bytes.insert(contentsOf: moved, at: random.below(bytes.count + 1))
        default: replaceNumber(in: &bytes, from: place, &random)
        }
        if bytes.count > longest { bytes.removeSubrange(longest...) }
    }

    /// What `valid` gives, two times in three with one to three changes.
    static func oftenChanged(
        _ valid: (inout SeededGenerator) -> [UInt8], alphabet: [UInt8], _ random: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = valid(&random)
        if random.once(in: 3) { return bytes }
        for _ in 0...random.below(3) { apply(to: &bytes, alphabet: alphabet, &random, other: valid) }
        return bytes
    }

    private static func range(from place: Int, in bytes: [UInt8], _ random: inout SeededGenerator) -> Range<Int> {
        place..<min(bytes.count, place + 1 + random.below(random.once(in: 4) ? 200 : 8))
    }

    /// Puts another number, often an extreme one, in the place of the next one.
    private static func replaceNumber(in bytes: inout [UInt8], from place: Int, _ random: inout SeededGenerator) {
        let isDigit: (UInt8) -> Bool = { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard let lower = bytes[place...].firstIndex(where: isDigit) else { return }
        let upper = bytes[lower...].firstIndex { !isDigit($0) } ?? bytes.count
        let old = Array(bytes[lower..<upper])
        let new: [UInt8] =
            switch random.below(8) {
            case 0: [UInt8(ascii: "0")] + old
            case 1: [UInt8(ascii: "-")] + old
            case 2: old + [UInt8(ascii: "0")]
            case 3: Array(String((Int(String(decoding: old, as: UTF8.self)) ?? 7) &+ 1).utf8)
            case 4: Array(String((Int(String(decoding: old, as: UTF8.self)) ?? 7) &- 1).utf8)
            default: random.pick(numbers)
            }
        bytes.replaceSubrange(lower..<upper, with: new)
    }
}
