import Bulkhead
import BulkheadRDB
import BulkheadRDBBodies

/// A key of every type with what is at its edges, filled by commands, the same ones each time.
extension LiveServer {
    /// Texts of integers at every width, strings at every length that changes how they are written, and bytes.
    static let strings: [[UInt8]] =
        RandomValues.integers.map { bytes(String($0)) }
        + [
            [], bytes("a"), bytes("-0"), bytes("+1"), bytes("01"), bytes("9223372036854775808"), bytes("1.5"),
            Array(0...255), Array(repeating: 7, count: 63), Array(repeating: 8, count: 64),
            Array(repeating: 9, count: 4_095), Array(repeating: 10, count: 4_096), Array(repeating: 11, count: 20_000),
            (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 / 7) },
        ]

    static let scores = [
        "0", "-0", "1", "-1", "0.1", "-0.1", "1e300", "-1e-300", "inf", "-inf", "9007199254740993", "3.141592653589793",
        "1.7976931348623157e308", "5e-324", "127", "128", "-129", "40000", "1e17", "123456789012345680000",
    ]

    /// Milliseconds far in the future, and of a delivery in the past.
    static let later: Int64 = 4_102_444_800_000
    static let delivered: Int64 = 1_700_000_000_000

    /// The names of the keys, without the prefix.
    @discardableResult
    func fill(_ prefix: String) throws -> [String] {
        var keys: [String] = []
        func key(_ name: String) -> String {
            keys.append(name)
            return prefix + name
        }
        for (place, string) in Self.strings.enumerated() { try call("SET", key("string\(place)"), string) }
        try call("RPUSH", arguments: [key("list")] + Self.strings)
        try call("RPUSH", arguments: [key("longlist")] + (0..<2_000).map { "element \($0 % 100)" })
        try call("SADD", arguments: [key("set")] + Self.strings)
        try call("SADD", arguments: [key("texts"), "a", "b", "12", "-70000", ""])
        for (name, width) in [("narrow", 15), ("middle", 31), ("wide", 63)] {
            let integers = RandomValues.integers.filter { abs($0 / 2) < 1 << (width - 1) }
            try call("SADD", arguments: [key(name)] + integers)
        }
        let pairs = Self.scores.enumerated().flatMap { [$0.element, "member\($0.offset)"] }
        try call("ZADD", arguments: [key("scores")] + pairs)
        try call("ZADD", arguments: [key("zset")] + Self.strings.flatMap { ["1.5" as any RedisArgument, $0] })
        try call("HSET", arguments: [key("hash"), "a", "1", "b", "", "", "-5"])
        try call("HSET", arguments: [key("longhash")] + Self.strings.flatMap { [$0, $0] })
        if hasFieldTimes {
            for name in ["times", "longtimes"] {
                let fields = name == "times" ? ["a", "b", "c"] : (0..<300).map { "field\($0)" }
                try call("HSET", arguments: [key(name)] + fields.flatMap { [$0, "1"] })
                try call("HPEXPIREAT", prefix + name, Self.later, "FIELDS", 1, fields[0])
                try call("HPEXPIREAT", prefix + name, Self.later + 12_345, "FIELDS", 1, fields[2])
            }
        }
        try fillStreams(prefix, key)
        if isRedis8 {
            for (name, options) in [("int8", []), ("noquant", ["NOQUANT"]), ("binary", ["BIN"])] {
                _ = key(name)
                for element in 0..<30 {
                    let numbers = (0..<5).map { "\(Double((element * 7 + $0 * 3) % 11) - 4.5)" }
                    try call(
                        "VADD", arguments: [prefix + name, "VALUES", 5] + numbers + ["e\(element)"] + options)
                }
                try call("VSETATTR", prefix + name, "e3", #"{"year": 1984}"#)
            }
        }
        return keys
    }

    private func fillStreams(_ prefix: String, _ key: (String) -> String) throws {
        let stream = key("stream")
        for (place, string) in Self.strings.enumerated() {
            let own = place % 5 == 4 ? ["other", "x", "", string] as [any RedisArgument] : ["field", string]
            try call("XADD", arguments: [stream, "\(1_000 + place / 3)-\(place)"] + own)
        }
        try call("XDEL", stream, "1000-1", "1002-6")
        try call("XGROUP", "CREATE", stream, "group", 0)
        try call("XGROUP", "CREATE", stream, "idle", "$")
        try call("XREADGROUP", "GROUP", "group", "c1", "COUNT", 5, "STREAMS", stream, ">")
        try call("XREADGROUP", "GROUP", "group", "c2", "COUNT", 2, "STREAMS", stream, ">")
        try call("XGROUP", "CREATECONSUMER", stream, "group", "nothing")
        try call("XACK", stream, "group", "1000-2")
        // The time of delivery is that of the call, unless it is told.
        for (id, consumer, count) in [
            ("1000-0", "c1", 3), ("1001-3", "c1", 1), ("1001-4", "c1", 1), ("1001-5", "c1", 1), ("1002-7", "c2", 2),
            ("1002-8", "c1", 9),
        ] {
            try call(
                "XCLAIM", stream, "group", consumer, 0, id, "TIME", Self.delivered + Int64(count), "RETRYCOUNT", count)
        }
        // Pending, and deleted since.
        try call("XDEL", stream, "1001-4")
        try call("XADD", key("emptied"), "5-5", "a", "1")
        try call("XDEL", prefix + "emptied", "5-5")
        try call("XADD", key("moved"), "5-5", "a", "1")
        let more = has(redis: 7, 0) ? ["ENTRIESADDED", "70", "MAXDELETEDID", "6-1"] : []
        try call("XSETID", arguments: [prefix + "moved", "7-7"] + more)
        let script = "for i = 1, 15000 do redis.call('XADD', KEYS[1], i .. '-0', 'f', i) end"
        try call("EVAL", script, 1, key("longstream"))
    }

    /// From now on values are written with as little packing as the server can.
    func unpack() throws {
        for (name, value) in [
            ("hash-max-ziplist-entries", "0"), ("zset-max-ziplist-entries", "0"), ("set-max-intset-entries", "0"),
            ("list-max-ziplist-size", "4"), ("list-compress-depth", "1"), ("stream-node-max-entries", "3"),
        ] {
            try call("CONFIG", "SET", name, value)
        }
        if has(redis: 7, 2) { try call("CONFIG", "SET", "set-max-listpack-entries", "0") }
        if mayDebug && has(redis: 7, 0) { try call("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "300b") }
    }

    /// From now on values are packed as much as the server can: in nodes of any size.
    func pack() throws {
        for (name, value) in [
            ("hash-max-ziplist-entries", "100000"), ("zset-max-ziplist-entries", "100000"),
            ("hash-max-ziplist-value", "100000"), ("zset-max-ziplist-value", "100000"),
            ("list-max-ziplist-size", "-5"), ("stream-node-max-entries", "0"), ("stream-node-max-bytes", "0"),
        ] {
            try call("CONFIG", "SET", name, value)
        }
        if has(redis: 7, 2) {
            try call("CONFIG", "SET", "set-max-listpack-entries", "100000")
            try call("CONFIG", "SET", "set-max-listpack-value", "100000")
        }
    }
}
