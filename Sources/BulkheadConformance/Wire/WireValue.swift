/// One value as it stands on the wire. Unlike a decoded reply it keeps its type byte, and which of the nulls it is.
package struct WireValue: Sendable, Hashable {
    /// The first byte: `+`, `$`, `%` …
    package let type: UInt8
    /// The line behind the type, or the body of a string.
    package var text: [UInt8] = []
    /// Elements; keys and values in turn for a map. Of an attribute its keys and values, then the value it is about.
    package var elements: [WireValue] = []
    /// `$-1`, `*-1` or `_`.
    package var isNull = false

    package init(type: UInt8, text: [UInt8] = [], elements: [WireValue] = [], isNull: Bool = false) {
        self.type = type
        self.text = text
        self.elements = elements
        self.isNull = isNull
    }
}

/// Bytes that are no RESP: what is wrong with them.
package struct WireViolation: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

/// Reads values off received bytes.
///
/// It is not the client's decoder, which takes all that is harmless: a judge of servers accepts what the specification
/// says and no more.
package struct WireReader {
    private let bytes: [UInt8]
    /// The first byte that has not been read.
    package private(set) var position: Int
    private static let deepest = 64
    static let types = Array("+-:$*_,#!=(~%>|".utf8)
    /// Bytes of a string, and elements of an aggregate.
    static let longest = 1 << 30
    static let most = 1 << 28

    package init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The next value; nil if it is not whole yet, and `position` stays where it was.
    package mutating func next() throws(WireViolation) -> WireValue? {
        let start = position
        if let value = try value(depth: 0) { return value }
        position = start
        return nil
    }

    private mutating func value(depth: Int) throws(WireViolation) -> WireValue? {
        guard depth < Self.deepest else { throw WireViolation(description: "values nest too deeply") }
        guard position < bytes.count else { return nil }
        let type = bytes[position]
        guard Self.types.contains(type) else {
            throw WireViolation(description: "no type of RESP begins with the byte \(type)")
        }
        position += 1
        guard let line = try line() else { return nil }
        switch type {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ","): return WireValue(type: type, text: line)
        case UInt8(ascii: ":"):
            guard Self.integer(line) != nil else { throw WireViolation(description: "a malformed integer") }
            return WireValue(type: type, text: line)
        case UInt8(ascii: "("):
            let digits = line.first == UInt8(ascii: "-") ? line.dropFirst() : line[...]
            guard !digits.isEmpty, digits.allSatisfy(Self.isDigit) else {
                throw WireViolation(description: "a malformed big number")
            }
            return WireValue(type: type, text: line)
        case UInt8(ascii: "#"):
            guard line == [UInt8(ascii: "t")] || line == [UInt8(ascii: "f")] else {
                throw WireViolation(description: "a malformed boolean")
            }
            return WireValue(type: type, text: line)
        case UInt8(ascii: "_"):
            guard line.isEmpty else { throw WireViolation(description: "a null with content") }
            return WireValue(type: type, isNull: true)
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="): return try string(type, header: line)
        default: return try aggregate(type, header: line, depth: depth)
        }
    }

    private mutating func string(_ type: UInt8, header: [UInt8]) throws(WireViolation) -> WireValue? {
        guard let length = Self.integer(header), length >= -1, length <= Self.longest else {
            throw WireViolation(description: "a malformed length")
        }
        if length == -1 {
            guard type == UInt8(ascii: "$") else { throw WireViolation(description: "a malformed length") }
            return WireValue(type: type, isNull: true)
        }
        guard bytes.count - position >= length + 2 else { return nil }
        let body = Array(bytes[position..<(position + length)])
        guard bytes[position + length] == UInt8(ascii: "\r"), bytes[position + length + 1] == UInt8(ascii: "\n") else {
            throw WireViolation(description: "a string that CR LF does not end")
        }
        if type == UInt8(ascii: "="), body.count < 4 || body[3] != UInt8(ascii: ":") {
            throw WireViolation(description: "a verbatim string without its format")
        }
        position += length + 2
        return WireValue(type: type, text: body)
    }

    private mutating func aggregate(
        _ type: UInt8, header: [UInt8], depth: Int
    ) throws(WireViolation) -> WireValue? {
        guard let count = Self.integer(header), count >= -1, count <= Self.most else {
            throw WireViolation(description: "a malformed count")
        }
        if count == -1 {
            guard type == UInt8(ascii: "*") else { throw WireViolation(description: "a malformed count") }
            return WireValue(type: type, isNull: true)
        }
        let isPaired = type == UInt8(ascii: "%") || type == UInt8(ascii: "|")
        var left = isPaired ? count * 2 : count
        if type == UInt8(ascii: "|") { left += 1 }
        var elements: [WireValue] = []
        elements.reserveCapacity(min(left, 1 << 16))
        while left > 0 {
            guard let element = try value(depth: depth + 1) else { return nil }
            elements.append(element)
            left -= 1
        }
        return WireValue(type: type, elements: elements)
    }

    private mutating func line() throws(WireViolation) -> [UInt8]? {
        var end = position
        while end < bytes.count, bytes[end] != UInt8(ascii: "\r") {
            if bytes[end] == UInt8(ascii: "\n") { throw WireViolation(description: "a line with LF and no CR") }
            end += 1
        }
        guard end + 1 < bytes.count else { return nil }
        guard bytes[end + 1] == UInt8(ascii: "\n") else { throw WireViolation(description: "CR without LF") }
        defer { position = end + 2 }
        return Array(bytes[position..<end])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// A decimal number as servers write it: no plus sign, no leading zeros.
    static func integer(_ text: [UInt8]) -> Int? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text[...]
        guard let first = digits.first, digits.allSatisfy(isDigit) else { return nil }
        if first == UInt8(ascii: "0"), digits.count > 1 || isNegative { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }
}

extension WireValue: CustomStringConvertible {
    /// As patterns are written, without line breaks.
    package var description: String {
        let sign = String(UnicodeScalar(type))
        if isNull { return type == UInt8(ascii: "_") ? "_" : "\(sign)-1" }
        switch type {
        case UInt8(ascii: "$"): return WireText.quoted(text)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "="):
            return sign + WireText.quoted(text)
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "#"), UInt8(ascii: "("):
            return sign + String(decoding: text, as: UTF8.self)
        default:
            let prefix = type == UInt8(ascii: "*") ? "" : sign
            return prefix + "[" + elements.map(\.description).joined(separator: " ") + "]"
        }
    }
}

/// Bytes as they stand in reports.
package enum WireText {
    private static let longest = 400

    /// Printable ASCII as it is and all else escaped, with the middle of long texts left out.
    package static func escaped(_ bytes: some Collection<UInt8>) -> String {
        guard bytes.count > longest else { return bytes.reduce(into: "") { $0 += escaped($1) } }
        let left = bytes.count - longest
        return escaped(bytes.prefix(longest / 2)) + "…(\(left) bytes)…" + escaped(bytes.suffix(longest / 2))
    }

    static func quoted(_ bytes: some Collection<UInt8>) -> String { "\"" + escaped(bytes) + "\"" }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\r"): "\\r"
        case UInt8(ascii: "\n"): "\\n"
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        case 0x20..<0x7F: String(UnicodeScalar(byte))
        default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
