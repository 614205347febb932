/// An array of Redis 8.8: elements at places that need not follow each other.
///
/// ```
/// length, 0 or 1, 1: the place of the last insertion
/// as many times: place, and
///     0 or 3  a string
///     1       8 bytes: an integer, little-endian
///     2       8 bytes: a double, whose text has a point and no exponent
/// ```
///
/// Lengths, places and the small numbers are written as lengths. Known from what was published of it; read from no
/// server here.
package struct RDBArray: Sendable, Hashable {
    package struct Element: Sendable, Hashable {
        package var place: UInt64
        package var bytes: [UInt8]

        package init(place: UInt64, bytes: [UInt8]) {
            self.place = place
            self.bytes = bytes
        }
    }

    /// In the order of their places.
    package var elements: [Element]
    /// Where the last one was inserted without naming a place; `nil` for nowhere.
    package var insertedAt: UInt64?

    package init(elements: [Element], insertedAt: UInt64? = nil) {
        self.elements = elements
        self.insertedAt = insertedAt
    }

    static func decode(_ value: inout ValueReader) throws(RDBViolation) -> RDBArray {
        let count = try value.count(of: "elements of an array", bytesEach: 3)
        var array = RDBArray(elements: [])
        let unread = value.bytes
        switch try value.number() {
        case 0: break
        case 1: array.insertedAt = try value.number()
        case let flag: throw unread.malformed("an array says \(flag) where 0 or 1 tells whether it was inserted into")
        }
        array.elements.reserveCapacity(count)
        for _ in 0..<count {
            let unread = value.bytes
            let place = try value.number()
            guard array.elements.last.map({ $0.place < place }) ?? true, place < .max else {
                throw unread.malformed("the places of an array do not ascend")
            }
            array.elements.append(Element(place: place, bytes: try element(&value)))
        }
        return array
    }

    private static func element(_ value: inout ValueReader) throws(RDBViolation) -> [UInt8] {
        let unread = value.bytes
        switch try value.number() {
        case 0, 3: return try value.string()
        case 1: return try value.keep(Array(String(try value.bytes.littleEndian(Int64.self)).utf8)[...])
        case 2:
            let number = Double(bitPattern: try value.bytes.littleEndian(UInt64.self))
            guard number.isFinite else { throw unread.malformed("an element of an array is no finite number") }
            return try value.keep(Array(text(of: number).utf8)[...])
        case let way: throw unread.malformed("an element of an array has the unknown encoding \(way)")
        }
    }

    /// The shortest digits that give the number, with a point and without an exponent.
    static func text(of number: Double) -> String {
        let parts = "\(number)".split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(number)" }
        let sign = parts[0].hasPrefix("-") ? "-" : ""
        let digits = parts[0].filter(\.isNumber)
        let whole = parts[0].drop { $0 == "-" }.prefix { $0 != "." }.count + exponent
        if whole <= 0 { return sign + "0." + String(repeating: "0", count: -whole) + digits }
        if whole >= digits.count { return sign + digits + String(repeating: "0", count: whole - digits.count) + ".0" }
        return sign + digits.prefix(whole) + "." + digits.dropFirst(whole)
    }
}
