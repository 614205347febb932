import BulkheadRESP

/// The reply that is decoded, or whose value is encoded.
enum Kind: String, CaseIterable, Sendable {
    /// A bulk string, as GET answers.
    case bulk
    /// Ten bulk strings.
    case array
    /// An integer of four digits.
    case int
    /// Ten fields and their values, as HGETALL answers.
    case map
    /// A hundred packed vectors, as MGET answers.
    case floatVector = "float-vector"
    /// A hash of 10,000 fields, as HGETALL answers.
    case hash
    /// 1,000 entries of one field, as XREAD answers.
    case stream
    /// 1,000 keys, as SCAN answers.
    case scan

    static let vectors = 100
    static let fields = 10_000
    static let entries = 1_000
    static let keys = 1_000

    var defaultValueSize: Int {
        switch self {
        case .bulk, .hash, .stream: 100
        case .array, .map, .int: 10
        case .scan: 23
        case .floatVector: 1_536 * 4
        }
    }

    func value(number: Int, size: Int) -> RESPValue {
        func string(_ index: Int) -> RESPValue {
            let letter = UInt8(ascii: "a") + UInt8(truncatingIfNeeded: (number + index) % 26)
            return .bulkString(RESPBytes([UInt8](repeating: letter, count: size)))
        }
        switch self {
        case .bulk: return string(0)
        case .array: return .array((0..<10).map { string($0) })
        case .int: return .integer(Int64(1_000 + number % 9_000))
        case .map:
            return .map(RESPMap((0..<10).map { (.bulkString(RESPBytes("field:\($0)")), string($0)) }))
        case .floatVector: return .array((0..<Self.vectors).map { string($0) })
        case .hash:
            return .map(RESPMap((0..<Self.fields).map { (.bulkString(RESPBytes("field:\($0)")), string($0)) }))
        case .stream:
            let entries = (0..<Self.entries).map { index in
                let id = RESPValue.bulkString(RESPBytes("\(1_764_504_000_000 + index / 2)-\(index % 2)"))
                return RESPValue.array([id, .array([.bulkString("field"), string(index)])])
            }
            return .map(RESPMap([(.bulkString("stream"), .array(entries))]))
        case .scan: return .array([.bulkString("17"), .array((0..<Self.keys).map { string($0) })])
        }
    }
}

/// What is measured.
enum Mode: String, CaseIterable, Sendable {
    /// From the bytes to `RESPValue`.
    case decode
    /// The same bytes in the same chunks, copied and not looked at: the yardstick.
    case copy
    /// From the bytes to what a command of that reply returns: `[[Float]?]`, `[String: String]` …
    case convert
    /// Such a value from the same strings in one piece of memory, with nothing to read: what Swift's own values cost.
    case floor
    /// From `RESPValue` to the bytes.
    case encode
    /// A GET with a key of 20 bytes, as a client writes it.
    case command

    func fits(_ kind: Kind) -> Bool {
        switch self {
        case .decode, .copy, .encode: true
        case .convert, .floor: [.floatVector, .hash, .stream, .scan].contains(kind)
        case .command: kind == .bulk
        }
    }
}
