package import BulkheadRDB

/// Values of every kind, by chance, with what is at the edges.
package struct RandomValues {
    /// Bytes of a string, about.
    private let longest: Int
    /// A number below the one given, which is 1 or more.
    private let below: (Int) -> Int

    package init(longest: Int = 5_000, _ below: @escaping (Int) -> Int) {
        self.longest = longest
        self.below = below
    }

    package static let integers: [Int64] = [
        0, 1, 12, 13, 127, 128, 255, 256, 4_095, 4_096, 32_767, 32_768, 8_388_607, 8_388_608, 2_147_483_647,
        2_147_483_648, .max, -1, -127, -128, -129, -4_096, -4_097, -32_768, -32_769, -8_388_608, -8_388_609,
        -2_147_483_648, -2_147_483_649, .min,
    ]

    package func string() -> [UInt8] {
        switch below(8) {
        case 0, 1: return Self.bytes(String(Self.integers[below(Self.integers.count)]))
        case 2: return Array(repeating: UInt8(below(256)), count: below(longest / 8))
        case 3: return (0..<below(longest)).map { _ in UInt8(below(3)) }
        case 4: return Self.bytes(["", "-0", "+1", "01", "9223372036854775808", "1e5"][below(6)])
        default: return (0..<below(min(longest, 70))).map { _ in UInt8(below(256)) }
        }
    }

    func strings(distinct: Bool) -> [[UInt8]] {
        let strings = (0..<below(30)).map { _ in string() }
        // In an order that is the same in every run, which a set's is not.
        var seen: Set<[UInt8]> = []
        return distinct ? strings.filter { seen.insert($0).inserted } : strings
    }

    func integerSet() -> [[UInt8]] {
        Set((0..<below(30)).map { _ in Self.integers[below(Self.integers.count)] }).sorted()
            .map { Self.bytes(String($0)) }
    }

    func sortedSet() -> [RDBScoredMember] {
        let scores = [0, -0.0, 1, -1, 0.1, 1e300, -1e-300, .infinity, -.infinity, 4_294_967_296, 9e15, .pi]
        return strings(distinct: true).map { RDBScoredMember(member: $0, score: scores[below(scores.count)]) }
    }

    package func hash(times: Bool) -> [RDBHashField] {
        strings(distinct: true).map { name in
            let expiresAt = times && below(2) == 0 ? Int64(1_700_000_000_000 + below(1 << 40)) : nil
            return RDBHashField(name: name, value: string(), expiresAt: expiresAt)
        }
    }

    func stream() -> RDBStream {
        var id = RDBStream.ID(UInt64(1_700_000_000_000 + below(1_000)), 0)
        var entries: [RDBStream.Entry] = []
        let names = (0..<1 + below(4)).map { _ in string() }
        for _ in 0..<below(20) {
            id =
                below(2) == 0
                ? RDBStream.ID(id.milliseconds, id.sequence + 2 + UInt64(below(3)))
                : RDBStream.ID(id.milliseconds + 2, UInt64(below(100)))
            let own = below(3) == 0 ? [string(), string()] : names
            entries.append(
                RDBStream.Entry(id: id, fields: own.map { RDBStream.Field(name: $0, value: string()) }))
        }
        let pending = entries.prefix(6).map {
            RDBStream.Pending(id: $0.id, deliveredAt: 1_700_000_000_123, deliveries: 1 + UInt64(below(5)))
        }
        let consumers = [
            RDBStream.Consumer(
                name: Self.bytes("a"), seenAt: 1, activeAt: 1, pending: pending.prefix(2).map(\.id)),
            RDBStream.Consumer(name: Self.bytes("b"), seenAt: 2, activeAt: 2, pending: pending.dropFirst(2).map(\.id)),
        ]
        let groups = [
            RDBStream.Group(
                name: Self.bytes("g"), lastID: id, entriesRead: Int64(entries.count), pending: pending,
                consumers: consumers),
            RDBStream.Group(name: Self.bytes("h"), lastID: .zero, entriesRead: 0, pending: [], consumers: []),
        ]
        return RDBStream(
            entries: entries, length: UInt64(entries.count), lastID: id, firstID: entries.first?.id ?? .zero,
            maxDeletedID: .zero, entriesAdded: UInt64(entries.count), groups: groups)
    }

    func vectorSet() -> RDBVectorSet {
        let quantisation: RDBVectorSet.Quantisation = [.none, .int8, .binary][below(3)]
        let dimension = 1 + below(70)
        let size = quantisation == .none ? dimension * 4 : quantisation == .int8 ? dimension : (dimension + 63) / 64 * 8
        let elements = strings(distinct: true).map { name in
            RDBVectorSet.Element(
                name: name, vector: (0..<size).map { _ in UInt8(below(256)) }, norm: Float(below(9)),
                range: quantisation == .int8 ? 0.5 : 0,
                attributes: below(2) == 0 ? Self.bytes("{}") : [])
        }
        return RDBVectorSet(
            dimension: dimension, quantisation: quantisation, links: 16, projection: nil, elements: elements)
    }

    /// With producers, and with entries that were given back to their group.
    package func newestStream() -> RDBStream {
        var stream = stream()
        for group in stream.groups.indices where !stream.groups[group].consumers.isEmpty && below(2) == 0 {
            stream.groups[group].givenBack = stream.groups[group].consumers[0].pending
            stream.groups[group].consumers[0].pending = []
        }
        stream.producers = strings(distinct: true).map { name in
            RDBStream.Producer(
                name: name,
                added: strings(distinct: true).map {
                    RDBStream.Producer.Added(name: $0, id: RDBStream.ID(UInt64(below(99)), UInt64(below(9))))
                })
        }
        return stream
    }

    package func array() -> RDBArray {
        var place: UInt64 = 0
        let elements = strings(distinct: false).map { string in
            place += UInt64(1 + below(9) * below(99_999))
            let bytes = below(3) == 0 ? Self.bytes("\(below(2_000) - 1_000).\(1 + below(9))") : string
            return RDBArray.Element(place: place, bytes: bytes)
        }
        return RDBArray(elements: elements, insertedAt: below(2) == 0 ? nil : place)
    }

    /// A value, and the types that can hold it.
    package func value() -> (value: RDBValue, types: [(RDBType, RDBVersion.Flavour)]) {
        switch below(11) {
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
        case 7: (.stream(stream()), [.stream, .stream2, .stream3, .stream4, .stream5].map { ($0, .redis) })
        case 8: (.stream(newestStream()), [(.stream5, .redis)])
        case 9: (.array(array()), [(.array, .redis)])
        default: (.vectorSet(vectorSet()), [(.module2, .redis)])
        }
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}
