import BulkheadBenchmarkSupport
import BulkheadRDB
import BulkheadRDBBodies

/// Snapshots as servers write them, small, with every record, type and encoding; and what becomes of them.
enum Snapshots {
    private static let alphabet: [UInt8] = ValueTarget.alphabet + (0...34).map { UInt8($0) } + (240...255).map { $0 }
    private static let lengths: [[UInt8]] = [
        [0x80, 0, 0, 0, 1], [0x80, 0xff, 0xff, 0xff, 0xff], [0x80, 0x20, 0, 0, 0], [0x80, 0x20, 0, 0, 1],
        [0x81, 0, 0, 0, 0, 0, 0, 0, 2], [0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0x81, 0x80, 0, 0, 0, 0, 0, 0, 0], [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0x81, 0, 0, 0, 4, 0, 0, 0, 1], [0x7f, 0xff], [0x82], [0xc3, 0x80, 0x7f, 0xff, 0xff, 0xff, 1],
    ]

    /// A valid one three times in ten, else one that was changed up to four times.
    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = valid(&random)
        if random.below(10) < 3 { return bytes }
        for _ in 0...random.below(3) {
            if random.once(in: 4) {
                let place = random.below(bytes.count + 1)
                let length = random.pick(lengths)
                bytes.replaceSubrange(place..<min(bytes.count, place + random.below(length.count + 1)), with: length)
            } else {
                Mutation.apply(to: &bytes, alphabet: alphabet, &random, other: valid)
            }
        }
        // Most of the time its checksum fits again, so that all of it is looked at as if it were whole.
        if random.below(4) != 0, bytes.count > 9 {
            let sum = bytes.dropLast(8).withUnsafeBytes { CRC64(of: $0).value }
            bytes.replaceSubrange((bytes.count - 8)..., with: withUnsafeBytes(of: sum.littleEndian) { Array($0) })
        }
        return bytes
    }

    private static let versions = [
        RDBVersion(.redis, 1), RDBVersion(.redis, 4), RDBVersion(.redis, 5), RDBVersion(.redis, 9),
        RDBVersion(.redis, 10), RDBVersion(.redis, 11), RDBVersion(.redis, 12), RDBVersion(.redis, 14),
        RDBVersion(.redis, 15), RDBVersion(.redis, 15), RDBVersion(.valkey, 80), RDBVersion(.valkey, 81),
    ]

    private static func valid(_ random: inout SeededGenerator) -> [UInt8] {
        let version = random.pick(versions)
        var writer = RDBWriter(version)
        func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { writer.body($0) } }
        for name in ["redis-ver", "ctime", "repl-id", "lua"] where random.once(in: 2) {
            writer.aux(name, random.once(in: 2) ? "8.2.3" : String(repeating: "a", count: random.below(80)))
        }
        let modules = (0..<random.below(3)).map { _ in moduleHead(&random) }
        for module in modules { write([247] + module + [2, UInt8(1 + random.below(2))] + moduleItems(&random)) }
        if random.once(in: 3) { write([245, 4] + Array("code".utf8)) }
        if random.once(in: 6), version.flavour == .valkey {
            write([243, 3, 97, 98, 99, 2, 0, 0x41, 0, 0x42, 0, 0x43, 0])
        }
        let templates = version.number == 15 ? (0..<random.below(3)).map { template($0, &random, &writer) } : []
        for database in 0..<random.below(4) {
            writer.select(database, size: random.once(in: 2) ? (random.below(70), random.below(5)) : nil)
            if random.once(in: 8) { write([244, 1, 2, 3]) }
            for _ in 0..<random.below(5) { key(&random, version, modules, templates, &writer) }
        }
        writer.end()
        var bytes: [UInt8] = []
        writer.take(into: &bytes)
        return bytes
    }

    /// A hash template, written; its fields.
    private static func template(
        _ number: Int, _ random: inout SeededGenerator, _ writer: inout RDBWriter
    ) -> [RDBHashField] {
        var own = SeededGenerator(seed: random.next())
        let fields = RandomValues(longest: 30) { own.below($0) }.hash(times: false)
        guard !fields.isEmpty else { return [] }
        var body = BodyWriter { own.below($0) }
        body.bytes.append(242)
        body.template(UInt64(number), fields)
        body.bytes.withUnsafeBytes { writer.body($0) }
        return fields
    }

    private static func key(
        _ random: inout SeededGenerator, _ version: RDBVersion, _ modules: [[UInt8]],
        _ templates: [[RDBHashField]], _ writer: inout RDBWriter
    ) {
        func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { writer.body($0) } }
        if random.once(in: 5) { write(random.pick([[252, 1, 2, 3, 4, 5, 6, 7, 0], [253, 1, 2, 3, 4]])) }
        if random.once(in: 5) { write(random.pick([[249, 255], [248, 0x7f, 0xff], [248, 0x80, 0, 1, 0, 0]])) }
        if random.once(in: 6), version.flavour == .redis {
            var metadata = BodyWriter()
            metadata.metadata([Array(repeating: 7, count: random.below(9))])
            write(metadata.bytes)
        }
        let name: [UInt8] = random.pick([
            [1, 97], [0], [0xc0, 200], [0xc1, 1, 2], [0xc2, 1, 2, 3, 4], [5, 1, 2, 3, 4, 5], [0x40, 2, 98, 99],
            [0xc3, 5, 20, 0, 97, 0xe0, 10, 0], [0x80, 0, 0, 0, 3, 1, 2, 3],
        ])
        if let module = modules.first, random.once(in: 4) { return write([7] + name + module + moduleItems(&random)) }
        var choices = SeededGenerator(seed: random.next())
        if version.number == 15, random.once(in: 3) {
            let number = random.below(max(1, templates.count))
            let fields = templates.isEmpty ? [] : templates[number]
            let type = UInt8(29 + random.below(4))
            var body = BodyWriter { choices.below($0) }
            body.hash(fields, apart: RDBType(rawValue: type), template: UInt64(number))
            return write([type] + name + body.bytes)
        }
        let (value, types) = RandomValues(longest: 100) { choices.below($0) }.value()
        let (type, flavour) = random.pick(types)
        // Of another family it is a broken file, or another type of this one; that is worth feeding as well.
        guard flavour == version.flavour || type.rawValue < 22 || random.once(in: 10) else {
            return write([0] + name + [0])
        }
        let body = value.body(type, flavour, BodyWriter { choices.below($0) })
        write([type.rawValue] + name + (body ?? []))
    }

    private static func moduleHead(_ random: inout SeededGenerator) -> [UInt8] {
        [0x81] + (0..<8).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private static func moduleItems(_ random: inout SeededGenerator) -> [UInt8] {
        let items: [[UInt8]] = [
            [1, 5], [2, 0x7f, 0xff], [3, 1, 2, 3, 4], [4, 1, 2, 3, 4, 5, 6, 7, 8], [5, 3, 97, 98, 99], [5, 0xc0, 1],
            [5, 0],
        ]
        return (0..<random.below(6)).flatMap { _ in random.pick(items) } + [0]
    }
}
