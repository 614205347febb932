/// The two versions of the protocol.
public enum RESPVersion: Int, Sendable, Hashable {
    case resp2 = 2
    case resp3 = 3
}

extension RESPEncoder {
    /// Appends a whole value, as a server would send it to a client of that version.
    ///
    /// RESP2 has fewer types: maps become flat arrays, sets and pushes arrays, doubles, big numbers and verbatim
    /// strings bulk strings, booleans 1 and 0; attributes are left out. CR and LF in simple strings and errors
    /// become spaces.
    public mutating func value(_ value: RESPValue, version: RESPVersion = .resp3) {
        let isRESP3 = version == .resp3
        switch value {
        case .simpleString(let text): line(UInt8(ascii: "+"), text)
        case .error(let text): line(UInt8(ascii: "-"), text)
        case .integer(let number): header(UInt8(ascii: ":"), Int(number))
        case .bulkString(let content): string(UInt8(ascii: "$"), content)
        case .bulkError(let text):
            if isRESP3 { string(UInt8(ascii: "!"), text) } else { line(UInt8(ascii: "-"), text) }
        case .null:
            if isRESP3 { line(UInt8(ascii: "_"), []) } else { header(UInt8(ascii: "$"), -1) }
        case .boolean(let isTrue):
            if isRESP3 {
                line(UInt8(ascii: "#"), [UInt8(ascii: isTrue ? "t" : "f")])
            } else {
                header(UInt8(ascii: ":"), isTrue ? 1 : 0)
            }
        case .double(let number):
            let text = number.respText
            if isRESP3 { line(UInt8(ascii: ","), text.utf8) } else { argument(text) }
        case .bigNumber(let digits):
            if isRESP3 { line(UInt8(ascii: "("), digits) } else { string(UInt8(ascii: "$"), digits) }
        case .verbatimString(let verbatim):
            if isRESP3 {
                string(UInt8(ascii: "="), verbatim.whole)
            } else {
                string(UInt8(ascii: "$"), verbatim.content)
            }
        case .array(let elements): aggregate(UInt8(ascii: "*"), elements, version)
        case .set(let elements): aggregate(UInt8(ascii: isRESP3 ? "~" : "*"), elements, version)
        case .push(let elements): aggregate(UInt8(ascii: isRESP3 ? ">" : "*"), elements, version)
        case .map(let map): pairs(UInt8(ascii: "%"), map, version)
        case .attribute(let map, let inner):
            if isRESP3 { pairs(UInt8(ascii: "|"), map, version) }
            self.value(inner, version: version)
        }
    }

    private mutating func string(_ type: UInt8, _ content: RESPBytes) {
        content.withUnsafeBytes { string(type, $0) }
    }

    private mutating func aggregate(_ type: UInt8, _ elements: [RESPValue], _ version: RESPVersion) {
        header(type, elements.count)
        for element in elements { value(element, version: version) }
    }

    private mutating func pairs(_ type: UInt8, _ map: RESPMap, _ version: RESPVersion) {
        guard version == .resp3 else { return aggregate(UInt8(ascii: "*"), map.flat, version) }
        header(type, map.count)
        for element in map.flat { value(element, version: version) }
    }
}

extension Double {
    /// The shortest text that reads back as the same number, in RESP3's grammar: `10`, `3.14`, `1e+100`, `inf`, `nan`.
    public var respText: String {
        if isNaN { return "nan" }
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        let text = description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
