extension RESPEncoder {
    /// Appends a whole value, as a server would send it to a client of that version.
    ///
    /// RESP2 has fewer types: maps become flat arrays, sets and pushes arrays, doubles, big numbers and verbatim
    /// strings bulk strings, booleans 1 and 0; attributes are left out. CR and LF in simple strings and errors
    /// become spaces.
    public mutating func value(_ value: RESPValue, version: RESPVersion = .resp3) {
        var open: [Open] = []
        begin(value, version, &open)
        while var last = open.popLast() {
            let depth = open.count
            while last.position < last.elements.count {
                let element = last.elements[last.position]
                last.position += 1
                begin(element, version, &open)
                if open.count > depth {
                    // Below what the element left.
                    open.insert(last, at: depth)
                    break
                }
            }
        }
    }

    /// Elements of which the first `position` are written.
    private struct Open {
        let elements: RESPArray
        var position = 0
    }

    /// Writes a value that holds nothing, or the header of one that does; what it holds is then `open`.
    private mutating func begin(_ value: RESPValue, _ version: RESPVersion, _ open: inout [Open]) {
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
        case .array(let elements): begin(UInt8(ascii: "*"), elements, &open)
        case .set(let elements): begin(UInt8(ascii: isRESP3 ? "~" : "*"), elements, &open)
        case .push(let elements): begin(UInt8(ascii: isRESP3 ? ">" : "*"), elements, &open)
        case .map(let map):
            if isRESP3 {
                begin(pairs: UInt8(ascii: "%"), map, &open)
            } else {
                begin(UInt8(ascii: "*"), map.flat, &open)
            }
        case .attribute(let attributed):
            open.append(Open(elements: attributed.parts, position: 1))
            if isRESP3 { begin(pairs: UInt8(ascii: "|"), attributed.attributes, &open) }
        }
    }

    private mutating func string(_ type: UInt8, _ content: RESPBytes) {
        content.withUnsafeBytes { string(type, $0) }
    }

    private mutating func begin(_ type: UInt8, _ elements: RESPArray, _ open: inout [Open]) {
        header(type, elements.count)
        open.append(Open(elements: elements))
    }

    private mutating func begin(pairs type: UInt8, _ map: RESPMap, _ open: inout [Open]) {
        header(type, map.count)
        open.append(Open(elements: map.flat))
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
