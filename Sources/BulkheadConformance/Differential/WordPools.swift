/// What a word of a command is.
enum WordKind: Int, Sendable, CaseIterable {
    // Keys.
    case string, counter, bits, list, set, hash, zset, stream, hll, geo, any
    // Everything else.
    case value, integer, float, index, count, positive, offset, member, field, score, low, high, lexlow, lexhigh
    case bit, width, place, pattern, db, unit, radius, longitude, latitude, group, consumer, script, conversion
    case id, newid, newms, from, to, seconds, fieldseconds, milliseconds, at, atms
    /// Keys of sorted sets whose scores are all 0, and of nothing else: the order by bytes is undefined elsewhere.
    case lex
    case finite
    /// 0 or 1.
    case binary

    var isKey: Bool {
        switch self {
        case .string, .counter, .bits, .list, .set, .hash, .zset, .stream, .hll, .geo: true
        default: false
        }
    }

    /// As forms have it between braces.
    var name: String { self == .binary ? "01" : String(describing: self) }

    init?(named name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}

/// The words that commands are made of: few, so that commands meet.
struct WordPools {
    /// By the place of the kind.
    private(set) var words = [[[UInt8]]](repeating: [], count: WordKind.allCases.count)
    private(set) var keys: [[UInt8]] = []
    let counts: [[UInt8]] = (0...4).map { FormReader.wire(Array(String($0).utf8)) }

    init(prefix: String, databases: [Int]) {
        let numbers: [(WordKind, Int)] = [
            (.string, 4), (.counter, 2), (.bits, 3), (.list, 3), (.set, 4), (.hash, 3), (.zset, 4), (.stream, 2),
            (.hll, 3), (.geo, 2),
        ]
        for (kind, count) in numbers {
            let names = (0..<count).map { Array("\(prefix)\(kind.name)\($0)".utf8) }
            keys += names.map(FormReader.wire)
            words[kind.rawValue] = names.map(FormReader.wire)
        }
        for (kind, texts) in Self.texts { words[kind.rawValue] = texts.map { FormReader.wire(Array($0.utf8)) } }
        words[WordKind.lex.rawValue] = (0..<2).map { FormReader.wire(Array("\(prefix)lex\($0)".utf8)) }
        words[WordKind.db.rawValue] = databases.map { FormReader.wire(Array(String($0).utf8)) }
        let odd: [[UInt8]] = [
            Array(0...255), [0], [0xFF, 0xFE, 13, 10], [UInt8](repeating: 120, count: 200),
            [UInt8](repeating: UInt8(ascii: "7"), count: 70),
        ]
        words[WordKind.value.rawValue] += odd.map(FormReader.wire)
    }

    private static let small = (-3...9).map(String.init)
    private static let edges = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "4294967296", "-1", "1.5", "x", "", "01",
        " 1", "+1",
    ]

    private static let texts: [WordKind: [String]] = [
        .value: small + [
            "", "a", "b", "c", "hello", "Hello, world", "3.0", "0.1", "10", "100", "1e3", "ä", "ohmytext",
        ],
        .integer: small + small + small + ["10", "-10", "127", "255", "1000", "65536"] + edges,
        .float: ["1", "0.5", "-0.5", "3", "1e2", "0.1", "10.25", "-2", "inf", "x", "nan", "1e-5", "123456789.125"],
        .finite: ["1", "0.5", "-0.5", "3", "1e2", "10.25", "-2", "x"],
        .index: small + small + ["-1", "-2", "0", "0", "10", "100", "-100", "x"],
        .count: small + ["1", "1", "2", "2", "3", "100", "x"],
        .positive: ["1", "2", "3", "10", "100"],
        .offset: ["0", "0", "1", "2", "3", "5", "10", "60", "-1", "x"],
        .member: ["a", "b", "c", "d", "e", "f", "aa", "ab", "1", "2", "3", "10", "-5", "", "member:with:colons", "ä"],
        .field: ["f", "g", "h", "i", "1", "2", "name", "", "a longer name of a field"],
        .score: small + ["1.5", "2.5", "0.1", "-0.5", "3.1", "1e3", "1e20", "inf", "-inf", "+inf", "x", "1e-7"],
        .low: ["-inf", "-inf", "0", "(0", "1", "(1", "-5", "2.5", "(inf", "x"],
        .high: ["+inf", "+inf", "inf", "10", "(10", "3", "(3", "1.5", "(-inf", ""],
        .lexlow: ["-", "-", "[a", "(a", "[b", "(aa", "+", "x", "["],
        .lexhigh: ["+", "+", "[c", "(d", "[f", "(ab", "-", "", "[zz"],
        .bit: (0...9).map(String.init) + ["15", "16", "31", "64", "100", "799", "-1", "x", "4294967296"],
        .width: ["u1", "u4", "u8", "u16", "u32", "u63", "i1", "i5", "i8", "i32", "i64", "u64", "i65", "x"],
        .place: ["0", "1", "5", "8", "31", "100", "#0", "#1", "#2", "-1", "#x"],
        .pattern: ["*", "*", "s*", "*0", "?*1", "[a-l]*", "[^s]*", "f", "\\*", "", "*t*"],
        .unit: ["m", "km", "ft", "mi", "x"],
        .radius: ["100", "1000", "5000", "20000", "0", "-1", "1e6", "x"],
        .group: ["g1", "g1", "g1", "g2", "g3"],
        .consumer: ["c1", "c1", "c2", ""],
        .binary: ["0", "1", "1"],
        .from: ["-", "-", "0", "5", "20-1", "(20-1", "x"],
        .to: ["+", "+", "100", "40-0", "(40-1", "9999999", ""],
        .script: [
            "return redis.call('INCRBY', KEYS[1], ARGV[1])", "return redis.call('APPEND', KEYS[1], ARGV[2])",
            "redis.call('SET', KEYS[1], ARGV[2]) return redis.call('GET', KEYS[1])",
            "return redis.pcall('LPUSH', KEYS[1], ARGV[1])", "return {KEYS[1], ARGV[1], #ARGV}",
            "return redis.call('TYPE', KEYS[1])", "return redis.call('TYPE', KEYS[1])['ok']",
            "return redis.error_reply('MINE ' .. ARGV[1])", "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])",
            "return redis.call('RPUSH', KEYS[1], ARGV[1], ARGV[2])",
            "redis.setresp(3) return redis.call('GET', KEYS[1])", "return redis.call('GET', KEYS[1])",
            "return redis.call('NOSUCHCOMMAND', KEYS[1])",
            "redis.call('RPUSH', KEYS[1], ARGV[1]) return redis.call('LRANGE', KEYS[1], 0, -1)",
            "local v = redis.pcall('INCR', KEYS[1]) return type(v)",
        ],
        .conversion: [
            "return 3.99", "return {1, 2, nil, 4}", "return false", "return true", "return {ok = 'fine'}",
            "return {err = 'MINE wrong'}", "return cjson.encode({1, 2, {a = 1}})",
            "return cjson.encode(cjson.decode('{\"a\":[1,2.5,null]}'))",
            "return cmsgpack.unpack(cmsgpack.pack({1, 'x', {2}}))", "return struct.pack('>I2', 258)",
            "return bit.bxor(5, 3)", "return redis.sha1hex('x')", "return tostring(1 / 3)", "return {double = 3.5}",
            "return {map = {a = 1}}", "redis.setresp(3) return {double = 3.5}",
            "redis.setresp(3) return {map = {a = 1}}", "redis.setresp(3) return {set = {a = true}}",
            "redis.setresp(3) return true", "return string.format('%.17g', 0.1)", "return math.floor(-3.5)",
            "return #KEYS", "error('x')", "return redis.call('PING')", "return _VERSION", "return nosuch",
            "return {{1, {2}}, 'x'}", "return redis.status_reply('fine')", "x = 1", "return -0.5", "return",
        ],
    ]
}
