// JSON and hexadecimal digits, written by hand into a byte buffer.

extension [UInt8] {
    /// Appends text that is known at compile time.
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(text: String) {
        append(contentsOf: text.utf8)
    }

    /// Appends a JSON string with its quotes; `utf8` must be UTF-8, and all of it that need not be escaped is not.
    mutating func append(jsonString utf8: some Collection<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""): append(#"\""#)
            case UInt8(ascii: "\\"): append(#"\\"#)
            case UInt8(ascii: "\n"): append(#"\n"#)
            case UInt8(ascii: "\r"): append(#"\r"#)
            case UInt8(ascii: "\t"): append(#"\t"#)
            case 0x00..<0x20:
                append(#"\u00"#)
                append(hex: CollectionOfOne(byte))
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends two lowercase digits a byte.
    mutating func append(hex bytes: some Collection<UInt8>) {
        func digit(_ value: UInt8) -> UInt8 {
            value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
        for byte in bytes {
            append(digit(byte >> 4))
            append(digit(byte & 0xf))
        }
    }

    /// The bytes that `hex` spells in either case; nil unless it is pairs of hexadecimal digits and nothing else.
    init?(hex: String) {
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        self = []
        reserveCapacity(hex.utf8.count / 2)
        var high: UInt8?
        for digit in hex.utf8 {
            guard let value = value(digit) else { return nil }
            if let first = high {
                append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        guard high == nil else { return nil }
    }
}
