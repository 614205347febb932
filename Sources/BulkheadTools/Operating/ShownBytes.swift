import BulkheadConsole

/// Bytes of a key as people and JSON can read them, without a byte that a terminal would obey.
package struct ShownBytes: Sendable, Hashable, Encodable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// As it is where it is plain text; else with `\n`, `\\`, `\"` and `\xff` for what is not, in quotes.
    package var description: String {
        let whole = String(validating: bytes, as: UTF8.self)
        if let whole, !whole.isEmpty, whole.unicodeScalars.allSatisfy(Self.isPlain) { return whole }
        var text = "\""
        var rest = bytes[...]
        while let byte = rest.first {
            let scalar = Self.firstScalar(of: rest)
            switch byte {
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\t"): text += "\\t"
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
            case _ where scalar.map { $0.value == 0x20 || Self.isPlain($0) } == true:
                text.unicodeScalars.append(scalar!)
                rest = rest.dropFirst(UTF8.width(scalar!))
                continue
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            rest = rest.dropFirst()
        }
        return text + "\""
    }

    /// The description in one line of a screen, behind so many columns; whole into a pipe.
    func line(on screen: Screen, behind indent: Int) -> String {
        screen.columns.map { shortened(to: $0 - indent) } ?? description
    }

    /// At most so many columns of the description, with `…` for what is left out.
    package func shortened(to length: Int) -> String {
        let text = description
        return text.columns <= length ? text : text.prefix(columns: length - 1) + "…"
    }

    /// In JSON: a string where the bytes are UTF-8, else an object `{"hex": "00ff"}`.
    package func encode(to encoder: any Encoder) throws {
        if let text = String(validating: bytes, as: UTF8.self) {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        } else {
            var digits: [UInt8] = []
            digits.append(hex: bytes)
            var container = encoder.container(keyedBy: HexKey.self)
            try container.encode(String(decoding: digits, as: UTF8.self), forKey: .hex)
        }
    }

    private enum HexKey: String, CodingKey { case hex }

    /// What a terminal shows and does not obey, and what quotes need not keep together.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value > 0x20, scalar != "\"", scalar != "\\" else { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    private static func firstScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.prefix(4).makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
        return nil
    }
}
