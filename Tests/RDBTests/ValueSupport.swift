import RDB
import RDBBodies
import TestSupport

/// Bytes by their hex digits; blanks do not count.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A length of one byte and so many bytes.
func short(_ body: [UInt8]) -> [UInt8] { [UInt8(body.count)] + body }

func decode(
    _ type: RDBType, _ body: [UInt8], _ flavour: RDBVersion.Flavour = .redis,
    limits: RDBValueLimits = RDBValueLimits()
) throws(RDBViolation) -> RDBValue {
    try RDBValue(
        type: type, body: body[...], version: RDBVersion(flavour, flavour == .redis ? 12 : 80), limits: limits)
}

/// What is thrown, or nil if nothing is.
func violation(
    _ type: RDBType, _ body: [UInt8], _ flavour: RDBVersion.Flavour = .redis,
    limits: RDBValueLimits = RDBValueLimits()
) -> RDBViolation? {
    do {
        _ = try decode(type, body, flavour, limits: limits)
        return nil
    } catch {
        return error
    }
}

/// Values of every kind, by chance, with what is at the edges.
struct RandomValues {
    var random: SeededGenerator

    static let integers: [Int64] = [
        0, 1, 12, 13, 127, 128, 255, 256, 4_095, 4_096, 32_767, 32_768, 8_388_607, 8_388_608, 2_147_483_647,
        2_147_483_648, .max, -1, -127, -128, -129, -4_096, -4_097, -32_768, -32_769, -8_388_608, -8_388_609,
        -2_147_483_648, -2_147_483_649, .min,
    ]

    mutating func string() -> [UInt8] {
        switch random.below(8) {
        case 0, 1: return bytes(String(Self.integers[random.below(Self.integers.count)]))
        case 2: return Array(repeating: UInt8(random.below(256)), count: random.below(600))
        case 3: return (0..<random.below(5_000)).map { _ in UInt8(random.below(3)) }
        case 4: return bytes(["", "-0", "+1", "01", "9223372036854775808", "1e5"][random.below(6)])
        default: return (0..<random.below(70)).map { _ in UInt8(random.below(256)) }
        }
    }

    mutating func strings(distinct: Bool) -> [[UInt8]] {
        var strings = (0..<random.below(30)).map { _ in string() }
        if distinct { strings = Array(Set(strings)) }
        return strings
    }

    mutating func integerSet() -> [[UInt8]] {
        Set((0..<random.below(30)).map { _ in Self.integers[random.below(Self.integers.count)] }).sorted()
            .map { bytes(String($0)) }
    }

    mutating func sortedSet() -> [RDBScoredMember] {
        let scores = [0, -0.0, 1, -1, 0.1, 1e300, -1e-300, .infinity, -.infinity, 4_294_967_296, 9e15, .pi]
        return strings(distinct: true).map { RDBScoredMember(member: $0, score: scores[random.below(scores.count)]) }
    }

    mutating func hash(times: Bool) -> [RDBHashField] {
        strings(distinct: true).map { name in
            let expiresAt = times && random.below(2) == 0 ? Int64(1_700_000_000_000 + random.below(1 << 40)) : nil
            return RDBHashField(name: name, value: string(), expiresAt: expiresAt)
        }
    }

    mutating func stream() -> RDBStream {
        var id = RDBStream.ID(UInt64(1_700_000_000_000 + random.below(1_000)), 0)
        var entries: [RDBStream.Entry] = []
        let names = (0..<1 + random.below(4)).map { _ in string() }
        for _ in 0..<random.below(20) {
            id = random.below(2) == 0
                ? RDBStream.ID(id.milliseconds, id.sequence + 2 + UInt64(random.below(3)))
                : RDBStream.ID(id.milliseconds + 2, UInt64(random.below(100)))
            let own = random.below(3) == 0 ? [string(), string()] : names
            entries.append(
                RDBStream.Entry(id: id, fields: own.map { RDBStream.Field(name: $0, value: string()) }))
        }
        let pending = entries.prefix(6).map {
            RDBStream.Pending(id: $0.id, deliveredAt: 1_700_000_000_123, deliveries: 1 + UInt64(random.below(5)))
        }
        let consumers = [
            RDBStream.Consumer(
                name: bytes("a"), seenAt: 1, activeAt: 1, pending: pending.prefix(2).map(\.id)),
            RDBStream.Consumer(name: bytes("b"), seenAt: 2, activeAt: 2, pending: pending.dropFirst(2).map(\.id)),
        ]
        let groups = [
            RDBStream.Group(
                name: bytes("g"), lastID: id, entriesRead: Int64(entries.count), pending: pending,
                consumers: consumers),
            RDBStream.Group(name: bytes("h"), lastID: .zero, entriesRead: 0, pending: [], consumers: []),
        ]
        return RDBStream(
            entries: entries, length: UInt64(entries.count), lastID: id, firstID: entries.first?.id ?? .zero,
            maxDeletedID: .zero, entriesAdded: UInt64(entries.count), groups: groups)
    }

    mutating func vectorSet() -> RDBVectorSet {
        let quantisation: RDBVectorSet.Quantisation = [.none, .int8, .binary][random.below(3)]
        let dimension = 1 + random.below(70)
        let size = quantisation == .none ? dimension * 4 : quantisation == .int8 ? dimension : (dimension + 63) / 64 * 8
        let elements = strings(distinct: true).map { name in
            RDBVectorSet.Element(
                name: name, vector: (0..<size).map { _ in UInt8(random.below(256)) }, norm: Float(random.below(9)),
                range: quantisation == .int8 ? 0.5 : 0,
                attributes: random.below(2) == 0 ? bytes("{}") : [])
        }
        return RDBVectorSet(
            dimension: dimension, quantisation: quantisation, links: 16, projection: nil, elements: elements)
    }

    /// A value, and the types that can hold it.
    mutating func value() -> (value: RDBValue, types: [(RDBType, RDBVersion.Flavour)]) {
        switch random.below(9) {
        case 0: (.string(string()), [(.string, .redis)])
        case 1:
            (
                .list(strings(distinct: false)),
                [.list, .listZiplist, .listQuicklist, .listQuicklist2].map { ($0, .redis) }
            )
        case 2: (.set(strings(distinct: true)), [(.set, .redis), (.setListpack, .valkey)])
        case 3: (.set(integerSet()), [(.set, .redis), (.setListpack, .redis), (.setIntset, .redis)])
        case 4:
            (
                .sortedSet(sortedSet()),
                [.sortedSet, .sortedSet2, .sortedSetZiplist, .sortedSetListpack].map { ($0, .redis) }
            )
        case 5:
            (
                .hash(hash(times: false)), [.hash, .hashZipmap, .hashZiplist, .hashListpack].map { ($0, .redis) }
            )
        case 6:
            (
                .hash(hash(times: true)),
                [
                    (.hashMetadataBefore74, .redis), (.hashListpackBefore74, .redis), (.hashMetadata, .redis),
                    (.hashListpackEx, .redis), (.valkeyHash2, .valkey),
                ]
            )
        case 7: (.stream(stream()), [.stream, .stream2, .stream3].map { ($0, .redis) })
        default: (.vectorSet(vectorSet()), [(.module2, .redis)])
        }
    }
}
