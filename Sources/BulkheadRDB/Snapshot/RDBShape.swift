// How to step over a value without understanding it: one table for people, and the program that is made of it.

/// A part of a value, as far as its length goes.
///
/// Source: `rdbLoadObject` in `src/rdb.c` of Redis 8.2 and of Valkey 9.1; the types 26 to 32 are of Redis 8.6 to 8.10,
/// known from what its makers published and read by no server here.
indirect enum RDBShape: Sendable {
    /// A string: its length or one of the special encodings, and its bytes.
    case string
    /// A number in the encoding of lengths.
    case length
    case bytes(Int)
    /// A score as text behind one byte of its length; 253 to 255 stand for NaN and the infinities.
    case score
    /// A length, and so many times what is in here.
    case each([RDBShape])
    /// A length that says how many times the next ``times`` is.
    case count
    /// The number of a template, which has as many fields as the next ``times`` is.
    case templateCount
    /// A string with a listpack, which has as many elements as the next ``times`` is.
    case listpackCount
    case times([RDBShape])
    /// A number from 0 on, and what follows for each.
    case choice([[RDBShape]])
    /// A module's opcodes up to 0: numbers, floats, doubles and strings.
    case moduleValue
}

/// One type of value in one family of servers.
struct RDBTypeRule: Sendable {
    let code: UInt8
    let kind: RDBKind
    let shape: [RDBShape]

    init(_ code: UInt8, _ kind: RDBKind, _ shape: RDBShape...) {
        self.init(code, kind, shape)
    }

    init(_ code: UInt8, _ kind: RDBKind, _ shape: [RDBShape]) {
        self.code = code
        self.kind = kind
        self.shape = shape
    }

    static func rules(of flavour: RDBVersion.Flavour) -> [RDBTypeRule] {
        common + (flavour == .redis ? redis : valkey)
    }

    private static let common: [RDBTypeRule] = [
        RDBTypeRule(0, .string, .string),
        RDBTypeRule(1, .list, .each([.string])),
        RDBTypeRule(2, .set, .each([.string])),
        RDBTypeRule(3, .zset, .each([.string, .score])),
        RDBTypeRule(4, .hash, .each([.string, .string])),
        RDBTypeRule(5, .zset, .each([.string, .bytes(8)])),
        RDBTypeRule(7, .module, .length, .moduleValue),
        RDBTypeRule(9, .hash, .string),  // zipmap
        RDBTypeRule(10, .list, .string),  // ziplist, as 12 and 13
        RDBTypeRule(11, .set, .string),  // intset
        RDBTypeRule(12, .zset, .string),
        RDBTypeRule(13, .hash, .string),
        RDBTypeRule(14, .list, .each([.string])),  // quicklist of ziplists
        RDBTypeRule(15, .stream, stream(1)),
        RDBTypeRule(16, .hash, .string),  // listpack, as 17 and 20
        RDBTypeRule(17, .zset, .string),
        RDBTypeRule(18, .list, .each([.length, .string])),  // quicklist of listpacks and plain nodes
        RDBTypeRule(19, .stream, stream(2)),
        RDBTypeRule(20, .set, .string),
        RDBTypeRule(21, .stream, stream(3)),
    ]

    // Hashes whose fields expire, and what came with Redis 8.6 and later.
    private static let redis: [RDBTypeRule] = [
        RDBTypeRule(22, .hash, .each([.length, .string, .string])),
        RDBTypeRule(23, .hash, .string),
        RDBTypeRule(24, .hash, .bytes(8), .each([.length, .string, .string])),
        RDBTypeRule(25, .hash, .bytes(8), .string),
        RDBTypeRule(26, .stream, stream(4)),
        RDBTypeRule(27, .stream, stream(5)),
        RDBTypeRule(
            28, .array, .count, .choice([[], [.length]]),  // where the next one is inserted
            .times([.length, .choice([[.string], [.bytes(8)], [.bytes(8)], [.string]])])),
        // Hashes with names in common: those and the values; 30 and 32 refer to a template of the file.
        RDBTypeRule(29, .hash, .choice([[.string], [.each([.string])]]), .string),
        RDBTypeRule(30, .hash, .string),
        RDBTypeRule(31, .hash, .choice([[.listpackCount], [.count, .times([.string])]]), .times([.string])),
        RDBTypeRule(32, .hash, .templateCount, .times([.string])),
    ]
    private static let valkey: [RDBTypeRule] = [
        RDBTypeRule(22, .hash, .each([.string, .string, .bytes(8)]))
    ]

    /// The layouts of a stream: of Redis 5.0, 7.0, 7.2, 8.6 and 8.8.
    private static func stream(_ layout: Int) -> [RDBShape] {
        let later = layout > 1
        let length = RDBShape.length
        let ownedPending = RDBShape.each([.bytes(16)])
        let consumer: [RDBShape] = [.string, .bytes(layout > 2 ? 16 : 8), ownedPending]
        let pending = RDBShape.each([.bytes(16 + 8), length])
        let released: [RDBShape] = layout > 4 ? [.each([.bytes(16)])] : []
        let group = [.string, length, length] + (later ? [length] : []) + [pending, .each(consumer)] + released
        let counters = Array(repeating: length, count: later ? 3 + 5 : 3)
        let producer: [RDBShape] = [.string, .each([.string, length, length])]
        let producers: [RDBShape] = layout > 3 ? [length, length, .each(producer), length, length] : []
        return [.each([.string, .string])] + counters + [.each(group)] + producers
    }
}
