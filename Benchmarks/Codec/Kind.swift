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

    static let vectors = 100

    var defaultValueSize: Int {
        switch self {
        case .bulk: 100
        case .array, .map, .int: 10
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
        }
    }
}

/// What is measured.
enum Mode: String, CaseIterable, Sendable {
    /// From the bytes to `RESPValue`.
    case decode
    /// The same bytes in the same chunks, copied and not looked at: the yardstick.
    case copy
    /// From the bytes to `[[Float]]`.
    case convert
    /// From `RESPValue` to the bytes.
    case encode
    /// A GET with a key of 20 bytes, as a client writes it.
    case command

    func fits(_ kind: Kind) -> Bool {
        switch self {
        case .decode, .copy, .encode: true
        case .convert: kind == .floatVector
        case .command: kind == .bulk
        }
    }
}
