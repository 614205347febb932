import BulkheadBenchmarkSupport
import BulkheadRDB
import BulkheadRDBBodies

/// The reader of values promises: it never traps; what it accepts takes no more memory than its limits and its input
/// allow; and a value written again in any encoding is equivalent, by its canonical bytes as well.
///
/// An input is the type, 0 or 1 for the family, and the body.
enum ValueTarget {
    static let alphabet: [UInt8] = [
        0, 1, 2, 3, 4, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xdf, 0xe0, 0xef,
        0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xfd, 0xfe, 0xff,
    ]

    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        if random.once(in: 3) { return packed(&random) }
        var bytes = valid(&random)
        if random.once(in: 4) { return bytes }
        for _ in 0...random.below(3) { Mutation.apply(to: &bytes, alphabet: alphabet, &random, other: valid) }
        return bytes
    }

    private static func valid(_ random: inout SeededGenerator) -> [UInt8] {
        // The closures cannot take the generator with them.
        var own = SeededGenerator(seed: random.next())
        let (value, types) = RandomValues(longest: 200) { own.below($0) }.value()
        let (type, flavour) = random.pick(types)
        var choices = SeededGenerator(seed: random.next())
        let isPlain = random.once(in: 2)
        let writer = isPlain ? BodyWriter() : BodyWriter { choices.below($0) }
        return [type.rawValue, flavour == .redis ? 0 : 1] + (value.body(type, flavour, writer) ?? [])
    }

    /// Packed elements that are broken inside, with a head that still fits them.
    private static func packed(_ random: inout SeededGenerator) -> [UInt8] {
        var own = SeededGenerator(seed: random.next())
        let values = RandomValues(longest: 60) { own.below($0) }
        let strings = (0..<random.below(9)).map { _ in values.string() }
        var writer = BodyWriter()
        let type: RDBType
        var blob: [UInt8]
        switch random.below(4) {
        case 0:
            type = random.pick([.listZiplist, .hashZiplist, .sortedSetZiplist])
            blob = writer.ziplist(strings)
        case 1:
            type = .hashZipmap
            blob = writer.zipmap(strings.map { RDBHashField(name: $0, value: $0) })
        default:
            type = random.pick([.setListpack, .hashListpack, .sortedSetListpack, .hashListpackBefore74])
            blob = writer.listpack(strings)
        }
        for _ in 0...random.below(3) {
            Mutation.apply(to: &blob, alphabet: alphabet, &random) { random in random.pick([[0xff], [0, 0, 0, 0], []]) }
        }
        if type != .hashZipmap && blob.count >= 4 {
            withUnsafeBytes(of: UInt32(blob.count).littleEndian) { blob.replaceSubrange(0..<4, with: $0) }
        }
        if random.once(in: 4) { return [type.rawValue, 0] + BodyWriter.compressedString(blob) }
        writer.string(blob)
        return [type.rawValue, 0] + writer.bytes
    }

    /// Mostly those of which everything fits.
    private static let limits =
        Array(repeating: RDBValueLimits(stringBytes: 4 << 20, valueBytes: 16 << 20), count: 8) + [
            RDBValueLimits(stringBytes: 100, valueBytes: 3_000), RDBValueLimits(stringBytes: 0, valueBytes: 0),
            RDBValueLimits(stringBytes: -1, valueBytes: .min),
            RDBValueLimits(stringBytes: .max, valueBytes: 32 << 20),
        ]

    static func check(_ input: Input) -> Verdict {
        var random = SeededGenerator(seed: input.variant)
        let limits = random.pick(limits)
        guard input.bytes.count >= 2 else { return .held("no type") }
        let flavour: RDBVersion.Flavour = input.bytes[1] == 0 ? .redis : .valkey
        let type = RDBType(rawValue: input.bytes[0])
        let body = input.bytes[2...]
        let value: RDBValue
        do {
            value = try RDBValue(type: type, body: body, version: RDBVersion(flavour, 12), limits: limits)
        } catch {
            guard (0...body.count).contains(error.offset), !error.message.isEmpty else {
                return .broken("a violation at byte \(error.offset) of \(body.count)")
            }
            return .held(error.kind.name)
        }
        if let complaint = complaint(about: value, from: body.count, limits, &random) { return .broken(complaint) }
        return .held("accepted \(kind(of: value))")
    }

    /// For counting: the names of modules are by chance.
    static func kind(of value: RDBValue) -> String {
        if case .module = value { "module" } else { value.typeName }
    }

    private static func complaint(
        about value: RDBValue, from count: Int, _ limits: RDBValueLimits, _ random: inout SeededGenerator
    ) -> String? {
        let canonical = value.canonicalBytes
        // 80 bytes of numbers at most stand beside a string, an entry or what is pending, and those cost.
        if canonical.count / 4 > max(0, limits.valueBytes) + count * 80 + 400 {
            return "\(canonical.count) canonical bytes within \(limits.valueBytes)"
        }
        if !value.isEquivalent(to: value) { return "a value that is not equivalent to itself" }
        if let words = value.difference(from: value) { return "a value that differs from itself: \(words)" }
        guard canonical.count < 200_000 else { return nil }
        var choices = SeededGenerator(seed: random.next())
        for type in 0...28 {
            for flavour in [RDBVersion.Flavour.redis, .valkey] {
                let type = RDBType(rawValue: UInt8(type))
                guard canHold(type, value), flavour == .redis || type == .valkeyHash2,
                    let body = value.body(type, flavour, BodyWriter { choices.below($0) })
                else { continue }
                guard
                    let again = try? RDBValue(type: type, body: body[...], version: RDBVersion(flavour, 12))
                else { return "as type \(type.rawValue) it cannot be read again" }
                guard again.isEquivalent(to: value), again.canonicalBytes == canonical,
                    again.canonicalDigest == value.canonicalDigest
                else { return "as type \(type.rawValue) it differs: \(again.difference(from: value) ?? "unsaid")" }
            }
        }
        return nil
    }

    /// Whether the writer can write all of this value by that type: some types do not tell all there is.
    private static func canHold(_ type: RDBType, _ value: RDBValue) -> Bool {
        switch value {
        case .hash(let fields):
            // No time can be told from the time 0 but by Valkey.
            let hasEpoch = fields.contains { $0.expiresAt == 0 }
            let isFarOff = fields.contains { ($0.expiresAt ?? 0) > 0xffff_ffff_fffe }
            return !(hasEpoch || isFarOff) || type.rawValue < 22
        // The first form lacks counters; what was given back stands in the last alone, and producers in the last two.
        case .stream(let stream):
            if stream.groups.contains(where: { !$0.givenBack.isEmpty }) { return type == .stream5 }
            return type != .stream && (stream.producers.isEmpty || type == .stream4 || type == .stream5)
        default: return true
        }
    }
}
