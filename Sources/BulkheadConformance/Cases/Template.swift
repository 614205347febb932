/// Bytes of a case, some of which are known only when it runs: `{k}`, `{db}`, `{rep 1000 x}`, `{bytes}`.
package struct Template: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        case bytes([UInt8])
        /// A captured value, a database that was given, or else the name of a key.
        case variable(String)
        case repeated(count: Int, byte: UInt8)
        /// All 256 bytes in their order.
        case everyByte
    }

    var parts: [Part] = []

    init() {}

    init(_ bytes: [UInt8]) {
        parts = bytes.isEmpty ? [] : [.bytes(bytes)]
    }

    mutating func append(_ byte: UInt8) {
        if case .bytes(var bytes) = parts.last {
            bytes.append(byte)
            parts[parts.count - 1] = .bytes(bytes)
        } else {
            parts.append(.bytes([byte]))
        }
    }

    /// The names in it that are not known before a case runs.
    var variables: [String] {
        parts.compactMap { part in
            if case .variable(let name) = part { name } else { nil }
        }
    }

    func bytes(_ value: (String) -> [UInt8]) -> [UInt8] {
        parts.reduce(into: []) { bytes, part in
            switch part {
            case .bytes(let literal): bytes += literal
            case .variable(let name): bytes += value(name)
            case .repeated(let count, let byte): bytes += [UInt8](repeating: byte, count: count)
            case .everyByte: bytes += 0...255
            }
        }
    }
}
